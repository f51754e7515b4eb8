// Package librdkafka calls functions of the C library that the peer's Go package does not pass on. The library itself
// comes into the program with the peer's package, which links it.
package librdkafka

/*
#include <stddef.h>
#include <stdint.h>

// Declared as in rdkafka.h, but weak: cgo's own trial link of this package knows nothing of the peer's library.
#define PARTITIONER(name) \
	__attribute__((weak)) int32_t rd_kafka_msg_partitioner_##name(const void *topic, const void *key, size_t len, \
	                                                              int32_t partitions, void *a, void *b); \
	static int32_t name(const void *key, size_t len, int32_t partitions) { \
		return rd_kafka_msg_partitioner_##name(NULL, key, len, partitions, NULL, NULL); \
	}

PARTITIONER(consistent)
PARTITIONER(murmur2)
PARTITIONER(fnv1a)
*/
import "C"

import (
	"unsafe"

	_ "github.com/confluentinc/confluent-kafka-go/v2/kafka" // links librdkafka
)

// The partitioners that look at the key only. Those whose names end in random choose like these where there is a key.

// Consistent is the partition that partitioner=consistent chooses.
func Consistent(key []byte, partitions int32) int32 {
	p, n := keyOf(key)
	return int32(C.consistent(p, n, C.int32_t(partitions)))
}

// Murmur2 is the partition that partitioner=murmur2 chooses.
func Murmur2(key []byte, partitions int32) int32 {
	p, n := keyOf(key)
	return int32(C.murmur2(p, n, C.int32_t(partitions)))
}

// FNV1a is the partition that partitioner=fnv1a chooses.
func FNV1a(key []byte, partitions int32) int32 {
	p, n := keyOf(key)
	return int32(C.fnv1a(p, n, C.int32_t(partitions)))
}

func keyOf(key []byte) (unsafe.Pointer, C.size_t) {
	return unsafe.Pointer(unsafe.SliceData(key)), C.size_t(len(key))
}
