package kafka_test

import (
	"slices"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

func TestPurge(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 2))
	p := newProducer(t, c.Bootstrap, "linger.ms", 60000, "max.in.flight", 1)
	must(t, p.Produce(message("orders", 0, "", "warm"), nil))
	go p.Flush(10000) // sends, as it ignores linger.ms
	nextReport(t, p.Events())

	release := make(chan struct{})
	held := holdProduce(c, release)
	must(t, p.Produce(message("orders", 0, "", "in flight"), nil))
	flushed := make(chan int)
	go func() { flushed <- p.Flush(50) }()
	<-held
	if n := <-flushed; n != 1 {
		t.Errorf("Flush: %d", n)
	}
	must(t, p.Produce(message("orders", 0, "", "queued"), nil))
	must(t, p.Produce(message("orders", 1, "", "queued"), nil))
	must(t, p.Produce(message("other", kafka.PartitionAny, "", "queued"), nil))

	for _, flags := range []int{0, kafka.PurgeNonBlocking} {
		must(t, p.Purge(flags))
	}
	for _, flags := range []int{8, 0xff, -1} {
		if err := p.Purge(flags); code(err) != kafka.ErrInvalidArg {
			t.Errorf("Purge(%d): %v", flags, err)
		}
	}
	noReport(t, p.Events())
	must(t, p.Purge(kafka.PurgeQueue|kafka.PurgeNonBlocking))
	for range 3 {
		if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != kafka.ErrPurgeQueue || string(r.Value) != "queued" {
			t.Errorf("report %q of %v", r.Value, r.TopicPartition)
		}
	}
	noReport(t, p.Events())
	must(t, p.Purge(kafka.PurgeInFlight))
	if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != kafka.ErrPurgeInflight || string(r.Value) != "in flight" {
		t.Errorf("report %q of %v", r.Value, r.TopicPartition)
	}
	if n := p.Len(); n != 0 {
		t.Errorf("Len is %d", n)
	}
	must(t, p.Produce(message("orders", 0, "", "next"), nil))
	close(release)
	go p.Flush(10000)
	if r := nextReport(t, p.Events()); r.TopicPartition.Error != nil || string(r.Value) != "next" {
		t.Errorf("report %q of %v", r.Value, r.TopicPartition)
	}
	if got := contents(t, c.Bootstrap, "orders", 0); !slices.Equal(got, []string{"warm", "in flight", "next"}) {
		t.Errorf("the topic holds %q", got)
	}
	if got := contents(t, c.Bootstrap, "orders", 1); len(got) != 0 {
		t.Errorf("the other partition holds %q", got)
	}
}

// TestPurgeForgets: what is kept of messages that were given up is gone when the engine has given them back, also behind
// some that were delivered. The promises looked through all of it before, each of them.
func TestPurgeForgets(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "linger.ms", 60_000)
	m, reports := message("orders", 0, "", "v"), make(chan kafka.Event, 1020)
	produce := func(n int) {
		for range n {
			must(t, p.Produce(m, reports))
		}
	}
	for range 2 { // the first ones wait for the topic, and are in no block
		produce(10)
		must(t, p.FlushContext(t.Context()))
	}
	produce(1000)
	must(t, p.Purge(kafka.PurgeQueue))
	blocks, givenUp := kafka.BlocksForTest(p)
	soon(t, "the engine has given back all", func() bool {
		blocks, givenUp = kafka.BlocksForTest(p)
		return givenUp == 0
	})
	if blocks > 1 {
		t.Errorf("%d blocks are left", blocks)
	}
}

// TestPurgeInFlightLingers: a purge of what is in flight leaves what lingers, and does not send it.
func TestPurgeInFlightLingers(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	p := newProducer(t, cl.Bootstrap, "linger.ms", 60_000)
	topic := "t"
	_, err := p.GetMetadata(&topic, false, 5000)
	must(t, err)
	must(t, p.Produce(message("t", 0, "k", "v"), nil))
	must(t, p.Purge(kafka.PurgeInFlight))
	select {
	case ev := <-p.Events():
		t.Errorf("event %v", ev)
	case <-time.After(300 * time.Millisecond): // if it was sent, it has arrived by then
	}
	must(t, p.Purge(kafka.PurgeQueue))
	if r := nextReport(t, p.Events()); code(r.TopicPartition.Error) != kafka.ErrPurgeQueue {
		t.Errorf("report %v", r)
	}
}
