package integration_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/integration/cluster"
)

// load produces to all partitions of a topic until it is stopped, and counts what Produce took and what was reported.
type load struct {
	t     *testing.T
	p     *kafka.Producer
	topic string
	quit  chan struct{}
	sent  chan struct{} // closed when the last message is given to Produce
	all   chan struct{} // closed when every message is reported

	mu        sync.Mutex // guards the rest
	accepted  int
	reported  map[string]int // by the message's value: how often
	delivered map[string]bool
	failed    map[string]error
	changed   time.Time // of the last delivery
	events    []kafka.Error
}

const loadPartitions = 3

// startLoad starts to produce some thousand messages a second.
func startLoad(t *testing.T, c *cluster.Cluster, topic string, conf kafka.ConfigMap) *load {
	t.Helper()
	l := &load{t: t, topic: topic, p: newProducer(t, with(c, kafka.ConfigMap{"linger.ms": 5}, conf)),
		quit: make(chan struct{}), sent: make(chan struct{}), all: make(chan struct{}),
		reported: map[string]int{}, delivered: map[string]bool{}, failed: map[string]error{}}
	go l.produce()
	go l.read()
	return l
}

func (l *load) produce() {
	defer close(l.sent)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; {
		select {
		case <-l.quit:
			return
		case <-tick.C:
		}
		for range 10 {
			m := &kafka.Message{TopicPartition: partition(l.topic, int32(i%loadPartitions)), Value: fmt.Append(nil, i)}
			err := l.p.Produce(m, nil)
			if err != nil && code(l.t, err) == kafka.ErrQueueFull {
				break // the next tick tries again
			}
			if err != nil {
				if l.t.Context().Err() == nil { // else the test is over, and has failed
					l.t.Errorf("Produce: %v", err)
				}
				return
			}
			l.mu.Lock()
			l.accepted++
			l.mu.Unlock()
			i++
		}
	}
}

// read takes the reports until the last message has one.
func (l *load) read() {
	defer close(l.all)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case ev := <-l.p.Events():
			l.note(ev)
		case <-tick.C:
		}
		select {
		case <-l.sent:
			l.mu.Lock()
			done := len(l.reported) == l.accepted
			l.mu.Unlock()
			if done {
				return
			}
		default:
		}
		if l.t.Context().Err() != nil {
			return
		}
	}
}

func (l *load) note(ev kafka.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e := ev.(type) {
	case *kafka.Message:
		l.reported[string(e.Value)]++
		if e.TopicPartition.Error != nil {
			l.failed[string(e.Value)] = e.TopicPartition.Error
			return
		}
		l.delivered[string(e.Value)] = true
		l.changed = time.Now()
	case kafka.Error:
		l.events = append(l.events, e)
	}
}

func (l *load) counts() (accepted, delivered, failed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accepted, len(l.delivered), len(l.failed)
}

// saw reports whether an event of a code came.
func (l *load) saw(code kafka.ErrorCode) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.Code() == code {
			return true
		}
	}
	return false
}

// deliveries waits until n more messages are delivered.
func (l *load) deliveries(n int, d time.Duration, what string) {
	l.t.Helper()
	_, before, _ := l.counts()
	await(l.t, d, what, func() bool {
		_, now, _ := l.counts()
		return now >= before+n
	})
}

// finish ends the load, waits for the reports and settles the account against the log: accepted = delivered + failed,
// each reported once, and what was delivered is there.
func (l *load) finish(c *cluster.Cluster, d time.Duration, duplicates bool) {
	l.t.Helper()
	close(l.quit)
	select {
	case <-l.all:
	case <-time.After(d):
		accepted, delivered, failed := l.counts()
		l.t.Fatalf("after %v: %d accepted, but %d delivered and %d failed", d, accepted, delivered, failed)
	}
	accepted, delivered, failed := l.counts()
	l.t.Logf("%d accepted = %d delivered + %d failed", accepted, delivered, failed)
	if accepted != delivered+failed {
		l.t.Errorf("%d accepted, but %d delivered and %d failed", accepted, delivered, failed)
	}
	for v, n := range l.reported {
		if n != 1 {
			l.t.Errorf("message %s was reported %d times", v, n)
		}
	}
	why := map[kafka.ErrorCode]int{}
	for _, err := range l.failed {
		why[code(l.t, err)]++
	}
	for reason, n := range why {
		l.t.Logf("%d failed with %d: %v", n, reason, reason)
	}
	ctx, cancel := context.WithTimeout(l.t.Context(), time.Minute)
	defer cancel()
	log, err := c.ReadAll(ctx, l.topic)
	if err != nil {
		l.t.Fatal(err)
	}
	in := map[string]int{}
	for _, r := range log {
		in[string(r.Value)]++
	}
	missing, twice := 0, 0
	for v := range l.delivered {
		if in[v] == 0 {
			missing++
		}
	}
	for _, n := range in {
		if n > 1 {
			twice++
		}
	}
	if missing > 0 {
		l.t.Errorf("%d messages that were reported as delivered are not in the log", missing)
	}
	if twice > 0 && !duplicates {
		l.t.Errorf("%d messages are in the log twice", twice)
	}
}

// The leader of a partition, which may be the coordinator and the controller too, is killed while messages go in and
// out. All that was accepted is accounted for, and producer and consumer go on within thirty seconds.
func TestKilledLeader(t *testing.T) {
	for _, row := range []struct {
		name string
		conf kafka.ConfigMap
		safe bool // no message is in the log twice
	}{
		{"idempotent", kafka.ConfigMap{"enable.idempotence": true}, true},
		{"acks=all with retries", kafka.ConfigMap{"acks": "all", "retries": 100}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := threeBrokers(t)
			topic := newTopic(t, c, loadPartitions)
			in := startLoad(t, c, topic, row.conf)
			out := join(t, with(c, groupOf(t)), topic)
			in.deliveries(1000, patience, "the load runs")
			await(t, patience, "the consumer reads", func() bool { return out.read() > 500 })

			leaders, err := c.Leaders(t.Context(), topic)
			if err != nil {
				t.Fatal(err)
			}
			victim := leaders[0]
			ends, err := admin(t, c).ListEndOffsets(t.Context(), topic)
			if err != nil {
				t.Fatal(err)
			}
			end, _ := ends.Lookup(topic, 0)
			killed := time.Now()
			if err := c.Kill(victim); err != nil {
				t.Fatal(err)
			}
			// What the consumer reads of the dead leader's partition from here on was produced to the next leader.
			await(t, patience, "the consumer reads what was produced to the new leader", func() bool {
				return out.sawAt(fmt.Sprintf("%s/0@%d", topic, end.Offset+1000)) > 0
			})
			t.Logf("node %d was killed; the consumer went on after %v", victim, time.Since(killed).Round(100*time.Millisecond))
			in.deliveries(1000, patience, "the producer goes on")
			if err := c.Start(t.Context(), victim); err != nil {
				t.Fatalf("%v\n%s", err, c.Tail(20))
			}
			in.deliveries(1000, patience, "the producer goes on after the node is back")
			in.finish(c, patience, !row.safe)
			if _, _, failed := in.counts(); failed > 0 {
				t.Errorf("%d messages failed, though message.timeout.ms is far away", failed)
			}
			allRead(t, c, topic, out)
			out.leave()
		})
	}
}

// allRead waits until the member has read all that the log holds.
func allRead(t *testing.T, c *cluster.Cluster, topic string, m *member) {
	t.Helper()
	log, err := c.ReadAll(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	await(t, patience, "the consumer has read all", func() bool { return m.read() >= len(log) })
	seen := m.saw()
	for _, r := range log {
		if seen[fmt.Sprintf("%s/%d@%d", topic, r.Partition, r.Offset)] == 0 {
			t.Fatalf("the consumer has not read partition %d offset %d", r.Partition, r.Offset)
		}
	}
}

// One node after the other is stopped in the orderly way and started again. Nothing fails.
func TestRollingRestart(t *testing.T) {
	c := threeBrokers(t)
	topic := newTopic(t, c, loadPartitions)
	in := startLoad(t, c, topic, kafka.ConfigMap{"enable.idempotence": true})
	out := join(t, with(c, groupOf(t)), topic)
	in.deliveries(500, patience, "the load runs")
	await(t, patience, "the consumer reads", func() bool { return out.read() > 100 })
	for id := 1; id <= c.Nodes(); id++ {
		if err := c.Stop(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		in.deliveries(500, patience, fmt.Sprintf("the load goes on without node %d", id))
		if err := c.Start(t.Context(), id); err != nil {
			t.Fatalf("%v\n%s", err, c.Tail(20))
		}
		in.deliveries(500, patience, fmt.Sprintf("the load goes on with node %d again", id))
	}
	in.finish(c, patience, false)
	if _, _, failed := in.counts(); failed > 0 {
		t.Errorf("%d messages failed", failed)
	}
	allRead(t, c, topic, out)
	out.leave()
}

// All nodes die. Messages fail when their time is over, both clients say that all brokers are down, and both go on
// when the brokers are back.
func TestAllBrokersDown(t *testing.T) {
	c := threeBrokers(t)
	topic := newTopic(t, c, loadPartitions)
	in := startLoad(t, c, topic, kafka.ConfigMap{"acks": "all", "message.timeout.ms": 4000})
	out := join(t, with(c, groupOf(t)), topic)
	in.deliveries(500, patience, "the load runs")
	await(t, patience, "the consumer reads", func() bool { return out.read() > 100 })
	if err := c.KillAll(); err != nil {
		t.Fatal(err)
	}
	await(t, patience, "messages fail", func() bool {
		_, _, failed := in.counts()
		return failed > 100
	})
	await(t, patience, "the producer says that all brokers are down", func() bool { return in.saw(kafka.ErrAllBrokersDown) })
	await(t, patience, "the consumer says that all brokers are down", func() bool {
		out.mu.Lock()
		defer out.mu.Unlock()
		for _, e := range out.errors {
			if e.Code() == kafka.ErrAllBrokersDown {
				return true
			}
		}
		return false
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.StartAll(ctx); err != nil {
		t.Fatalf("%v\n%s", err, c.Tail(20))
	}
	before := out.read()
	in.deliveries(1000, patience, "the producer goes on")
	await(t, patience, "the consumer goes on", func() bool { return out.read() > before+500 })
	in.finish(c, patience, true)
	for v, err := range in.failed {
		if got := code(t, err); got != kafka.ErrMsgTimedOut {
			t.Errorf("message %s failed with %v", v, got)
			break
		}
	}
	allRead(t, c, topic, out)
	out.leave()
}
