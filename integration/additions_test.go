package integration_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
)

// What this library adds to the peer's API, on a real broker.

// Callbacks run in Poll and Flush, on the goroutine that calls them, each once and in the order of the partition.
func TestProduceFunc(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 1)
	const n = 500
	p := newProducer(t, with(c))
	var inside atomic.Bool // a call that serves callbacks is under way
	var got []int
	for i := range n {
		err := p.ProduceFunc(&kafka.Message{TopicPartition: partition(topic, 0), Opaque: i}, func(m *kafka.Message, err error) {
			if !inside.Load() {
				t.Error("a callback ran outside Poll and Flush")
			}
			if err != nil || m.TopicPartition.Offset != kafka.Offset(len(got)) {
				t.Errorf("report %v, %v", m.TopicPartition, err)
			}
			got = append(got, m.Opaque.(int)) // the race detector knows whether this is one goroutine
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	inside.Store(true)
	served := 0
	for deadline := time.Now().Add(patience); served < n/2 && time.Now().Before(deadline); {
		served += p.Poll(100)
	}
	if served == 0 || served != len(got) {
		t.Errorf("Poll served %d callbacks, %d ran", served, len(got))
	}
	if left := p.Flush(20000); left != 0 {
		t.Errorf("Flush left %d", left)
	}
	inside.Store(false)
	if !slices.IsSorted(got) || len(got) != n {
		t.Errorf("%d callbacks ran, in order: %v", len(got), slices.IsSorted(got))
	}
}

func TestProduceContext(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 1)
	p := newProducer(t, with(c, kafka.ConfigMap{"queue.buffering.max.messages": 5, "linger.ms": 0}))
	const n = 200
	done := make(chan kafka.Event, n)
	for range n { // far more than the queue holds
		if err := p.ProduceContext(t.Context(), &kafka.Message{TopicPartition: partition(topic, 0)}, done); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := p.FlushContext(ctx); err != nil {
		t.Fatal(err)
	}
	if got := reports(t, done, n, time.Second); got[n-1].TopicPartition.Offset != n-1 {
		t.Errorf("the last report is %v", got[n-1].TopicPartition)
	}
	m, err := p.ProduceSync(ctx, &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte("sync")})
	if err != nil || m.TopicPartition.Offset != n {
		t.Errorf("ProduceSync: %v, %v", m, err)
	}

	stuck := newProducer(t, &kafka.ConfigMap{"bootstrap.servers": "127.0.0.1:1", "queue.buffering.max.messages": 1})
	if err := stuck.Produce(&kafka.Message{TopicPartition: partition(topic, 0)}, nil); err != nil {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := stuck.ProduceContext(soon, &kafka.Message{TopicPartition: partition(topic, 0)}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ProduceContext into a full queue: %v", err)
	}
}

// A context that ends wakes the call at once, and loses no message.
func TestReadContext(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 1)
	r := newConsumer(t, with(c, groupOf(t)))
	assign(t, r, at(topic, 0, kafka.OffsetBeginning))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	start := time.Now()
	if m, err := r.ReadMessageContext(ctx); m != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("ReadMessageContext: %v, %v", m, err)
	}
	if took := time.Since(start); took < 250*time.Millisecond || took > 1300*time.Millisecond {
		t.Errorf("it returned after %v", took)
	}
	const n = 300
	go func() {
		for i := range n / 10 {
			put(t, c, topic, 0, numbers(10*i, 10*i+10)...)
		}
	}()
	next := 0
	for deadline := time.Now().Add(patience); next < n && time.Now().Before(deadline); {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		ev, err := r.PollContext(ctx)
		cancel()
		if m, ok := ev.(*kafka.Message); ok {
			if string(m.Value) != fmt.Sprint(next) {
				t.Fatalf("read %s, want %d", m.Value, next)
			}
			next++
		} else if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("PollContext: %v", err)
		}
	}
	if next != n {
		t.Errorf("read %d of %d messages", next, n)
	}
}

func TestReadBatchAndMessages(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 1)
	put(t, c, topic, 0, numbers(0, 100)...)
	r := newConsumer(t, with(c, groupOf(t)))
	subscribe(t, r, topic)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var got []string
	for len(got) < 60 {
		batch, err := r.ReadBatch(ctx, 7)
		if err != nil || len(batch) == 0 || len(batch) > 7 {
			t.Fatalf("a batch of %d, %v", len(batch), err)
		}
		got = append(got, values(batch)...)
	}
	for m, err := range r.Messages(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, string(m.Value)); len(got) == 100 {
			break
		}
	}
	if !slices.Equal(got, numbers(0, 100)) {
		t.Errorf("read %v", got)
	}
}

// The result of a commit that nobody waited for comes to on_commit and as an event.
func TestCommitAsync(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic, group := newTopic(t, c, 1), groupOf(t)
	put(t, c, topic, 0, numbers(0, 5)...)
	var called []kafka.Offset
	onCommit := func(err error, offsets []kafka.TopicPartition) {
		if err != nil || len(offsets) != 1 || offsets[0].Error != nil {
			t.Errorf("on_commit got %v, %v", err, offsets)
			return
		}
		called = append(called, offsets[0].Offset)
	}
	r := newConsumer(t, with(c, group, manual, kafka.ConfigMap{"on_commit": onCommit}))
	subscribe(t, r, topic)
	messages(t, r, 5)
	for i, commit := range []func() error{
		func() error { return r.CommitAsync() },
		func() error { return r.CommitAsync(at(topic, 0, 3)) },
	} {
		if err := commit(); err != nil {
			t.Fatal(err)
		}
		want := []kafka.Offset{5, 3}[i]
		pollUntil(t, r, patience, "an OffsetsCommitted event", func(ev kafka.Event) bool {
			e, ok := ev.(kafka.OffsetsCommitted)
			return ok && e.Error == nil && e.Offsets[0].Offset == want
		})
		if got := committed(t, c, group["group.id"].(string), topic, 0); got != int64(want) {
			t.Errorf("the broker has offset %d, want %d", got, want)
		}
	}
	if !slices.Equal(called, []kafka.Offset{5, 3}) {
		t.Errorf("on_commit was called with %v", called)
	}
}

// A message whose handling failed is not committed; the next consumer gets it again.
func TestAtLeastOnceHandlerFails(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic, group := newTopic(t, c, 1), groupOf(t)
	put(t, c, topic, 0, numbers(0, 10)...)
	own := kafka.ConfigMap{"enable.auto.commit": false, "enable.auto.offset.store": false}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	broken := errors.New("broken")
	r := newConsumer(t, with(c, group, own))
	subscribe(t, r, topic)
	err := kafka.ConsumeAtLeastOnce(ctx, r, kafka.CommitPolicy{Messages: 3}, func(m *kafka.Message) error {
		if string(m.Value) == "7" {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) {
		t.Fatalf("it returned %v", err)
	}
	closeConsumer(t, r)
	if got := committed(t, c, group["group.id"].(string), topic, 0); got != 7 {
		t.Errorf("offset %d is committed, want 7", got)
	}
	next := newConsumer(t, with(c, group, own))
	subscribe(t, next, topic)
	if got := values(messages(t, next, 3)); !slices.Equal(got, []string{"7", "8", "9"}) {
		t.Errorf("the next consumer reads %v", got)
	}
}

// A member that another has taken the place of cannot commit, so it hands out nothing more.
func TestAtMostOnceCommitFails(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic, group := newTopic(t, c, 1), groupOf(t)
	put(t, c, topic, 0, numbers(0, 100)...)
	conf := with(c, group, kafka.ConfigMap{"enable.auto.commit": false, "enable.auto.offset.store": false, "group.instance.id": "the-one"})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r := newConsumer(t, conf)
	subscribe(t, r, topic)
	var got, after []string
	err := kafka.ConsumeAtMostOnce(ctx, r, 10, func(batch []*kafka.Message) error {
		got = append(got, values(batch)...)
		if len(got) > len(batch) {
			return errors.New("a batch was handed out whose commit cannot have succeeded")
		}
		rival := newConsumer(t, conf)
		subscribe(t, rival, topic)
		after = values(messages(t, rival, 100-len(batch)))
		return nil
	})
	if err == nil || ctx.Err() != nil {
		t.Errorf("it returned %v", err)
	}
	if all := append(got, after...); !slices.Equal(all, numbers(0, 100)) {
		t.Errorf("handed out: %v", all)
	}
}
