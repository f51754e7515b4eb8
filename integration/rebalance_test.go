package integration_test

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
)

// member is a consumer in a group that polls in a goroutine of its own and notes what it sees.
type member struct {
	t    testing.TB
	c    *kafka.Consumer
	quit chan struct{}
	done chan struct{}

	mu       sync.Mutex // guards the rest
	owned    map[string]bool
	assigned int            // calls of the assign callback that brought partitions
	revoked  [][]string     // the lists that the revoke callback got
	lost     int            // revocations with AssignmentLost
	seen     map[string]int // "topic/partition@offset" → how often
	errors   []kafka.Error  // error events
	protocol string         // of the last assignment
}

func placeOf(tp kafka.TopicPartition) string { return fmt.Sprintf("%s/%d", *tp.Topic, tp.Partition) }

// join starts a member of a group.
func join(t testing.TB, conf *kafka.ConfigMap, topics ...string) *member {
	t.Helper()
	m := &member{t: t, c: newConsumer(t, conf), quit: make(chan struct{}), done: make(chan struct{}),
		owned: map[string]bool{}, seen: map[string]int{}}
	if err := m.c.SubscribeTopics(topics, m.rebalance); err != nil {
		t.Fatal(err)
	}
	go m.poll()
	t.Cleanup(m.stopPolling)
	return m
}

func (m *member) rebalance(c *kafka.Consumer, ev kafka.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.protocol = c.GetRebalanceProtocol()
	switch e := ev.(type) {
	case kafka.AssignedPartitions:
		if len(e.Partitions) > 0 {
			m.assigned++
		}
		for _, p := range e.Partitions {
			if m.owned[placeOf(p)] {
				m.t.Errorf("%v is assigned twice", p)
			}
			m.owned[placeOf(p)] = true
		}
	case kafka.RevokedPartitions:
		var list []string
		for _, p := range e.Partitions {
			if !m.owned[placeOf(p)] {
				m.t.Errorf("%v is revoked, but was not assigned", p)
			}
			delete(m.owned, placeOf(p))
			list = append(list, placeOf(p))
		}
		m.revoked = append(m.revoked, list)
		if c.AssignmentLost() {
			m.lost++
		}
	default:
		m.t.Errorf("the rebalance callback got %T", ev)
	}
	return nil
}

func (m *member) poll() {
	defer close(m.done)
	for {
		select {
		case <-m.quit:
			return
		default:
		}
		ev := m.c.Poll(50)
		m.mu.Lock()
		switch e := ev.(type) {
		case *kafka.Message:
			if !m.owned[placeOf(e.TopicPartition)] {
				m.t.Errorf("message %v of a partition that is not assigned", e.TopicPartition)
			}
			m.seen[fmt.Sprintf("%s@%d", placeOf(e.TopicPartition), e.TopicPartition.Offset)]++
		case kafka.Error:
			m.errors = append(m.errors, e)
		}
		m.mu.Unlock()
	}
}

func (m *member) stopPolling() {
	select {
	case <-m.done:
	default:
		close(m.quit)
		<-m.done
	}
}

// leave closes the consumer.
func (m *member) leave() {
	m.t.Helper()
	m.stopPolling()
	closeConsumer(m.t, m.c)
}

func (m *member) holds() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.owned))
}

func (m *member) count() (assigned, revoked int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.assigned, len(m.revoked)
}

// read returns how many messages the member has read, sawAt how often that at one place.
func (m *member) read() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.seen)
}

func (m *member) sawAt(place string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[place]
}

func (m *member) saw() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.seen)
}

func (m *member) told() []kafka.Error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.errors)
}

// protocols are the ways a group shares partitions: the three assignors of the classic protocol, and the broker's.
var protocols = []struct {
	name   string
	conf   kafka.ConfigMap
	shares []int  // of two topics with three partitions each, in falling order
	says   string // GetRebalanceProtocol
}{
	{"range", kafka.ConfigMap{"partition.assignment.strategy": "range", "session.timeout.ms": 6000}, []int{4, 2}, "EAGER"},
	{"roundrobin", kafka.ConfigMap{"partition.assignment.strategy": "roundrobin", "session.timeout.ms": 6000}, []int{3, 3}, "EAGER"},
	{"cooperative-sticky", kafka.ConfigMap{"partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 6000}, []int{3, 3}, "COOPERATIVE"},
	{"consumer", kafka.ConfigMap{"group.protocol": "consumer"}, []int{3, 3}, "COOPERATIVE"},
}

// Two members share two topics while messages come in; then one leaves. Each message is read once: what a member read
// is committed before its partitions go to the other.
func TestRebalance(t *testing.T) {
	t.Parallel()
	c := broker(t)
	for _, row := range protocols {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			topics := []string{newTopic(t, c, 3), newTopic(t, c, 3)}
			conf := with(c, kafka.ConfigMap{"group.id": unique(t, "group"), "auto.offset.reset": "earliest",
				"topic.metadata.refresh.interval.ms": 1000, "heartbeat.interval.ms": 500}, row.conf)
			if row.name == "consumer" {
				delete(*conf, "heartbeat.interval.ms") // the broker's business
			}
			written, end := map[string]bool{}, 0
			more := func() { // twenty messages for each partition
				t.Helper()
				for _, topic := range topics {
					for p := range int32(3) {
						put(t, c, topic, p, numbers(0, 20)...)
						for i := range 20 {
							written[fmt.Sprintf("%s/%d@%d", topic, p, end+i)] = true
						}
					}
				}
				end += 20
			}
			more()
			first := join(t, conf, topics...)
			await(t, patience, "the first member holds all", func() bool { return len(first.holds()) == 6 })
			if first.protocol != row.says {
				t.Errorf("GetRebalanceProtocol is %s, want %s", first.protocol, row.says)
			}
			more()
			second := join(t, conf, topics...)
			shared := func() bool {
				a, b := first.holds(), second.holds()
				sizes := []int{max(len(a), len(b)), min(len(a), len(b))}
				return slices.Equal(sizes, row.shares) && !slices.ContainsFunc(a, func(p string) bool { return slices.Contains(b, p) })
			}
			await(t, patience, fmt.Sprintf("the members share as %v", row.shares), shared)
			more()
			await(t, patience, "both members read", func() bool { return second.read() >= 20*len(second.holds()) })
			if _, times := first.count(); times == 0 {
				t.Error("the first member gave partitions away without its callback")
			}
			if row.says == "COOPERATIVE" {
				given := 0
				for _, list := range first.revoked {
					given += len(list)
				}
				if given != 3 {
					t.Errorf("the first member gave %v, want 3 partitions", first.revoked)
				}
			}
			second.leave()
			await(t, patience, "the first member holds all again", func() bool { return len(first.holds()) == 6 })
			more()
			read := func() map[string]int {
				all := first.saw()
				for at, n := range second.saw() {
					all[at] += n
				}
				return all
			}
			await(t, patience, "every message is read", func() bool { return len(read()) == len(written) })
			for at, n := range read() {
				if n != 1 || !written[at] {
					t.Errorf("the message at %s was read %d times", at, n)
				}
			}
			first.leave()
			if held := first.holds(); len(held) != 0 {
				t.Errorf("Close did not revoke %v", held)
			}
			for _, m := range []*member{first, second} {
				if m.lost != 0 || len(m.errors) != 0 {
					t.Errorf("lost %d times, errors %v", m.lost, m.errors)
				}
			}
		})
	}
}

// A static member that comes back within its session finds its partitions, and the others notice nothing.
func TestStaticMember(t *testing.T) {
	t.Parallel()
	c := broker(t)
	for _, row := range protocols[1:] {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			topic := newTopic(t, c, 4)
			group := kafka.ConfigMap{"group.id": unique(t, "group"), "auto.offset.reset": "earliest"}
			if row.name != "consumer" {
				group["session.timeout.ms"] = 6000
			}
			conf := func(instance string) *kafka.ConfigMap {
				m := with(c, row.conf, group, kafka.ConfigMap{"group.instance.id": instance})
				return m
			}
			a, b := join(t, conf("a"), topic), join(t, conf("b"), topic)
			await(t, patience, "two partitions each", func() bool { return len(a.holds()) == 2 && len(b.holds()) == 2 })
			held := a.holds()
			assigned, revoked := b.count()
			a.leave()
			again := join(t, conf("a"), topic)
			await(t, patience, "the member has its partitions back", func() bool { return slices.Equal(again.holds(), held) })
			for p := range int32(4) {
				put(t, c, topic, p, "x")
			}
			await(t, patience, "both members read", func() bool { return again.read() == 2 && b.read() == 2 })
			if now, gone := b.count(); now != assigned || gone != revoked {
				t.Errorf("the other member saw %d assignments and %d revocations more", now-assigned, gone-revoked)
			}
		})
	}
}

// A second member with the group.instance.id of one that is there: in a classic group it takes its place, in one of the
// consumer protocol it is refused. Who loses hears of it by a fatal error, once, and can be closed.
func TestSecondStaticMember(t *testing.T) {
	t.Parallel()
	c := broker(t)
	for _, row := range protocols {
		if row.name == "roundrobin" { // as range
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			topic := newTopic(t, c, 2)
			conf := with(c, row.conf, kafka.ConfigMap{"group.id": unique(t, "group"), "group.instance.id": "a", "auto.offset.reset": "earliest"})
			first := join(t, conf, topic)
			await(t, patience, "the first member holds all", func() bool { return len(first.holds()) == 2 })
			second := join(t, conf, topic)
			winner, loser, want := second, first, kafka.ErrFencedInstanceID
			if row.name == "consumer" {
				winner, loser, want = first, second, kafka.ErrUnreleasedInstanceID
			}
			await(t, patience, "a fatal error", func() bool { return len(loser.told()) > 0 })
			if e := loser.told()[0]; e.Code() != want || !e.IsFatal() {
				t.Errorf("error event %d %v, fatal %t; want %v", e.Code(), e, e.IsFatal(), want)
			}
			await(t, patience, "the other one has all", func() bool { return len(winner.holds()) == 2 && len(loser.holds()) == 0 })
			put(t, c, topic, 0, "x")
			await(t, patience, "it reads", func() bool { return winner.read() == 1 })
			loser.leave()
			put(t, c, topic, 1, "y")
			await(t, patience, "it reads on", func() bool { return winner.read() == 2 })
			if len(loser.told()) != 1 || len(winner.told()) != 0 {
				t.Errorf("error events: %v, and of the other one %v", loser.told(), winner.told())
			}
		})
	}
}

// A consumer that does not poll leaves its group, hears of it at its next Poll, and joins again.
func TestMaxPollInterval(t *testing.T) {
	t.Parallel()
	c := broker(t)
	topic := newTopic(t, c, 1)
	put(t, c, topic, 0, "0")
	conf := with(c, groupOf(t), kafka.ConfigMap{"max.poll.interval.ms": 6000})
	r := newConsumer(t, conf)
	lost := 0
	err := r.SubscribeTopics([]string{topic}, func(c *kafka.Consumer, ev kafka.Event) error {
		if _, ok := ev.(kafka.RevokedPartitions); ok && c.AssignmentLost() {
			lost++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	messages(t, r, 1)
	late := time.NewTimer(7500 * time.Millisecond)
	defer late.Stop()
	select {
	case <-late.C:
	case <-t.Context().Done():
	}
	pollUntil(t, r, patience, "ErrMaxPollExceeded", func(ev kafka.Event) bool {
		e, ok := ev.(kafka.Error)
		return ok && e.Code() == kafka.ErrMaxPollExceeded
	})
	put(t, c, topic, 0, "1")
	pollUntil(t, r, patience, "the next message, after the consumer joined again", func(ev kafka.Event) bool {
		m, ok := ev.(*kafka.Message)
		return ok && string(m.Value) == "1"
	})
	if lost != 1 {
		t.Errorf("the assignment was lost %d times", lost)
	}
}
