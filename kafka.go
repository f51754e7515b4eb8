// Package kafka is the confluent-kafka client without cgo: the exported names and the observable behaviour of
// confluent-kafka-go's kafka package, in pure Go on franz-go.
//
// A producer takes messages and reports each of them exactly once:
//
//	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": "localhost:9092"})
//	...
//	topic := "orders"
//	err = p.ProduceFunc(&kafka.Message{
//		TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny},
//		Value:          []byte("value"),
//	}, func(m *kafka.Message, err error) { fmt.Println(m, err) })
//	p.Flush(10_000) // serves the callbacks and waits for what is outstanding
//	p.Close()
//
// A consumer joins a group and hands out messages one by one; the offset of a message is stored when it is handed
// out, and stored offsets are committed in the background and by Close:
//
//	c, err := kafka.NewConsumer(&kafka.ConfigMap{
//		"bootstrap.servers": "localhost:9092", "group.id": "billing", "auto.offset.reset": "earliest"})
//	...
//	err = c.Subscribe("orders", nil)
//	for msg, err := range c.Messages(ctx) {
//		...
//	}
//	c.Close()
//
// All methods may be called from several goroutines, and, unless their comment says otherwise, from callbacks. Those that
// wait for a broker or for messages take a timeout or a context and say so.
//
// Configuration keys are librdkafka's, see CONFIGURATION.md. Where this package differs from its model on purpose is
// listed in DIVERGENCES.md.
package kafka

import (
	"fmt"
	"strconv"
)

// PartitionAny lets the partitioner choose, where a partition to produce to is given.
const PartitionAny = int32(-1)

// Versions of librdkafka and of its Go binding whose behaviour this package follows.
const (
	libraryVersion       = 0x020f00ff
	libraryVersionString = "2.15.0"
)

// LibrdkafkaLinkInfo is the peer's description of the C library that it was linked with. It is kept, with the peer's
// value on linux/amd64, for programs that refer to it: this package links no C library.
const LibrdkafkaLinkInfo = "static glibc_linux_amd64 from librdkafka-static-bundle-v2.15.0.tgz"

// LibraryVersion returns the version of librdkafka whose behaviour this package follows: 0xMMmmrrpp and as text.
// Programs that require a minimum version of the C library find what they look for.
func LibraryVersion() (int, string) { return libraryVersion, libraryVersionString }

// Offset is the position of a message in a partition, or one of the logical offsets below.
type Offset int64

// Logical offsets.
const (
	// OffsetBeginning is the oldest message that the partition still has.
	OffsetBeginning = Offset(-2)
	// OffsetEnd is the end of the partition: the next message produced to it.
	OffsetEnd = Offset(-1)
	// OffsetInvalid is no offset: none known, none stored, none committed.
	OffsetInvalid = Offset(-1001)
	// OffsetStored is the offset that the group committed, or where there is none what auto.offset.reset says.
	OffsetStored = Offset(-1000)
)

// offsetTailBase is where the offsets that count from the end start: OffsetTail(n) is offsetTailBase-n.
const offsetTailBase = Offset(-2000)

// String returns the number, or the name of a logical offset: beginning, end, stored or unset.
func (o Offset) String() string {
	switch o {
	case OffsetBeginning:
		return "beginning"
	case OffsetEnd:
		return "end"
	case OffsetInvalid:
		return "unset"
	case OffsetStored:
		return "stored"
	}
	return strconv.FormatInt(int64(o), 10)
}

// Set sets o to what [NewOffset] makes of v.
func (o *Offset) Set(v interface{}) error {
	n, err := NewOffset(v)
	if err == nil {
		*o = n
	}
	return err
}

// NewOffset makes an offset of an int, an int64, an Offset, or a string that is a number or one of beginning,
// earliest, end, latest, unset, invalid and stored. Other types are an ErrInvalidArg, other strings the error of
// [strconv.ParseInt].
func NewOffset(offset interface{}) (Offset, error) {
	switch v := offset.(type) {
	case string:
		switch v {
		case "beginning", "earliest":
			return OffsetBeginning, nil
		case "end", "latest":
			return OffsetEnd, nil
		case "unset", "invalid":
			return OffsetInvalid, nil
		case "stored":
			return OffsetStored, nil
		}
		n, err := strconv.Atoi(v)
		return Offset(n), err
	case int:
		return Offset(v), nil
	case int64:
		return Offset(v), nil
	case Offset:
		return v, nil
	}
	return OffsetInvalid, newErrorf(ErrInvalidArg, "Invalid offset type: %T (expected string, int, int64 or Offset)", offset)
}

// OffsetTail is the offset relativeOffset messages before the end of the partition.
func OffsetTail(relativeOffset Offset) Offset { return offsetTailBase - relativeOffset }

// TopicPartition names a partition and, as the call that it is used in needs it, an offset, what is committed with
// it, and the partition's own error.
type TopicPartition struct {
	Topic       *string
	Partition   int32
	Offset      Offset
	Metadata    *string
	Error       error
	LeaderEpoch *int32 // nil where the leader epoch is not known
}

// String returns topic[partition]@offset, with the error in brackets behind it where there is one.
func (p TopicPartition) String() string {
	topic := "<null>"
	if p.Topic != nil {
		topic = *p.Topic
	}
	if p.Error != nil {
		return fmt.Sprintf("%s[%d]@%s(%s)", topic, p.Partition, p.Offset, p.Error)
	}
	return fmt.Sprintf("%s[%d]@%s", topic, p.Partition, p.Offset)
}

// TopicPartitions sorts by topic and partition. Every element must have a topic.
type TopicPartitions []TopicPartition

// Len is part of sort.Interface.
func (tps TopicPartitions) Len() int { return len(tps) }

// Swap is part of sort.Interface.
func (tps TopicPartitions) Swap(i, j int) { tps[i], tps[j] = tps[j], tps[i] }

// Less is part of sort.Interface.
func (tps TopicPartitions) Less(i, j int) bool {
	if *tps[i].Topic != *tps[j].Topic {
		return *tps[i].Topic < *tps[j].Topic
	}
	return tps[i].Partition < tps[j].Partition
}
