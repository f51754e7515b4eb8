package integration_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka"
)

// codecs are the numbers of the compression types in a batch on the wire.
var codecs = map[string]uint8{"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

// samples are messages of all shapes: absent, empty and full keys, values and headers, with and without a time.
func samples(topic string, n int) (all []*kafka.Message) {
	shapes := []kafka.Message{
		{},
		{Key: []byte{}, Value: []byte{}},
		{Key: []byte("k"), Value: []byte("v")},
		{Key: []byte("tombstone")},
		{Value: bytes.Repeat([]byte("long "), 100)},
		{Value: []byte("h"), Headers: []kafka.Header{{Key: "a", Value: []byte("1")}, {Key: "a", Value: nil}, {Key: "b", Value: []byte{}}}},
		{Value: []byte("t"), Timestamp: time.UnixMilli(1_500_000_000_123)},
	}
	for i := range n {
		m := shapes[i%len(shapes)]
		m.TopicPartition, m.Opaque = partition(topic, 0), i
		all = append(all, &m)
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	c := broker(t)
	rows := []struct {
		name  string
		codec string
		conf  kafka.ConfigMap
	}{
		{"acks=1", "none", kafka.ConfigMap{"acks": 1}},
		{"acks=0", "none", kafka.ConfigMap{"acks": 0}},
		{"no linger", "none", kafka.ConfigMap{"linger.ms": 0, "acks": "all"}},
		{"idempotent", "none", kafka.ConfigMap{"enable.idempotence": true}},
		{"idempotent zstd", "zstd", kafka.ConfigMap{"enable.idempotence": true}},
	}
	for name := range codecs {
		rows = append(rows, struct {
			name  string
			codec string
			conf  kafka.ConfigMap
		}{"codec " + name, name, kafka.ConfigMap{"acks": "all"}})
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			const n = 210
			topic := newTopic(t, c, 1)
			before := time.Now().Add(-time.Second)
			p := newProducer(t, with(c, row.conf, kafka.ConfigMap{"compression.type": row.codec, "go.delivery.report.fields": "all"}))
			sent, done := samples(topic, n), make(chan kafka.Event, n)
			for _, m := range sent {
				if err := p.Produce(m, done); err != nil {
					t.Fatal(err)
				}
			}
			for i, r := range reports(t, done, n, patience) {
				want := kafka.Offset(i)
				if row.conf["acks"] == 0 {
					want = kafka.OffsetInvalid
				}
				if r.TopicPartition.Error != nil || r.TopicPartition.Offset != want || r.Opaque != i {
					t.Errorf("report %d: %v, opaque %v, error %v", i, r.TopicPartition, r.Opaque, r.TopicPartition.Error)
				}
				same(t, fmt.Sprint("report ", i), r, sent[i])
			}
			if left := p.Len(); left != 0 {
				t.Errorf("Len is %d after all reports", left)
			}
			reader := newConsumer(t, with(c, kafka.ConfigMap{"group.id": "unused"}))
			if err := reader.Assign([]kafka.TopicPartition{at(topic, 0, kafka.OffsetBeginning)}); err != nil {
				t.Fatal(err)
			}
			for i, m := range messages(t, reader, n) {
				same(t, fmt.Sprint("message ", i), m, sent[i])
				when := sent[i].Timestamp
				switch {
				case m.TopicPartition.Offset != kafka.Offset(i) || m.TimestampType != kafka.TimestampCreateTime:
					t.Errorf("message %d: %v with %v", i, m.TopicPartition, m.TimestampType)
				case !when.IsZero() && !m.Timestamp.Equal(when):
					t.Errorf("message %d: time %v, want %v", i, m.Timestamp, when)
				case when.IsZero() && (m.Timestamp.Before(before) || m.Timestamp.After(time.Now().Add(time.Second))):
					t.Errorf("message %d: time %v is not now", i, m.Timestamp)
				}
			}
			raw, err := c.ReadAll(t.Context(), topic)
			if err != nil || len(raw) != n {
				t.Fatalf("the log holds %d records, %v", len(raw), err)
			}
			compressed := 0
			for i, r := range raw {
				if (r.Key == nil) != (sent[i].Key == nil) || (r.Value == nil) != (sent[i].Value == nil) {
					t.Errorf("record %d: key %v, value %v on the wire", i, r.Key, r.Value)
				}
				if got := r.Attrs.CompressionType(); got == codecs[row.codec] {
					compressed++
				} else if got != 0 {
					t.Errorf("record %d came with codec %d, want %d", i, got, codecs[row.codec])
				}
				if idempotent := r.ProducerID >= 0; idempotent != (row.conf["enable.idempotence"] == true) {
					t.Errorf("record %d has producer id %d", i, r.ProducerID)
				}
			}
			// A batch that does not get smaller may go as it is.
			if compressed < n/2 {
				t.Errorf("%d of %d records came with codec %s", compressed, n, row.codec)
			}
		})
	}
}

// TestLargeBatches: batches of several blocks of a codec. The broker reads the records of compressed batches when it
// takes them, so a report without an error says that Java reads them too.
func TestLargeBatches(t *testing.T) {
	t.Parallel()
	c := broker(t)
	for _, row := range []struct {
		codec  string
		levels []int
	}{{"gzip", []int{-1, 9}}, {"snappy", []int{-1}}, {"lz4", []int{-1, 3, 12}}, {"zstd", []int{-1, 1, 5, 9, 12}}} {
		for _, level := range row.levels {
			t.Run(fmt.Sprint(row.codec, " ", level), func(t *testing.T) {
				t.Parallel()
				const n = 1500
				topic := newTopic(t, c, 1)
				p := newProducer(t, with(c, kafka.ConfigMap{"compression.type": row.codec, "compression.level": level, "linger.ms": 500}))
				sent, done := make([]*kafka.Message, n), make(chan kafka.Event, n)
				random := rand.New(rand.NewPCG(1, 2))
				for i := range sent {
					value := make([]byte, 1<<10)
					for j := range value {
						if value[j] = byte(random.Uint32()); j%32 > 14 {
							value[j] = "text that comes again in every message "[j%39]
						}
					}
					sent[i] = &kafka.Message{TopicPartition: partition(topic, 0), Value: value}
					must(t, p.Produce(sent[i], done))
				}
				for _, r := range reports(t, done, n, patience) {
					must(t, r.TopicPartition.Error)
				}
				reader := newConsumer(t, with(c, kafka.ConfigMap{"group.id": "unused"}))
				must(t, reader.Assign([]kafka.TopicPartition{at(topic, 0, kafka.OffsetBeginning)}))
				for i, m := range messages(t, reader, n) {
					same(t, fmt.Sprint("message ", i), m, sent[i])
				}
				raw, err := c.ReadAll(t.Context(), topic)
				must(t, err)
				compressed := 0
				for _, r := range raw {
					if r.Attrs.CompressionType() == codecs[row.codec] {
						compressed++
					}
				}
				if len(raw) != n || compressed < n/2 {
					t.Errorf("the log holds %d records, %d of them with codec %s", len(raw), compressed, row.codec)
				}
			})
		}
	}
}

// same compares what a message carries.
func same(t *testing.T, what string, got, want *kafka.Message) {
	t.Helper()
	equal := func(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }
	if !equal(got.Key, want.Key) || !equal(got.Value, want.Value) {
		t.Errorf("%s: key %#v, value %#v, want %#v, %#v", what, got.Key, got.Value, want.Key, want.Value)
	}
	if !slices.EqualFunc(got.Headers, want.Headers, func(a, b kafka.Header) bool { return a.Key == b.Key && equal(a.Value, b.Value) }) {
		t.Errorf("%s: headers %v, want %v", what, got.Headers, want.Headers)
	}
}

// hashers say which partition a key goes to; they share no code with the library.
var hashers = map[string]func(key []byte, n int) int{
	"crc32": func(key []byte, n int) int { return int(crc32.ChecksumIEEE(key) % uint32(n)) },
	"murmur2": func(key []byte, n int) int {
		return kgo.StickyKeyPartitioner(nil).ForTopic("").Partition(&kgo.Record{Key: key}, n)
	},
	"fnv1a": func(key []byte, n int) int {
		h := fnv.New32a()
		_, _ = h.Write(key)
		return int(max(int32(h.Sum32()), -int32(h.Sum32()))) % n
	},
}

func TestPartitioners(t *testing.T) {
	t.Parallel()
	c := broker(t)
	const n, partitions = 200, 7
	for _, row := range []struct {
		name   string
		hash   string // empty: at random
		nilFix bool   // messages without a key share a partition too
	}{
		{"random", "", false},
		{"consistent", "crc32", true},
		{"consistent_random", "crc32", false},
		{"murmur2", "murmur2", true},
		{"murmur2_random", "murmur2", false},
		{"fnv1a", "fnv1a", true},
		{"fnv1a_random", "fnv1a", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			topic := newTopic(t, c, partitions)
			p := newProducer(t, with(c, kafka.ConfigMap{"partitioner": row.name, "sticky.partitioning.linger.ms": 0}))
			done := make(chan kafka.Event, 3*n)
			produce := func(kind string, i int, key []byte, to int32) {
				if err := p.Produce(&kafka.Message{TopicPartition: partition(topic, to), Key: key, Opaque: [2]any{kind, i}}, done); err != nil {
					t.Fatal(err)
				}
			}
			key := func(i int) []byte { return bytes.Repeat([]byte{byte(i), byte(i * 31)}, i%20+1) }
			for i := range n {
				produce("keyed", i, key(i), kafka.PartitionAny)
				produce("no key", i, nil, kafka.PartitionAny)
				produce("explicit", i, key(i), int32(i%partitions))
			}
			seen := map[string]map[int32]bool{"keyed": {}, "no key": {}, "explicit": {}}
			for _, r := range reports(t, done, 3*n, patience) {
				kind, i := r.Opaque.([2]any)[0].(string), r.Opaque.([2]any)[1].(int)
				got := r.TopicPartition.Partition
				seen[kind][got] = true
				switch {
				case r.TopicPartition.Error != nil:
					t.Errorf("%s %d: %v", kind, i, r.TopicPartition.Error)
				case kind == "explicit" && got != int32(i%partitions):
					t.Errorf("a message for partition %d went to %d", i%partitions, got)
				case kind == "keyed" && row.hash != "" && int(got) != hashers[row.hash](key(i), partitions):
					t.Errorf("key %x went to %d, want %d", key(i), got, hashers[row.hash](key(i), partitions))
				}
			}
			if used := len(seen["no key"]); (used == 1) != row.nilFix {
				t.Errorf("messages without a key went to %d partitions", used)
			}
			if used := len(seen["keyed"]); used != partitions {
				t.Errorf("%d keys went to %d of %d partitions", n, used, partitions)
			}
		})
	}
}

func TestQueueFull(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 1)
	const room = 10
	p := newProducer(t, with(c, kafka.ConfigMap{"queue.buffering.max.messages": room, "linger.ms": 60000}))
	done := make(chan kafka.Event, 2*room)
	m := &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte("x")}
	for i := range room {
		if err := p.Produce(m, done); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if got := code(t, p.Produce(m, done)); got != kafka.ErrQueueFull {
		t.Fatalf("one message too many: %v", got)
	}
	if left := p.Flush(20000); left != 0 {
		t.Fatalf("Flush left %d", left)
	}
	reports(t, done, room, time.Second)
	if err := p.Produce(m, done); err != nil {
		t.Fatalf("after the flush: %v", err)
	}
	if left := p.Flush(20000); left != 0 {
		t.Fatalf("Flush left %d", left)
	}
	if r := reports(t, done, 1, time.Second)[0]; r.TopicPartition.Offset != room {
		t.Errorf("the last message is at %v, want offset %d", r.TopicPartition, room)
	}
	if all, err := c.ReadAll(t.Context(), topic); err != nil || len(all) != room+1 {
		t.Errorf("the log holds %d messages, want %d: %v", len(all), room+1, err)
	}
}

// Several goroutines produce into a small queue: all that Produce took is reported once and is in the log once, in the
// order of its goroutine.
func TestProduceConcurrently(t *testing.T) {
	t.Parallel()
	c := broker(t)
	const goroutines, each = 4, 2500
	topic := newTopic(t, c, goroutines)
	p := newProducer(t, with(c, kafka.ConfigMap{"enable.idempotence": true, "queue.buffering.max.messages": 500, "compression.type": "lz4"}))
	counted := make(chan map[any]int)
	go func() {
		got := map[any]int{}
		deadline := time.After(time.Minute)
		for len(got) < goroutines*each {
			select {
			case ev := <-p.Events():
				if m, ok := ev.(*kafka.Message); ok && m.TopicPartition.Error == nil {
					got[m.Opaque]++
				} else {
					t.Errorf("event %T %v", ev, ev)
				}
			case <-deadline:
				counted <- got
				return
			}
		}
		counted <- got
	}()
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for i := 0; i < each; {
				err := p.Produce(&kafka.Message{TopicPartition: partition(topic, int32(g)), Value: []byte(fmt.Sprint(i)), Opaque: [2]int{g, i}}, nil)
				switch {
				case err == nil:
					i++
				case code(t, err) == kafka.ErrQueueFull:
					<-tick.C
				default:
					t.Errorf("Produce: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	got := <-counted
	for g := range goroutines {
		for i := range each {
			if n := got[[2]int{g, i}]; n != 1 {
				t.Fatalf("message %d of goroutine %d has %d reports; %d of %d messages have one", i, g, n, len(got), goroutines*each)
			}
		}
	}
	all, err := c.ReadAll(t.Context(), topic)
	if err != nil || len(all) != goroutines*each {
		t.Fatalf("the log holds %d messages, want %d: %v", len(all), goroutines*each, err)
	}
	for _, r := range all {
		if string(r.Value) != fmt.Sprint(r.Offset) {
			t.Fatalf("partition %d holds %s at offset %d", r.Partition, r.Value, r.Offset)
		}
	}
}

// What the broker refuses is in the report: the message, and no other.
func TestRefusedByBroker(t *testing.T) {
	t.Parallel()
	c := broker(t)
	small := newTopicWith(t, c, 1, map[string]string{"max.message.bytes": "2000"})
	p := newProducer(t, with(c, kafka.ConfigMap{"linger.ms": 0, "retries": 2, "retry.backoff.ms": 50}))
	for _, row := range []struct {
		name  string
		topic string
		size  int
		want  kafka.ErrorCode
	}{
		{"small enough", small, 1000, kafka.ErrNoError},
		{"too large", small, 5000, kafka.ErrMsgSizeTooLarge},
		{"small again", small, 1000, kafka.ErrNoError},
	} {
		r := send(t, p, &kafka.Message{TopicPartition: partition(row.topic, 0), Value: make([]byte, row.size)})
		if got := code(t, r.TopicPartition.Error); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// A topic that is not there comes to be by producing to it, where the broker allows that.
func TestAutoCreateByProducing(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := unique(t, "topic")
	p := newProducer(t, with(c))
	if r := send(t, p, &kafka.Message{TopicPartition: partition(topic, kafka.PartitionAny), Value: []byte("first")}); r.TopicPartition.Error != nil || r.TopicPartition.Offset != 0 {
		t.Fatalf("report %v, %v", r.TopicPartition, r.TopicPartition.Error)
	}
	meta, err := p.GetMetadata(&topic, false, 10000)
	if err != nil {
		t.Fatal(err)
	}
	if got := meta.Topics[topic]; got.Error.Code() != kafka.ErrNoError || len(got.Partitions) == 0 {
		t.Errorf("metadata of the new topic: %+v", got)
	}
	if len(meta.Brokers) == 0 {
		t.Error("metadata without brokers")
	}
	no := newConsumer(t, with(c, kafka.ConfigMap{"group.id": "unused"}))
	missing := unique(t, "topic")
	if meta, err := no.GetMetadata(&missing, false, 10000); err != nil || meta.Topics[missing].Error.Code() != kafka.ErrUnknownTopicOrPart {
		t.Errorf("a consumer asks for a missing topic: %+v, %v", meta, err)
	}
}

// A message that nobody takes is reported when its time is over, and not before.
func TestMessageTimeout(t *testing.T) {
	t.Parallel()
	p := newProducer(t, &kafka.ConfigMap{"bootstrap.servers": "127.0.0.1:1", "message.timeout.ms": 1500})
	start := time.Now()
	done := make(chan kafka.Event, 1)
	if err := p.Produce(&kafka.Message{TopicPartition: partition("nobody", 0)}, done); err != nil {
		t.Fatal(err)
	}
	r := reports(t, done, 1, patience)[0]
	if took := time.Since(start); took < 1400*time.Millisecond {
		t.Errorf("reported after %v", took)
	}
	var e kafka.Error
	if !errors.As(r.TopicPartition.Error, &e) || e.Code() != kafka.ErrMsgTimedOut || !e.IsTimeout() || r.TopicPartition.Offset != kafka.OffsetInvalid {
		t.Errorf("report %v, %v", r.TopicPartition, r.TopicPartition.Error)
	}
}
