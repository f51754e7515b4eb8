package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// readingModes are all ways to read n messages.
var readingModes = []struct {
	name string
	conf kafka.ConfigMap
	read func(t *testing.T, c *kafka.Consumer, n int) []*kafka.Message
}{
	{"Poll", nil, func(t *testing.T, c *kafka.Consumer, n int) (got []*kafka.Message) {
		pollUntil(t, c, "messages", func(ev kafka.Event) bool {
			if m, ok := ev.(*kafka.Message); ok {
				got = append(got, m)
			}
			return len(got) == n
		})
		return got
	}},
	{"ReadMessage", nil, func(t *testing.T, c *kafka.Consumer, n int) (got []*kafka.Message) {
		for len(got) < n {
			m, err := c.ReadMessage(patience)
			need(t, "ReadMessage", err)
			got = append(got, m)
		}
		return got
	}},
	{"Events", kafka.ConfigMap{"go.events.channel.enable": true, "go.events.channel.size": 3}, func(t *testing.T, c *kafka.Consumer, n int) (got []*kafka.Message) {
		end := time.After(patience)
		for len(got) < n {
			select {
			case ev := <-c.Events():
				if m, ok := ev.(*kafka.Message); ok {
					got = append(got, m)
				}
			case <-end:
				t.Fatalf("%d of %d messages on the channel", len(got), n)
			}
		}
		return got
	}},
	{"PollContext", nil, func(t *testing.T, c *kafka.Consumer, n int) (got []*kafka.Message) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for len(got) < n {
			ev, err := c.PollContext(ctx)
			need(t, "PollContext", err)
			if m, ok := ev.(*kafka.Message); ok {
				got = append(got, m)
			}
		}
		return got
	}},
	{"ReadBatch", nil, func(t *testing.T, c *kafka.Consumer, n int) (got []*kafka.Message) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for len(got) < n {
			batch, err := c.ReadBatch(ctx, min(7, n-len(got)))
			need(t, "ReadBatch", err)
			if len(batch) == 0 || len(batch) > 7 {
				t.Fatalf("a batch of %d messages, want 1 to 7", len(batch))
			}
			got = append(got, batch...)
		}
		return got
	}},
	{"Messages", nil, func(t *testing.T, c *kafka.Consumer, n int) (got []*kafka.Message) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for m, err := range c.Messages(ctx) {
			need(t, "Messages", err)
			if got = append(got, m); len(got) == n {
				break
			}
		}
		return got
	}},
}

// TestReadingModes: each way to read gives every message once, in the order of its partition, as it was produced.
func TestReadingModes(t *testing.T) {
	t.Parallel()
	const partitions, perPartition = 3, 40
	cl := testcluster.New(t, 2, testcluster.Topic("t", partitions))
	at := time.UnixMilli(1_600_000_000_123)
	var records []*kgo.Record
	for p := range int32(partitions) {
		for i := range perPartition {
			r := &kgo.Record{Topic: "t", Partition: p, Timestamp: at.Add(time.Duration(i) * time.Millisecond), Value: fmt.Appendf(nil, "v%d", i), Key: []byte("k")}
			switch i {
			case 0: // nil key and value
				r.Key, r.Value = nil, nil
			case 1: // empty ones
				r.Key, r.Value = []byte{}, []byte{}
			case 2:
				r.Headers = []kgo.RecordHeader{{Key: "a", Value: []byte("1")}, {Key: "nil"}, {Key: "empty", Value: []byte{}}, {Key: "a", Value: []byte("2")}}
			}
			records = append(records, r)
		}
	}
	produce(t, cl, records...)
	for _, mode := range readingModes {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			c := startConsumer(t, cl, mode.conf)
			need(t, "Subscribe", c.Subscribe("t", nil))
			next := map[int32]int{}
			for _, m := range mode.read(t, c, partitions*perPartition) {
				p, i := m.TopicPartition.Partition, next[m.TopicPartition.Partition]
				next[p]++
				where := fmt.Sprintf("message %d of partition %d", i, p)
				if *m.TopicPartition.Topic != "t" || m.TopicPartition.Offset != kafka.Offset(i) || m.TopicPartition.Error != nil || m.TopicPartition.Metadata != nil {
					t.Fatalf("%s: %+v", where, m.TopicPartition)
				}
				if m.LeaderEpoch == nil || m.TopicPartition.LeaderEpoch == nil || *m.LeaderEpoch != cl.PartitionInfo("t", p).Epoch || *m.TopicPartition.LeaderEpoch != *m.LeaderEpoch {
					t.Errorf("%s: leader epochs %v and %v, want %d", where, m.LeaderEpoch, m.TopicPartition.LeaderEpoch, cl.PartitionInfo("t", p).Epoch)
				}
				if !m.Timestamp.Equal(at.Add(time.Duration(i)*time.Millisecond)) || m.TimestampType != kafka.TimestampCreateTime {
					t.Errorf("%s: timestamp %v %v", where, m.Timestamp, m.TimestampType)
				}
				if m.Opaque != nil {
					t.Errorf("%s: opaque %v", where, m.Opaque)
				}
				wantKey, wantValue, wantHeaders := []byte("k"), fmt.Appendf(nil, "v%d", i), []kafka.Header(nil)
				switch i {
				case 0:
					wantKey, wantValue = nil, nil
				case 1:
					wantKey, wantValue = []byte{}, []byte{}
				case 2:
					wantHeaders = []kafka.Header{{Key: "a", Value: []byte("1")}, {Key: "nil"}, {Key: "empty", Value: []byte{}}, {Key: "a", Value: []byte("2")}}
				}
				if !sameBytes(m.Key, wantKey) || !sameBytes(m.Value, wantValue) {
					t.Errorf("%s: key %#v value %#v, want %#v %#v", where, m.Key, m.Value, wantKey, wantValue)
				}
				if (m.Headers == nil) != (wantHeaders == nil) || !slices.EqualFunc(m.Headers, wantHeaders, func(a, b kafka.Header) bool {
					return a.Key == b.Key && sameBytes(a.Value, b.Value)
				}) {
					t.Errorf("%s: headers %v, want %v", where, m.Headers, wantHeaders)
				}
			}
			for p := range int32(partitions) {
				if next[p] != perPartition {
					t.Errorf("partition %d: %d messages, want %d", p, next[p], perPartition)
				}
			}
		})
	}
}

// sameBytes tells nil from empty.
func sameBytes(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

func TestPollTimeouts(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	c := startConsumer(t, cl)
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
	for _, ms := range []int{0, 1, 20} {
		start := time.Now()
		if ev := c.Poll(ms); ev != nil {
			t.Errorf("Poll(%d) of an empty partition: %v", ms, ev)
		}
		if took := time.Since(start); took < time.Duration(ms)*time.Millisecond {
			t.Errorf("Poll(%d) returned after %v", ms, took)
		}
	}
	for _, d := range []time.Duration{0, time.Nanosecond, 20 * time.Millisecond} {
		start := time.Now()
		m, err := c.ReadMessage(d)
		if m != nil {
			t.Errorf("ReadMessage(%v): %v", d, m)
		}
		wantCode(t, fmt.Sprintf("ReadMessage(%v)", d), err, kafka.ErrTimedOut)
		if took := time.Since(start); took < d {
			t.Errorf("ReadMessage(%v) returned after %v", d, took)
		}
	}
	// Negative timeouts wait for ever: until something comes.
	for i, read := range []func() (*kafka.Message, error){
		func() (*kafka.Message, error) { return c.ReadMessage(-1) },
		func() (*kafka.Message, error) { return c.ReadMessage(-time.Hour) },
		func() (*kafka.Message, error) {
			m, ok := c.Poll(-1).(*kafka.Message)
			if !ok {
				return nil, errors.New("another event")
			}
			return m, nil
		},
		func() (*kafka.Message, error) {
			m, ok := c.Poll(-1 << 30).(*kafka.Message)
			if !ok {
				return nil, errors.New("another event")
			}
			return m, nil
		},
	} {
		got := make(chan *kafka.Message, 1)
		go func() {
			m, err := read()
			if err != nil {
				t.Errorf("read %d: %v", i, err)
			}
			got <- m
		}()
		fill(t, cl, "t", 0, i, 1)
		select {
		case m := <-got:
			if m == nil || string(m.Value) != fmt.Sprintf("v%d", i) {
				t.Errorf("read %d: %v", i, m)
			}
		case <-time.After(patience):
			t.Fatalf("read %d did not wake up", i)
		}
	}
}

// TestContexts: a context that ends wakes a waiting call at once, and no message is lost by it.
func TestContexts(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	c := startConsumer(t, cl)
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
	calls := map[string]func(ctx context.Context) error{
		"PollContext":        func(ctx context.Context) error { _, err := c.PollContext(ctx); return err },
		"ReadMessageContext": func(ctx context.Context) error { _, err := c.ReadMessageContext(ctx); return err },
		"ReadBatch": func(ctx context.Context) error {
			batch, err := c.ReadBatch(ctx, 5)
			if len(batch) > 0 {
				t.Errorf("ReadBatch: %v", batch)
			}
			return err
		},
	}
	for name, call := range calls {
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := call(ended); err != context.Canceled {
			t.Errorf("%s with an ended context: %v", name, err)
		}
		short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if err := call(short); err != context.DeadlineExceeded {
			t.Errorf("%s with a deadline: %v", name, err)
		}
		cancel()
		waiting, cancel := context.WithCancel(t.Context())
		got := make(chan error)
		go func() { got <- call(waiting) }()
		cancel()
		select {
		case err := <-got:
			if err != context.Canceled {
				t.Errorf("%s, cancelled: %v", name, err)
			}
		case <-time.After(patience):
			t.Fatalf("%s does not see the end of its context", name)
		}
	}
	for range c.Messages(contextEnded()) {
		t.Error("Messages with an ended context gives something")
	}
	_, err := c.ReadBatch(t.Context(), 0)
	wantCode(t, "ReadBatch of 0", err, kafka.ErrInvalidArg)

	// Cancel over and over while messages come: all have to arrive, once and in order.
	const n = 200
	go func() {
		engine := engineOn(t, cl)
		for i := range n {
			engine.Produce(context.Background(), &kgo.Record{Topic: "t", Value: fmt.Appendf(nil, "v%d", i)}, nil)
		}
	}()
	var got []string
	for end := time.Now().Add(patience); len(got) < n && time.Now().Before(end); {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Microsecond)
		if m, err := c.ReadMessageContext(ctx); err == nil {
			got = append(got, string(m.Value))
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		cancel()
	}
	wantValues(t, "messages between cancelled calls", got, values(0, n))
}

func contextEnded() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestReadBatchStores: the offsets of the whole batch are stored when it is handed out.
func TestReadBatchStores(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	fill(t, cl, "t", 0, 0, 10)
	group := newGroup()
	c := startConsumer(t, cl, kafka.ConfigMap{"group.id": group, "enable.auto.commit": false})
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
	total := 0
	for total < 6 {
		batch, err := c.ReadBatch(t.Context(), 6-total)
		need(t, "ReadBatch", err)
		total += len(batch)
	}
	list, err := c.Commit()
	need(t, "Commit", err)
	if got := committedIn(cl, group, "t", 0); got != 6 {
		t.Errorf("committed %d (%v), want 6", got, list)
	}
}

// TestMessagesErrors: an Error event is yielded, and does not end the iteration.
func TestMessagesErrors(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	fill(t, cl, "t", 0, 0, 1)
	c := startConsumer(t, cl)
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0), tp("t", 7, 0))))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	messages, failures := 0, 0
	for m, err := range c.Messages(ctx) {
		if err != nil {
			wantCode(t, "Messages", err, kafka.ErrUnknownPartition)
			failures++
		} else if m != nil {
			messages++
		}
		if messages == 1 && failures == 1 {
			break
		}
	}
	if messages != 1 || failures != 1 {
		t.Errorf("%d messages and %d errors, want 1 and 1", messages, failures)
	}
	go func() { closeSoon(t, c) }()
	for m, err := range c.Messages(ctx) { // ends because the consumer is closed
		t.Errorf("after Close: %v, %v", m, err)
	}
	if ctx.Err() != nil {
		t.Error("Messages did not end with Close")
	}
}
