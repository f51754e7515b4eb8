package kafka_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// TestEveryMessageIsReportedOnce: whatever is called in whatever order, and whatever becomes of the brokers, each
// message that was accepted gets exactly one report, and reports say delivered only of what the topic holds.
func TestEveryMessageIsReportedOnce(t *testing.T) {
	t.Parallel()
	var accepted, delivered atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for seed := range uint64(8) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				c := newChaos(t, seed)
				c.run()
				accepted.Add(int64(len(c.accepted)))
				delivered.Add(int64(len(c.delivered)))
			})
		}
	})
	t.Logf("%d accepted, %d delivered", accepted.Load(), delivered.Load())
	if delivered.Load() == 0 || delivered.Load() == accepted.Load() {
		t.Error("there must be messages of both kinds")
	}
}

// chaos is one run: a producer on two brokers, with random calls.
type chaos struct {
	t      *testing.T
	rnd    *rand.Rand
	mc     *kafka.MockCluster
	p      *kafka.Producer
	shared chan kafka.Event
	alone  []chan kafka.Event

	mu        sync.Mutex // guards all below
	accepted  map[int]bool
	reports   map[int]int
	delivered map[string]bool
}

const chaosSteps = 400

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{
		t: t, rnd: rand.New(rand.NewPCG(seed, 1)), mc: newMock(t, 2),
		shared:   make(chan kafka.Event, 2*chaosSteps),
		accepted: map[int]bool{}, reports: map[int]int{}, delivered: map[string]bool{},
	}
	must(t, c.mc.CreateTopic("orders", 3, 1))
	c.p = newProducer(t, c.mc.BootstrapServers(), "message.timeout.ms", 50+c.rnd.IntN(400), "linger.ms", c.rnd.IntN(20),
		"enable.idempotence", seed%2 == 0, "queue.buffering.max.messages", 100, "go.events.channel.size", c.rnd.IntN(3),
		"reconnect.backoff.ms", 5, "reconnect.backoff.max.ms", 20, "retry.backoff.ms", 5, "topic.metadata.propagation.max.ms", 20)
	if seed%4 < 2 {
		kafka.GatherForTest(c.p)
	}
	return c
}

func (c *chaos) run() {
	var tasks sync.WaitGroup
	tasks.Go(c.readEvents)
	for range 2 { // two at once
		rnd := rand.New(rand.NewPCG(c.rnd.Uint64(), 2))
		first := c.rnd.IntN(1 << 30)
		tasks.Go(func() {
			for i := range chaosSteps / 2 {
				c.step(rnd, first<<10+i)
			}
		})
	}
	outages := rand.New(rand.NewPCG(c.rnd.Uint64(), 3))
	for range 6 {
		c.pause(outages.IntN(60))
		id := 1 + outages.IntN(2)
		must(c.t, c.mc.SetBrokerDown(id))
		c.pause(outages.IntN(200))
		must(c.t, c.mc.SetBrokerUp(id))
	}
	if outages.IntN(2) == 0 {
		c.p.Flush(outages.IntN(1000))
	}
	c.p.Close()
	tasks.Wait()
	c.p.Poll(0)
	c.check()
}

func (c *chaos) pause(ms int) {
	timer := time.NewTimer(time.Duration(ms) * time.Millisecond)
	<-timer.C
}

// step makes a random call. id tells the message apart.
func (c *chaos) step(rnd *rand.Rand, id int) {
	m := message("orders", int32(rnd.IntN(4)-1), "", fmt.Sprint(id))
	m.Opaque = id
	switch rnd.IntN(20) {
	case 0:
		m.TopicPartition.Partition = 5
	case 1:
		m.TopicPartition = message(fmt.Sprint("other", rnd.IntN(2)), 0, "", "").TopicPartition
	}
	switch rnd.IntN(12) {
	case 0, 1, 2:
		c.accept(id, c.p.Produce(m, nil))
	case 3, 4, 5:
		c.accept(id, c.p.Produce(m, c.shared))
	case 6:
		ch := make(chan kafka.Event, 1)
		c.mu.Lock()
		c.alone = append(c.alone, ch)
		c.mu.Unlock()
		c.accept(id, c.p.Produce(m, ch))
	case 7, 8:
		c.accept(id, c.p.ProduceFunc(m, func(m *kafka.Message, _ error) { c.report(m) }))
	case 9:
		ctx, cancel := context.WithTimeout(c.t.Context(), time.Duration(rnd.IntN(20))*time.Millisecond)
		err := c.p.ProduceContext(ctx, m, c.shared)
		cancel()
		c.accept(id, err)
	case 10:
		c.p.Flush(rnd.IntN(20))
		c.p.Poll(rnd.IntN(5))
	case 11:
		switch rnd.IntN(4) {
		case 0:
			_ = c.p.Purge(rnd.IntN(8))
		case 1:
			c.pause(rnd.IntN(20))
		}
	}
}

func (c *chaos) accept(id int, err error) {
	if err == nil {
		c.mu.Lock()
		c.accepted[id] = true
		c.mu.Unlock()
	}
}

func (c *chaos) readEvents() {
	for e := range c.p.Events() {
		if m, ok := e.(*kafka.Message); ok {
			c.report(m)
		}
	}
}

func (c *chaos) report(m *kafka.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reports[m.Opaque.(int)]++
	if m.TopicPartition.Error == nil {
		c.delivered[string(m.Value)] = true
	}
}

func (c *chaos) check() {
	for _, ch := range append(c.alone, c.shared) {
		for len(ch) > 0 {
			c.report((<-ch).(*kafka.Message))
		}
	}
	for id := range c.accepted {
		if c.reports[id] != 1 {
			c.t.Errorf("message %d has %d reports", id, c.reports[id])
		}
	}
	for id := range c.reports {
		if !c.accepted[id] {
			c.t.Errorf("message %d was not accepted, and has a report", id)
		}
	}
	stored := map[string]bool{}
	for topic, partitions := range map[string]int32{"orders": 3, "other0": 1, "other1": 1} {
		for partition := range partitions {
			for _, v := range contents(c.t, c.mc.BootstrapServers(), topic, partition) {
				stored[v] = true
			}
		}
	}
	for v := range c.delivered {
		if !stored[v] {
			c.t.Errorf("message %s was reported as delivered and is not there", v)
		}
	}
}

// TestProduceOrder: what one goroutine produces to a partition comes in its order, also where others produce to it at the
// same time, with and without gathering.
func TestProduceOrder(t *testing.T) {
	t.Parallel()
	for _, gathers := range []bool{false, true} {
		t.Run(fmt.Sprint("gather ", gathers), func(t *testing.T) {
			t.Parallel()
			const workers, messages = 4, 3000
			c := testcluster.New(t, 1, testcluster.Topic("orders", 2))
			p := newProducer(t, c.Bootstrap, "go.delivery.reports", false)
			if gathers {
				kafka.GatherForTest(p)
			}
			var tasks sync.WaitGroup
			for worker := range workers {
				rnd := rand.New(rand.NewPCG(1, uint64(worker)))
				tasks.Go(func() {
					for i := range messages {
						must(t, p.Produce(message("orders", int32(i%2), "", fmt.Sprint(worker, " ", i)), nil))
						if rnd.IntN(200) == 0 {
							p.Flush(1)
						}
					}
				})
			}
			tasks.Wait()
			if n := p.Flush(10000); n != 0 {
				t.Fatalf("%d messages are left", n)
			}
			for partition := range int32(2) {
				next := make([]int, workers)
				for w := range next {
					next[w] = int(partition)
				}
				for _, v := range contents(t, c.Bootstrap, "orders", partition) {
					var worker, i int
					if _, err := fmt.Sscan(v, &worker, &i); err != nil {
						t.Fatal(err)
					}
					if i != next[worker] {
						t.Fatalf("message %d of %d comes where %d should", i, worker, next[worker])
					}
					next[worker] += 2
				}
				for worker, n := range next {
					if n < messages {
						t.Errorf("of %d the messages from %d on are missing", worker, n)
					}
				}
			}
		})
	}
}

// TestFlushGathered: Flush misses nothing that partitions gather at the moment, which would then wait for linger.ms.
func TestFlushGathered(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 100))
	p := newProducer(t, c.Bootstrap, "go.delivery.reports", false, "linger.ms", 60000, "max.in.flight", 1)
	kafka.GatherForTest(p)
	for range 200 {
		for partition := range int32(100) {
			must(t, p.Produce(message("orders", partition, "", "v"), nil))
		}
		if n := p.Flush(10000); n != 0 {
			t.Fatalf("%d messages are left", n)
		}
	}
}
