package integration_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka"
)

// groupOf returns the properties of a member of a new group that reads from the beginning.
func groupOf(t testing.TB) kafka.ConfigMap {
	return kafka.ConfigMap{"group.id": unique(t, "group"), "auto.offset.reset": "earliest", "session.timeout.ms": 6000}
}

func subscribe(t testing.TB, c *kafka.Consumer, topics ...string) {
	t.Helper()
	if err := c.SubscribeTopics(topics, nil); err != nil {
		t.Fatal(err)
	}
}

func assign(t testing.TB, c *kafka.Consumer, ps ...kafka.TopicPartition) {
	t.Helper()
	if err := c.Assign(ps); err != nil {
		t.Fatal(err)
	}
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic, other := newTopic(t, c, 3), newTopic(t, c, 1)
	for p := range int32(3) {
		put(t, c, topic, p, numbers(0, 50)...)
	}
	put(t, c, other, 0, "other")
	r := newConsumer(t, with(c, groupOf(t)))
	subscribe(t, r, topic, other)
	if got, err := r.Subscription(); err != nil || len(got) != 2 {
		t.Errorf("Subscription is %v, %v", got, err)
	}
	next := map[string]int{}
	for _, m := range messages(t, r, 151) {
		at := fmt.Sprintf("%s/%d", *m.TopicPartition.Topic, m.TopicPartition.Partition)
		if want := fmt.Sprint(next[at]); *m.TopicPartition.Topic == topic && string(m.Value) != want {
			t.Errorf("%s at %v, want %s", m.Value, m.TopicPartition, want)
		}
		next[at]++
	}
	if len(next) != 4 {
		t.Errorf("messages per partition: %v", next)
	}
	if got, err := r.Assignment(); err != nil || len(got) != 4 {
		t.Errorf("Assignment is %v, %v", got, err)
	}
	if err := r.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	put(t, c, topic, 0, "unseen")
	pollFor(r, time.Second, func(ev kafka.Event) {
		if m, ok := ev.(*kafka.Message); ok {
			t.Errorf("message %v after Unsubscribe", m.TopicPartition)
		}
	})
	if got, err := r.Assignment(); err != nil || len(got) != 0 {
		t.Errorf("Assignment is %v, %v after Unsubscribe", got, err)
	}
}

func TestAssignOffsets(t *testing.T) {
	t.Parallel()
	c := broker(t)
	for _, row := range []struct {
		name   string
		offset kafka.Offset
		want   kafka.Offset
	}{
		{"beginning", kafka.OffsetBeginning, 0},
		{"absolute", 3, 3},
		{"tail", kafka.OffsetTail(2), 8},
		{"stored", kafka.OffsetStored, 4},
		{"unset", kafka.OffsetInvalid, 4},
		{"end", kafka.OffsetEnd, 10},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			topic := newTopic(t, c, 1)
			put(t, c, topic, 0, numbers(0, 10)...)
			r := newConsumer(t, with(c, groupOf(t), kafka.ConfigMap{"enable.partition.eof": true}))
			if _, err := r.CommitOffsets([]kafka.TopicPartition{at(topic, 0, 4)}); err != nil {
				t.Fatal(err)
			}
			assign(t, r, at(topic, 0, row.offset))
			if row.want == 10 {
				pollUntil(t, r, patience, "the end of the partition", func(ev kafka.Event) bool {
					_, end := ev.(kafka.PartitionEOF)
					return end
				})
				put(t, c, topic, 0, "10")
			}
			if m := messages(t, r, 1)[0]; m.TopicPartition.Offset != row.want || string(m.Value) != fmt.Sprint(int(row.want)) {
				t.Errorf("the first message is %s at %v, want offset %v", m.Value, m.TopicPartition, row.want)
			}
			if got, err := r.Position([]kafka.TopicPartition{partition(topic, 0)}); err != nil || got[0].Offset != row.want+1 {
				t.Errorf("Position is %v, %v", got, err)
			}
		})
	}
}

func TestSeekPauseResume(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 2)
	put(t, c, topic, 0, numbers(0, 10)...)
	put(t, c, topic, 1, numbers(0, 10)...)
	r := newConsumer(t, with(c, groupOf(t)))
	assign(t, r, at(topic, 0, 0), at(topic, 1, 0))
	messages(t, r, 20)

	if err := r.Seek(at(topic, 0, 7), 0); err != nil {
		t.Fatal(err)
	}
	for i, m := range messages(t, r, 3) {
		if m.TopicPartition.Partition != 0 || m.TopicPartition.Offset != kafka.Offset(7+i) {
			t.Errorf("message %v after a seek to 7", m.TopicPartition)
		}
	}
	if got, err := r.SeekPartitions([]kafka.TopicPartition{at(topic, 0, 9), at(topic, 1, 9)}); err != nil || len(got) != 2 || got[0].Error != nil || got[1].Error != nil {
		t.Errorf("SeekPartitions: %v, %v", got, err)
	}
	for _, m := range messages(t, r, 2) {
		if m.TopicPartition.Offset != 9 {
			t.Errorf("message %v after a seek to 9", m.TopicPartition)
		}
	}

	if err := r.Pause([]kafka.TopicPartition{partition(topic, 1)}); err != nil {
		t.Fatal(err)
	}
	put(t, c, topic, 1, "10", "11")
	put(t, c, topic, 0, "10", "11")
	for _, m := range messages(t, r, 2) {
		if m.TopicPartition.Partition != 0 {
			t.Errorf("message %v of a paused partition", m.TopicPartition)
		}
	}
	pollFor(r, time.Second, func(ev kafka.Event) { t.Errorf("%v while the only partition with messages is paused", ev) })
	if err := r.Resume([]kafka.TopicPartition{partition(topic, 1)}); err != nil {
		t.Fatal(err)
	}
	if got := values(messages(t, r, 2)); !slices.Equal(got, []string{"10", "11"}) {
		t.Errorf("after Resume: %v", got)
	}
}

func TestPartitionEOF(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 2) // partition 1 stays empty
	put(t, c, topic, 0, numbers(0, 3)...)
	r := newConsumer(t, with(c, groupOf(t), kafka.ConfigMap{"enable.partition.eof": true}))
	assign(t, r, at(topic, 0, 0), at(topic, 1, 0))
	read := 0
	// ends polls until partition p ends, and returns where.
	ends := func(p int32) (end kafka.Offset) {
		t.Helper()
		pollUntil(t, r, patience, fmt.Sprintf("the end of partition %d", p), func(ev kafka.Event) bool {
			switch e := ev.(type) {
			case *kafka.Message:
				read++
			case kafka.PartitionEOF:
				if code(t, e.Error) != kafka.ErrPartitionEOF {
					t.Errorf("%v carries %v", e, e.Error)
				}
				end = e.Offset
				return e.Partition == p
			}
			return false
		})
		return end
	}
	found := map[int32]kafka.Offset{}
	pollUntil(t, r, patience, "the ends of both partitions", func(ev kafka.Event) bool {
		switch e := ev.(type) {
		case *kafka.Message:
			read++
		case kafka.PartitionEOF:
			if e.Partition == 0 && read != 3 {
				t.Errorf("%v after %d messages", e, read)
			}
			found[e.Partition] = e.Offset
		}
		return len(found) == 2
	})
	if found[0] != 3 || found[1] != 0 {
		t.Errorf("the partitions end at %v", found)
	}
	pollFor(r, time.Second, func(ev kafka.Event) { t.Errorf("%v comes twice", ev) })
	put(t, c, topic, 0, "3", "4")
	if end := ends(0); end != 5 || read != 5 {
		t.Errorf("the end is %v after %d messages", end, read)
	}
	if err := r.Seek(at(topic, 0, 4), 0); err != nil {
		t.Fatal(err)
	}
	if end := ends(0); end != 5 || read != 6 {
		t.Errorf("after a seek the end is %v after %d messages", end, read)
	}
}

func TestOffsetReset(t *testing.T) {
	t.Parallel()
	c := broker(t)
	const before, after = 3, 10 // what the truncated log still holds
	for _, row := range []struct {
		policy    string
		committed kafka.Offset // -1: none
		want      kafka.Offset // -1: ErrAutoOffsetReset
	}{
		{"earliest", -1, before},
		{"smallest", -1, before},
		{"beginning", -1, before},
		{"latest", -1, after},
		{"largest", -1, after},
		{"end", -1, after},
		{"error", -1, -1},
		{"earliest", 1, before},
		{"latest", 1, after},
		{"error", 1, -1},
		{"earliest", 5, 5},
		{"latest", 5, 5},
		{"error", 5, 5},
		{"earliest", 500, before},
		{"latest", 500, after},
	} {
		t.Run(fmt.Sprintf("%s with %d", row.policy, row.committed), func(t *testing.T) {
			t.Parallel()
			topic := newTopic(t, c, 1)
			put(t, c, topic, 0, numbers(0, 10)...)
			truncate(t, c, topic, 0, before)
			r := newConsumer(t, with(c, groupOf(t), kafka.ConfigMap{"auto.offset.reset": row.policy, "enable.partition.eof": true}))
			if row.committed >= 0 {
				if _, err := r.CommitOffsets([]kafka.TopicPartition{at(topic, 0, row.committed)}); err != nil {
					t.Fatal(err)
				}
			}
			subscribe(t, r, topic)
			first := kafka.Offset(-2)
			pollUntil(t, r, patience, "a message, the end or an error", func(ev kafka.Event) bool {
				switch e := ev.(type) {
				case *kafka.Message:
					first = e.TopicPartition.Offset
				case kafka.PartitionEOF:
					first = e.Offset
				case kafka.Error:
					if e.Code() != kafka.ErrAutoOffsetReset {
						t.Errorf("error event %d: %v", e.Code(), e)
						return false
					}
					first = -1
				}
				return first > -2
			})
			if first != row.want {
				t.Errorf("reads from %d, want %d (-1: an error)", first, row.want)
			}
		})
	}
}

func TestRegexSubscription(t *testing.T) {
	t.Parallel()
	c := broker(t)
	prefix := unique(t, "re")
	create := func(name string) {
		t.Helper()
		if err := c.CreateTopic(t.Context(), name, 1, nil); err != nil {
			t.Fatal(err)
		}
		put(t, c, name, 0, name)
	}
	create(prefix + "-a")
	create(prefix + "-x-no")
	r := newConsumer(t, with(c, groupOf(t), kafka.ConfigMap{"topic.metadata.refresh.interval.ms": 500}))
	subscribe(t, r, "^"+prefix+"-[a-c]$")
	if got := values(messages(t, r, 1)); got[0] != prefix+"-a" {
		t.Errorf("got %v", got)
	}
	create(prefix + "-b") // found at a refresh of the metadata
	if got := values(messages(t, r, 1)); got[0] != prefix+"-b" {
		t.Errorf("got %v", got)
	}
}

func TestWatermarksAndTimes(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 1)
	for i := range 10 {
		if err := c.Put(t.Context(), &kgo.Record{Topic: topic, Value: []byte("x"), Timestamp: time.UnixMilli(int64(1_700_000_000_000 + i*1000))}); err != nil {
			t.Fatal(err)
		}
	}
	r := newConsumer(t, with(c, groupOf(t)))
	p := newProducer(t, with(c))
	times := []struct{ ms, want kafka.Offset }{{1_600_000_000_000, 0}, {1_700_000_003_000, 3}, {1_700_000_003_001, 4}, {1_800_000_000_000, kafka.OffsetEnd}}
	for _, row := range times {
		for who, ask := range map[string]func([]kafka.TopicPartition, int) ([]kafka.TopicPartition, error){"consumer": r.OffsetsForTimes, "producer": p.OffsetsForTimes} {
			got, err := ask([]kafka.TopicPartition{at(topic, 0, row.ms)}, 10000)
			if err != nil || len(got) != 1 || got[0].Error != nil || got[0].Offset != row.want {
				t.Errorf("%s: the offset for %d is %v, %v, want %v", who, row.ms, got, err, row.want)
			}
		}
	}
	truncate(t, c, topic, 0, 3)
	if low, high, err := r.QueryWatermarkOffsets(topic, 0, 10000); err != nil || low != 3 || high != 10 {
		t.Errorf("consumer: the watermarks are %d and %d, %v", low, high, err)
	}
	if low, high, err := p.QueryWatermarkOffsets(topic, 0, 10000); err != nil || low != 3 || high != 10 {
		t.Errorf("producer: the watermarks are %d and %d, %v", low, high, err)
	}
	if _, _, err := r.QueryWatermarkOffsets(topic, 17, 10000); code(t, err) != kafka.ErrUnknownPartition {
		t.Errorf("the watermarks of a missing partition: %v", err)
	}
	assign(t, r, at(topic, 0, kafka.OffsetBeginning))
	messages(t, r, 7)
	if _, high, err := r.GetWatermarkOffsets(topic, 0); err != nil || high != 10 {
		t.Errorf("the cached high watermark is %d, %v", high, err)
	}
}

// A transaction that was aborted is read with read_uncommitted only, and one that is open holds read_committed back.
func TestIsolationLevel(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 1)
	tx, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap("PLAINTEXT")), kgo.TransactionalID(unique(t, "tx")), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	batch := func(value string, end kgo.TransactionEndTry) {
		t.Helper()
		if err := tx.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := tx.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte(value)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := tx.EndTransaction(t.Context(), end); err != nil {
			t.Fatal(err)
		}
	}
	batch("aborted", kgo.TryAbort)
	batch("committed", kgo.TryCommit)
	batch("aborted too", kgo.TryAbort)
	for level, want := range map[string][]string{
		"read_committed":   {"committed"},
		"read_uncommitted": {"aborted", "committed", "aborted too"},
	} {
		r := newConsumer(t, with(c, groupOf(t), kafka.ConfigMap{"isolation.level": level, "enable.partition.eof": true}))
		assign(t, r, at(topic, 0, 0))
		var got []string
		pollUntil(t, r, patience, "the end of the partition", func(ev kafka.Event) bool {
			switch e := ev.(type) {
			case *kafka.Message:
				got = append(got, string(e.Value))
			case kafka.PartitionEOF:
				if e.Offset != 6 { // three records and three markers
					t.Errorf("%s: %v", level, e)
				}
				return true
			}
			return false
		})
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", level, got, want)
		}
	}
}
