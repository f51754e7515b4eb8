package integration_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
)

// A consumer finds the time that the topic's message.timestamp.type says: the message's own, or the broker's at
// writing. The report of a message says neither.
func TestTimestampTypes(t *testing.T) {
	t.Parallel()
	c := broker(t)
	own := time.UnixMilli(1_600_000_000_123)
	for _, row := range []struct {
		topic string
		want  kafka.TimestampType
		codec string
	}{
		{"CreateTime", kafka.TimestampCreateTime, "none"},
		{"LogAppendTime", kafka.TimestampLogAppendTime, "none"},
		{"LogAppendTime", kafka.TimestampLogAppendTime, "lz4"}, // the broker writes the time into the batch, outside what is compressed
	} {
		t.Run(row.topic+" "+row.codec, func(t *testing.T) {
			t.Parallel()
			topic := newTopicWith(t, c, 1, map[string]string{"message.timestamp.type": row.topic})
			p := newProducer(t, with(c, kafka.ConfigMap{"compression.type": row.codec, "linger.ms": 50}))
			began := time.Now().Truncate(time.Millisecond)
			report := make(chan kafka.Event, 3)
			for i := range 3 {
				must(t, p.Produce(&kafka.Message{TopicPartition: partition(topic, 0), Value: []byte(fmt.Sprint(i)), Timestamp: own.Add(time.Duration(i) * time.Hour)}, report))
			}
			for _, m := range reports(t, report, 3, patience) {
				if m.TopicPartition.Error != nil || m.TimestampType != kafka.TimestampNotAvailable || !m.Timestamp.IsZero() {
					t.Errorf("report: %v, %v %v", m.TopicPartition, m.TimestampType, m.Timestamp)
				}
			}
			written := time.Now()
			r := newConsumer(t, with(c, groupOf(t), manual))
			assign(t, r, at(topic, 0, kafka.OffsetBeginning))
			for i, m := range messages(t, r, 3) {
				if m.TimestampType != row.want {
					t.Errorf("message %d: %v", i, m.TimestampType)
				}
				switch {
				case row.want == kafka.TimestampCreateTime && !m.Timestamp.Equal(own.Add(time.Duration(i)*time.Hour)):
					t.Errorf("message %d is of %v", i, m.Timestamp)
				case row.want == kafka.TimestampLogAppendTime && (m.Timestamp.Before(began) || m.Timestamp.After(written)):
					t.Errorf("message %d is of %v, and was written between %v and %v", i, m.Timestamp, began, written)
				}
			}
			// Times are looked up by what the broker noted.
			want := kafka.Offset(1)
			if row.want == kafka.TimestampLogAppendTime {
				want = 0
			}
			found, err := r.OffsetsForTimes([]kafka.TopicPartition{at(topic, 0, kafka.Offset(own.Add(time.Minute).UnixMilli()))}, 30_000)
			if err != nil || found[0].Error != nil || found[0].Offset != want {
				t.Errorf("OffsetsForTimes: %v, %v; want %v", found, err, want)
			}
		})
	}
}
