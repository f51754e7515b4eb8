package parity

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/purego-kafka/kafka/parity/internal/librdkafka"
)

// TestPartitionerVectors keeps testdata/partitioner.tsv of the root module equal to what librdkafka computes. The root's
// TestPartitionerVectors reads it, so that our functions are checked hash for hash with no C compiler about.
func TestPartitionerVectors(t *testing.T) {
	var out bytes.Buffer
	out.WriteString("key\tpartitions\tconsistent\tmurmur2\tfnv1a\n")
	for i, key := range partitionerKeys() {
		n := int32(1 + i%1024)
		if i%10 == 9 {
			n = math.MaxInt32 // the hash itself, but for its highest bit
		}
		fmt.Fprintf(&out, "%s\t%d\t%d\t%d\t%d\n", keyText(key), n,
			librdkafka.Consistent(key, n), librdkafka.Murmur2(key, n), librdkafka.FNV1a(key, n))
	}
	golden(t, "../testdata/partitioner.tsv", out.Bytes())
}

// partitionerKeys are 10,000 keys, the same in every run: nil, empty, two of each length up to 300, and many of the
// short ones that applications use, half of them random bytes and half readable.
func partitionerKeys() (keys [][]byte) {
	const count, longest, usual = 10_000, 300, 24
	rnd := rand.New(rand.NewPCG(1, 2))
	readable := []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:./ ")
	add := func(n int) {
		key := make([]byte, n)
		for i := range key {
			if len(keys)%2 == 0 {
				key[i] = readable[rnd.IntN(len(readable))]
			} else {
				key[i] = byte(rnd.Uint32())
			}
		}
		keys = append(keys, key)
	}
	keys = append(keys, nil, []byte{})
	for n := 1; n <= longest; n++ {
		for range 2 {
			add(n)
		}
	}
	for b := range 256 { // every byte, where the sign of a char would show
		keys = append(keys, []byte{byte(b)}, []byte{byte(b), byte(b), byte(b), byte(b)})
	}
	for len(keys) < count {
		add(1 + rnd.IntN(usual))
	}
	return keys
}

// keyText writes a key as the vectors have it: nil, a quoted string, or x and hexadecimal digits.
func keyText(key []byte) string {
	if key == nil {
		return "nil"
	}
	for _, b := range key {
		if b < ' ' || b > '~' {
			return "x" + hex.EncodeToString(key)
		}
	}
	return strconv.Quote(string(key))
}
