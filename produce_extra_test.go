package kafka_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

func TestCallbacks(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	var byDefault []string
	p := newProducer(t, c.Bootstrap, "linger.ms", 0, "on_delivery", func(m *kafka.Message, err error) {
		byDefault = append(byDefault, fmt.Sprint(string(m.Value), err))
	})
	if n := p.Poll(0); n != 0 {
		t.Errorf("Poll: %d", n)
	}
	if n := p.Poll(10); n != 0 {
		t.Errorf("Poll: %d", n)
	}
	var own []string
	ch := make(chan kafka.Event, 1)
	must(t, p.Produce(message("orders", 0, "", "default"), nil))
	must(t, p.ProduceFunc(message("orders", 0, "", "nil callback"), nil))
	must(t, p.Produce(message("orders", 0, "", "channel"), ch))
	must(t, p.ProduceFunc(message("orders", 0, "", "own"), func(m *kafka.Message, err error) {
		own = append(own, fmt.Sprint(string(m.Value), err, m.TopicPartition.Offset))
	}))
	must(t, p.ProduceFunc(message("orders", 9, "", "bad"), func(_ *kafka.Message, err error) {
		own = append(own, fmt.Sprint(code(err) == kafka.ErrUnknownPartition))
	}))
	nextReport(t, ch)
	for served := 0; served < 4; {
		n := p.Poll(int(patience.Milliseconds()))
		if n == 0 {
			t.Fatalf("%d callbacks ran in time", served)
		}
		served += n
	}
	if got := fmt.Sprint(byDefault); got != "[default<nil> nil callback<nil>]" {
		t.Error(got)
	}
	if got := fmt.Sprint(own); got != "[true own<nil> 3]" {
		t.Error(got)
	}
	noReport(t, p.Events())
	if n := p.Len(); n != 0 {
		t.Errorf("Len is %d", n)
	}
}

func TestFlushRunsCallbacks(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap)
	ran := 0
	for range 100 {
		must(t, p.ProduceFunc(message("orders", 0, "", "v"), func(*kafka.Message, error) { ran++ }))
	}
	if n := p.Flush(20000); n != 0 || ran != 100 {
		t.Errorf("Flush: %d, %d callbacks", n, ran)
	}
}

// TestCallbackPanic: a panic reaches the caller of Poll; the report is not repeated, those behind it are not lost.
func TestCallbackPanic(t *testing.T) {
	t.Parallel()
	p := newProducer(t, nowhere)
	var ran []int
	for i := range 5 {
		must(t, p.ProduceFunc(message("t", 0, "", "v"), func(*kafka.Message, error) {
			ran = append(ran, i)
			if i%2 == 1 {
				panic(i)
			}
		}))
	}
	must(t, p.Purge(kafka.PurgeQueue))
	panics := 0
	for range 3 {
		func() {
			defer func() {
				if recover() != nil {
					panics++
				}
			}()
			p.Poll(0)
		}()
	}
	if fmt.Sprint(ran) != "[0 1 2 3 4]" || panics != 2 || p.Len() != 0 {
		t.Errorf("ran %v, %d panics, %d left", ran, panics, p.Len())
	}
}

func TestCallbackCallsProducer(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0)
	depth := 0
	var again func(*kafka.Message, error)
	again = func(*kafka.Message, error) {
		if depth++; depth < 5 {
			must(t, p.ProduceFunc(message("orders", 0, "", "v"), again))
			p.Poll(int(patience.Milliseconds()))
			p.Flush(1)
		}
	}
	must(t, p.ProduceFunc(message("orders", 0, "", "v"), again))
	if n := p.Flush(20000); n != 0 || depth != 5 {
		t.Errorf("Flush: %d, depth %d", n, depth)
	}
}

// TestCallbacksUnserved: an application that never polls is told by ErrQueueFull, and goes on once it does.
func TestCallbacksUnserved(t *testing.T) {
	t.Parallel()
	p := newProducer(t, nowhere, "queue.buffering.max.messages", 3)
	for range 3 {
		must(t, p.ProduceFunc(message("t", 0, "", "v"), func(*kafka.Message, error) {}))
	}
	must(t, p.Purge(kafka.PurgeQueue))
	if err := p.Produce(message("t", 0, "", "v"), nil); code(err) != kafka.ErrQueueFull {
		t.Errorf("with three callbacks that wait: %v", err)
	}
	waiting := make(chan error)
	go func() { waiting <- p.ProduceContext(t.Context(), message("t", 0, "", "v"), nil) }()
	soon(t, "ProduceContext waits", func() bool { return kafka.WaitingForRoomForTest(p) == 1 })
	if n := p.Poll(0); n != 3 {
		t.Errorf("Poll: %d", n)
	}
	must(t, <-waiting)
}

func TestEventCallbacks(t *testing.T) {
	t.Parallel()
	errors := 0
	p := newProducer(t, nowhere, "error_cb", func(err kafka.Error) {
		if err.Code() == kafka.ErrTransport || err.Code() == kafka.ErrAllBrokersDown {
			errors++
		}
	})
	for errors < 2 {
		if p.Poll(int(patience.Milliseconds())) == 0 {
			t.Fatal("no error in time")
		}
	}
	if len(p.Events()) != 0 {
		t.Error("errors came as events too")
	}
}

func TestThrottleCallback(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r := req.(*kmsg.ProduceRequest)
		resp := r.ResponseKind().(*kmsg.ProduceResponse)
		resp.ThrottleMillis = 20
		for _, rt := range r.Topics {
			st := kmsg.NewProduceResponseTopic()
			st.Topic, st.TopicID = rt.Topic, rt.TopicID
			for _, rp := range rt.Partitions {
				sp := kmsg.NewProduceResponseTopicPartition()
				sp.Partition = rp.Partition
				st.Partitions = append(st.Partitions, sp)
			}
			resp.Topics = append(resp.Topics, st)
		}
		return resp, nil, true
	})
	var throttled time.Duration
	p := newProducer(t, c.Bootstrap, "throttle_cb", func(_ string, _ int32, d time.Duration) { throttled = d })
	must(t, p.Produce(message("orders", 0, "", "v"), nil))
	for throttled == 0 {
		if p.Poll(int(patience.Milliseconds())) == 0 {
			t.Fatal("no call in time")
		}
	}
	if throttled != 20*time.Millisecond {
		t.Error(throttled)
	}
}

func TestProduceSync(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap)
	for i := range kafka.Offset(3) {
		m, err := p.ProduceSync(t.Context(), message("orders", 0, "k", "v"))
		if err != nil || m.TopicPartition.Offset != i {
			t.Errorf("%v, %v", m, err)
		}
	}
	if _, err := p.ProduceSync(t.Context(), nil); code(err) != kafka.ErrInvalidArg {
		t.Error(err)
	}
	if _, err := p.ProduceSync(t.Context(), message("orders", 7, "k", "v")); code(err) != kafka.ErrUnknownPartition {
		t.Error(err)
	}
	off := newProducer(t, nowhere)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := off.ProduceSync(ctx, message("t", 0, "k", "v")); err != context.DeadlineExceeded {
		t.Error(err)
	}
}

func TestProduceChannel(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 3))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0, "queue.buffering.max.messages", 2)
	const n = 50
	for i := range n {
		m := message("orders", 2, "k", fmt.Sprint(i))
		m.Opaque = i
		p.ProduceChannel() <- m
	}
	if got := p.Len(); got < 1 {
		t.Errorf("Len is %d", got)
	}
	for i := range n { // a full queue makes it wait
		if r := nextReport(t, p.Events()); r.TopicPartition.Error != nil || r.TopicPartition.Partition != 2 || r.Opaque != i {
			t.Fatalf("report %d: %v %v", i, r.TopicPartition, r.Opaque)
		}
	}
	bad := message("orders", 7, "k", "bad")
	p.ProduceChannel() <- bad
	if r := nextReport(t, p.Events()); r != bad || code(r.TopicPartition.Error) != kafka.ErrUnknownPartition {
		t.Errorf("a refused message comes back as %p %v, want %p", r, r.TopicPartition, bad)
	}
	p.ProduceChannel() <- nil
	soon(t, "an error for a nil message", func() bool {
		select {
		case e := <-p.Events():
			return code(e.(error)) == kafka.ErrInvalidArg
		default:
			return false
		}
	})
	if got := p.Flush(10000); got != 0 {
		t.Errorf("Flush: %d", got)
	}
}

func TestProduceChannelClose(t *testing.T) {
	t.Parallel()
	p := newProducer(t, nowhere, "queue.buffering.max.messages", 2)
	for range 10 {
		p.ProduceChannel() <- message("t", 0, "k", "v")
	}
	soon(t, "Len is 10", func() bool { return p.Len() == 10 })
	p.Close()
	n := 0
	for e := range p.Events() {
		if r, ok := e.(*kafka.Message); ok {
			n++
			if code(r.TopicPartition.Error) != kafka.ErrPurgeQueue {
				t.Errorf("report of %v", r.TopicPartition)
			}
		}
	}
	if n != 10 {
		t.Errorf("%d reports of 10", n)
	}
	p.ProduceChannel() <- message("t", 0, "k", "v") // no panic
}

func TestBatchProducer(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "go.batch.producer", true, "linger.ms", 0)
	m := message("orders", 17, "", "")
	m.Key, m.Value, m.Opaque, m.Timestamp, m.Headers = []byte{}, []byte("v"), 1, time.UnixMilli(5), []kafka.Header{{Key: "h"}}
	p.ProduceChannel() <- m
	r := nextReport(t, p.Events())
	if r.TopicPartition.Error != nil || r.TopicPartition.Partition != 0 || r.Opaque != nil || r.Key != nil || string(r.Value) != "v" {
		t.Errorf("report %+v", r)
	}
	if m.Opaque != 1 || m.TopicPartition.Partition != 17 {
		t.Error("the application's message was changed")
	}
}
