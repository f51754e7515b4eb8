package kafka

import (
	"fmt"
	"strconv"
	"time"
)

// TimestampType says what the timestamp of a message means.
type TimestampType int

// Timestamp types.
const (
	TimestampNotAvailable  = TimestampType(0)
	TimestampCreateTime    = TimestampType(1) // set by the producer
	TimestampLogAppendTime = TimestampType(2) // set by the broker
)

// String returns NotAvailable, CreateTime or LogAppendTime.
func (t TimestampType) String() string {
	switch t {
	case TimestampCreateTime:
		return "CreateTime"
	case TimestampLogAppendTime:
		return "LogAppendTime"
	}
	return "NotAvailable"
}

// Message is what a producer sends, what a delivery report brings back and what a consumer receives.
//
// To produce, TopicPartition needs Topic and Partition (or PartitionAny); the zero Timestamp means now. A nil Key or
// Value is null on the wire and stays nil, an empty one stays empty. Opaque comes back with the delivery report.
//
// In a delivery report TopicPartition holds partition, offset and error; Timestamp, LeaderEpoch and, unless
// go.delivery.report.fields asks for more, Headers are not set.
type Message struct {
	TopicPartition TopicPartition
	Value          []byte
	Key            []byte
	Timestamp      time.Time // milliseconds; the rest is cut off
	TimestampType  TimestampType
	Opaque         interface{}
	Headers        []Header
	LeaderEpoch    *int32 // of a consumed message, where the broker says it; else nil
}

// String returns topic[partition]@offset.
func (m *Message) String() string {
	topic := ""
	if m.TopicPartition.Topic != nil {
		topic = *m.TopicPartition.Topic
	}
	return fmt.Sprintf("%s[%d]@%s", topic, m.TopicPartition.Partition, m.TopicPartition.Offset)
}

// Header is a key and a value beside a message. Keys may repeat and order is kept; nil and empty values differ.
type Header struct {
	Key   string
	Value []byte
}

// headerValueShown and headerValueMax bound what String shows of a value: the first 50 bytes of one over 65.
const (
	headerValueShown = 50
	headerValueMax   = 65
)

// String returns key="value", with a long value cut off.
func (h Header) String() string {
	switch {
	case h.Value == nil:
		return h.Key + "=nil"
	case len(h.Value) == 0:
		return h.Key + "=<empty>"
	case len(h.Value) > headerValueMax:
		return fmt.Sprintf("%s=%s(%d more bytes)", h.Key, strconv.Quote(string(h.Value[:headerValueShown])), len(h.Value)-headerValueShown)
	}
	return h.Key + "=" + strconv.Quote(string(h.Value))
}
