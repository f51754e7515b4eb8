package integration_test

import (
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
)

// manual are the properties of a consumer that commits by itself only what it is told to.
var manual = kafka.ConfigMap{"enable.auto.commit": false}

func TestCommit(t *testing.T) {
	t.Parallel()
	c := broker(t)
	for _, row := range []struct {
		name   string
		conf   kafka.ConfigMap
		commit func(t *testing.T, r *kafka.Consumer, read []*kafka.Message) ([]kafka.TopicPartition, error)
		want   int64
	}{
		{"what was handed out", nil, func(_ *testing.T, r *kafka.Consumer, _ []*kafka.Message) ([]kafka.TopicPartition, error) {
			return r.Commit()
		}, 6},
		{"a message", nil, func(_ *testing.T, r *kafka.Consumer, read []*kafka.Message) ([]kafka.TopicPartition, error) {
			return r.CommitMessage(read[2])
		}, 3},
		{"an offset", nil, func(_ *testing.T, r *kafka.Consumer, read []*kafka.Message) ([]kafka.TopicPartition, error) {
			return r.CommitOffsets([]kafka.TopicPartition{at(*read[0].TopicPartition.Topic, 0, 2)})
		}, 2},
		{"a stored message", kafka.ConfigMap{"enable.auto.offset.store": false}, func(t *testing.T, r *kafka.Consumer, read []*kafka.Message) ([]kafka.TopicPartition, error) {
			if got, err := r.StoreMessage(read[3]); err != nil || got[0].Error != nil {
				t.Errorf("StoreMessage: %v, %v", got, err)
			}
			return r.Commit()
		}, 4},
		{"a stored offset", kafka.ConfigMap{"enable.auto.offset.store": false}, func(t *testing.T, r *kafka.Consumer, read []*kafka.Message) ([]kafka.TopicPartition, error) {
			if got, err := r.StoreOffsets([]kafka.TopicPartition{at(*read[0].TopicPartition.Topic, 0, 5)}); err != nil || got[0].Error != nil {
				t.Errorf("StoreOffsets: %v, %v", got, err)
			}
			return r.Commit()
		}, 5},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			topic, group := newTopic(t, c, 1), groupOf(t)
			put(t, c, topic, 0, numbers(0, 6)...)
			r := newConsumer(t, with(c, group, manual, row.conf))
			subscribe(t, r, topic)
			read := messages(t, r, 6)
			name := group["group.id"].(string)
			if got := committed(t, c, name, topic, 0); got != -1 {
				t.Fatalf("offset %d is committed before any commit", got)
			}
			got, err := row.commit(t, r, read)
			if err != nil || len(got) != 1 || got[0].Error != nil || int64(got[0].Offset) != row.want {
				t.Errorf("the commit returned %v, %v, want offset %d", got, err, row.want)
			}
			if got := committed(t, c, name, topic, 0); got != row.want {
				t.Errorf("the broker has offset %d, want %d", got, row.want)
			}
			if got, err := r.Committed([]kafka.TopicPartition{partition(topic, 0)}, 10000); err != nil || int64(got[0].Offset) != row.want {
				t.Errorf("Committed is %v, %v", got, err)
			}
			closeConsumer(t, r)
			if got := committed(t, c, name, topic, 0); got != row.want {
				t.Errorf("Close without auto commit moved the offset to %d", got)
			}
			next := newConsumer(t, with(c, group, manual))
			subscribe(t, next, topic)
			if row.want < 6 {
				if m := messages(t, next, 1)[0]; int64(m.TopicPartition.Offset) != row.want {
					t.Errorf("the next member starts at %v", m.TopicPartition)
				}
			}
		})
	}
}

func TestCommitNothing(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 1)
	put(t, c, topic, 0, "0")
	r := newConsumer(t, with(c, groupOf(t), manual))
	subscribe(t, r, topic)
	if _, err := r.Commit(); code(t, err) != kafka.ErrNoOffset {
		t.Errorf("a commit before the first message: %v", err)
	}
	messages(t, r, 1)
	if _, err := r.Commit(); err != nil {
		t.Error(err)
	}
	if _, err := r.Commit(); code(t, err) != kafka.ErrNoOffset {
		t.Errorf("a second commit of the same: %v", err)
	}
}

// The ticker commits what was handed out and says so; nothing goes out while nothing moves.
func TestAutoCommit(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic, group := newTopic(t, c, 1), groupOf(t)
	put(t, c, topic, 0, numbers(0, 5)...)
	r := newConsumer(t, with(c, group, kafka.ConfigMap{"auto.commit.interval.ms": 300}))
	subscribe(t, r, topic)
	said := func(want kafka.Offset) {
		t.Helper()
		pollUntil(t, r, patience, "an OffsetsCommitted event", func(ev kafka.Event) bool {
			e, ok := ev.(kafka.OffsetsCommitted)
			if !ok {
				return false
			}
			if e.Error != nil || len(e.Offsets) != 1 || e.Offsets[0].Error != nil {
				t.Errorf("%v", e)
			}
			return len(e.Offsets) == 1 && e.Offsets[0].Offset == want
		})
	}
	messages(t, r, 5)
	said(5)
	if got := committed(t, c, group["group.id"].(string), topic, 0); got != 5 {
		t.Errorf("the broker has offset %d", got)
	}
	pollFor(r, time.Second, func(ev kafka.Event) { t.Errorf("%v without anything to commit", ev) })
	put(t, c, topic, 0, "5")
	messages(t, r, 1)
	said(6)
}

// What was handed out after the last tick is committed by Close.
func TestFinalCommit(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic, group := newTopic(t, c, 2), groupOf(t)
	put(t, c, topic, 0, numbers(0, 5)...)
	put(t, c, topic, 1, numbers(0, 3)...)
	r := newConsumer(t, with(c, group, kafka.ConfigMap{"auto.commit.interval.ms": 3600000}))
	subscribe(t, r, topic)
	messages(t, r, 8)
	closeConsumer(t, r)
	name := group["group.id"].(string)
	if a, b := committed(t, c, name, topic, 0), committed(t, c, name, topic, 1); a != 5 || b != 3 {
		t.Errorf("Close committed %d and %d, want 5 and 3", a, b)
	}
	next := newConsumer(t, with(c, group))
	subscribe(t, next, topic)
	put(t, c, topic, 1, "next")
	if m := messages(t, next, 1)[0]; string(m.Value) != "next" {
		t.Errorf("the next member reads %s at %v", m.Value, m.TopicPartition)
	}
}
