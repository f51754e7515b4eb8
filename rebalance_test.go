package kafka_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// strategies are all ways to share partitions out.
var strategies = map[string]kafka.ConfigMap{
	"range":              {"partition.assignment.strategy": "range"},
	"roundrobin":         {"partition.assignment.strategy": "roundrobin"},
	"cooperative-sticky": {"partition.assignment.strategy": "cooperative-sticky"},
	"consumer":           {"group.protocol": "consumer"},
}

func protocolOf(strategy string) string {
	if strategy == "range" || strategy == "roundrobin" {
		return "EAGER"
	}
	return "COOPERATIVE"
}

// member is a consumer that a goroutine polls. It checks at every step what holds for any rebalance.
type member struct {
	*kafka.Consumer
	t    *testing.T
	name string

	mu       sync.Mutex // guards all below
	owned    map[int32]bool
	log      []string
	messages map[string]int // by partition@offset
	errors   []string

	on   func(kafka.Event) // called by the rebalance callback
	stop chan struct{}
	done chan struct{}
}

// merged is a configuration of two parts.
func merged(a, b kafka.ConfigMap) kafka.ConfigMap {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

// startMember subscribes to t and polls until the test ends, or until close.
func startMember(t *testing.T, cl *testcluster.Cluster, name, group string, conf kafka.ConfigMap, on func(kafka.Event)) *member {
	t.Helper()
	m := &member{t: t, name: name, owned: map[int32]bool{}, messages: map[string]int{}, on: on, stop: make(chan struct{}), done: make(chan struct{})}
	m.Consumer = startConsumer(t, cl, kafka.ConfigMap{"group.id": group, "client.id": name}, conf)
	need(t, "Subscribe", m.Subscribe("t", m.callback))
	go m.poll()
	t.Cleanup(m.stopPolling)
	return m
}

func (m *member) callback(c *kafka.Consumer, ev kafka.Event) error {
	var list []kafka.TopicPartition
	assigned := false
	switch e := ev.(type) {
	case kafka.AssignedPartitions:
		list, assigned = e.Partitions, true
	case kafka.RevokedPartitions:
		list = e.Partitions
	}
	now, err := c.Assignment()
	if err != nil {
		m.t.Errorf("%s: Assignment in the callback: %v", m.name, err)
	}
	m.mu.Lock()
	verb := "revoked"
	if assigned {
		verb = "assigned"
	}
	m.log = append(m.log, fmt.Sprintf("%s %d", verb, len(list)))
	current := map[int32]bool{}
	for _, p := range now {
		current[p.Partition] = true
	}
	for _, p := range list {
		if p.Offset != kafka.OffsetInvalid || *p.Topic != "t" {
			m.t.Errorf("%s: %s in the list", m.name, p)
		}
		// Before the assign callback has returned a partition is not there yet, before the revoke callback still.
		if current[p.Partition] == assigned || m.owned[p.Partition] == assigned {
			m.t.Errorf("%s: %s %v while the assignment is %s", m.name, verb, p, show(now))
		}
		if assigned {
			m.owned[p.Partition] = true
		} else {
			delete(m.owned, p.Partition)
		}
	}
	m.mu.Unlock()
	if m.on != nil {
		m.on(ev)
	}
	return nil
}

func (m *member) poll() {
	defer close(m.done)
	for {
		select {
		case <-m.stop:
			return
		default:
		}
		switch e := m.Poll(20).(type) {
		case *kafka.Message:
			m.mu.Lock()
			if !m.owned[e.TopicPartition.Partition] {
				m.t.Errorf("%s: a message of a partition that it does not own: %v", m.name, e)
			}
			m.messages[fmt.Sprintf("%d@%d", e.TopicPartition.Partition, e.TopicPartition.Offset)]++
			m.mu.Unlock()
		case kafka.Error:
			m.mu.Lock()
			m.errors = append(m.errors, e.Error())
			m.mu.Unlock()
		}
	}
}

func (m *member) stopPolling() {
	m.mu.Lock()
	select {
	case <-m.stop:
	default:
		close(m.stop)
	}
	m.mu.Unlock()
	<-m.done
}

// leave stops polling and closes.
func (m *member) leave() {
	m.stopPolling()
	closeSoon(m.t, m.Consumer)
}

func (m *member) owns() []int32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.owned))
}

func (m *member) history() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.log, ", ")
}

// shared reports whether the members own partitions 0 to n-1 together, none twice, and as evenly as can be.
func shared(n int, members ...*member) bool {
	seen := map[int32]int{}
	for _, m := range members {
		owned := m.owns()
		if len(owned) < n/len(members) || len(owned) > (n+len(members)-1)/len(members) {
			return false
		}
		for _, p := range owned {
			seen[p]++
		}
	}
	for _, times := range seen {
		if times > 1 {
			return false
		}
	}
	return len(seen) == n
}

func describe(members []*member) string {
	var s strings.Builder
	for _, m := range members {
		m.mu.Lock()
		errs := slices.Clone(m.errors)
		m.mu.Unlock()
		fmt.Fprintf(&s, "\n%s owns %v: %s; errors %v", m.name, m.owns(), m.history(), errs)
	}
	return s.String()
}

func awaitShared(t *testing.T, n int, members ...*member) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for end := time.After(patience); !shared(n, members...); {
		select {
		case <-ticker.C:
		case <-end:
			t.Fatalf("%d partitions are not shared out:%s\n%s", n, describe(members), stacks())
		}
	}
}

// TestRebalance: members come and go; every partition always ends up with exactly one of them, and every message is
// read, exactly once since all of them commit what they have read when they give a partition up.
func TestRebalance(t *testing.T) {
	t.Parallel()
	for name, conf := range strategies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const partitions, batch = 6, 20
			cl := testcluster.New(t, 1, testcluster.Topic("t", partitions))
			group := newGroup()
			next := 0
			more := func() {
				t.Helper()
				for p := range int32(partitions) {
					fill(t, cl, "t", p, next, batch)
				}
				next += batch
			}
			more()
			a := startMember(t, cl, "a", group, conf, nil)
			awaitShared(t, partitions, a)
			if got := a.GetRebalanceProtocol(); got != protocolOf(name) {
				t.Errorf("protocol %q, want %q", got, protocolOf(name))
			}
			b := startMember(t, cl, "b", group, conf, nil)
			more()
			awaitShared(t, partitions, a, b)
			more()
			c := startMember(t, cl, "c", group, conf, nil)
			awaitShared(t, partitions, a, b, c)
			more()
			b.leave()
			awaitShared(t, partitions, a, c)
			more()
			all := []*member{a, b, c}
			total := func() (n int) {
				for _, m := range all {
					m.mu.Lock()
					n += len(m.messages)
					m.mu.Unlock()
				}
				return n
			}
			eventually(t, nil, "all messages", func() bool { return total() >= partitions*next })
			a.leave()
			awaitShared(t, partitions, c)
			c.leave()
			seen := map[string]int{}
			for _, m := range all {
				for at, n := range m.messages {
					seen[at] += n
				}
				if len(m.errors) > 0 {
					t.Errorf("%s: errors %v", m.name, m.errors)
				}
			}
			twice := 0
			for p := range partitions {
				for o := range next {
					switch n := seen[fmt.Sprintf("%d@%d", p, o)]; {
					case n == 0:
						t.Errorf("%d@%d was not read", p, o)
					case n > 1:
						twice++
					}
				}
			}
			if twice > 0 {
				t.Errorf("%d messages were read twice", twice)
			}
			if t.Failed() {
				t.Log(describe(all))
			}
		})
	}
}

// TestRebalanceOrder: the steps that a member sees when another one joins and leaves.
func TestRebalanceOrder(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"range":              "assigned 4, revoked 4, assigned 2, revoked 2, assigned 4, revoked 4",
		"roundrobin":         "assigned 4, revoked 4, assigned 2, revoked 2, assigned 4, revoked 4",
		"cooperative-sticky": "assigned 4, revoked 2, assigned 0, assigned 0, assigned 2, revoked 4",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 4))
			group := newGroup()
			a := startMember(t, cl, "a", group, strategies[name], nil)
			awaitShared(t, 4, a)
			b := startMember(t, cl, "b", group, strategies[name], nil)
			awaitShared(t, 4, a, b)
			b.leave()
			awaitShared(t, 4, a)
			a.leave()
			if got := a.history(); got != want {
				t.Errorf("a saw: %s\nwant:  %s", got, want)
			}
			if got := b.history(); got != "assigned 2, revoked 2" && got != "assigned 0, assigned 2, revoked 2" {
				t.Errorf("b saw: %s", got)
			}
		})
	}
}

// TestCallbackAssigns: the callback decides where to start, and what to take on.
func TestCallbackAssigns(t *testing.T) {
	t.Parallel()
	for name, conf := range strategies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
			fill(t, cl, "t", 0, 0, 10)
			fill(t, cl, "t", 1, 100, 10)
			c := startConsumer(t, cl, conf)
			protocol := ""
			need(t, "Subscribe", c.Subscribe("t", func(c *kafka.Consumer, ev kafka.Event) error {
				if e, ok := ev.(kafka.AssignedPartitions); ok && len(e.Partitions) > 0 {
					protocol = c.GetRebalanceProtocol()
					if protocolOf(name) == "EAGER" {
						wantCode(t, "IncrementalAssign under EAGER", c.IncrementalAssign(tps(tp("t", 0, 0))), kafka.ErrState)
						return c.Assign(tps(tp("t", 0, 6)))
					}
					wantCode(t, "Assign under COOPERATIVE", c.Assign(tps(tp("t", 0, 0))), kafka.ErrState)
					wantCode(t, "Unassign under COOPERATIVE", c.Unassign(), kafka.ErrState)
					return c.IncrementalAssign(tps(tp("t", 0, 6)))
				}
				return nil
			}))
			wantValues(t, "messages", readN(t, c, 4), values(6, 10))
			if list, err := c.Assignment(); err != nil || show(list) != "t[0]@6" {
				t.Errorf("Assignment = %s, %v", show(list), err)
			}
			if protocol != protocolOf(name) {
				t.Errorf("protocol in the callback %q, want %q", protocol, protocolOf(name))
			}
			quietMessages(t, c, "a partition that the callback did not take")
		})
	}
}

// quietMessages checks that no message comes for a short while.
func quietMessages(t *testing.T, c *kafka.Consumer, why string) {
	t.Helper()
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
		if m, ok := c.Poll(20).(*kafka.Message); ok {
			t.Errorf("%s: %v", why, m)
		}
	}
}

// TestCallbackCalls: the callback may call any method.
func TestCallbackCalls(t *testing.T) {
	t.Parallel()
	for name, conf := range strategies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			fill(t, cl, "t", 0, 0, 10)
			group := newGroup()
			c := startConsumer(t, cl, conf, kafka.ConfigMap{"group.id": group, "enable.auto.commit": false})
			var steps []string
			need(t, "Subscribe", c.Subscribe("t", func(c *kafka.Consumer, ev kafka.Event) error {
				for call, f := range closedCalls {
					if call != "Close" && !strings.Contains(call, "Read") && !strings.Contains(call, "Poll") && !strings.Contains(call, "ubscribe") && !strings.Contains(strings.ToLower(call), "assign") && !strings.Contains(call, "Commit") && !strings.Contains(call, "Pause") && !strings.Contains(call, "Seek") && !strings.Contains(call, "Sasl") && !strings.Contains(call, "OAuth") {
						_ = f(c)
					}
				}
				if lost := c.AssignmentLost(); lost {
					t.Error("AssignmentLost in a common rebalance")
				}
				switch ev.(type) {
				case kafka.AssignedPartitions:
					steps = append(steps, "assigned")
					_, err := c.Commit()
					wantCode(t, "Commit in the assign callback", err, kafka.ErrNoOffset)
					if _, err := c.Committed(tps(tp("t", 0, 0)), 5000); err != nil {
						t.Errorf("Committed: %v", err)
					}
				case kafka.RevokedPartitions:
					steps = append(steps, "revoked")
					list, err := c.Commit()
					if err != nil || committedIn(cl, group, "t", 0) != 4 {
						t.Errorf("Commit in the revoke callback = %v, %v", list, err)
					}
					if list, err := c.Position(tps(tp("t", 0, 0))); err != nil || list[0].Offset != 4 {
						t.Errorf("Position in the revoke callback = %v, %v", list, err)
					}
					need(t, "Pause", c.Pause(tps(tp("t", 0, 0))))
					need(t, "Resume", c.Resume(tps(tp("t", 0, 0))))
				}
				return kafka.NewError(kafka.ErrApplication, "an error of the callback changes nothing", false)
			}))
			wantValues(t, "messages", readN(t, c, 4), values(0, 4))
			need(t, "Close", c.Close())
			if !slices.Equal(steps, []string{"assigned", "revoked"}) {
				t.Errorf("callbacks %v", steps)
			}
		})
	}
}

// TestCallbackCloses: Close in a callback ends the consumer.
func TestCallbackCloses(t *testing.T) {
	t.Parallel()
	for name, conf := range strategies {
		for _, at := range []string{"assigned", "revoked"} {
			t.Run(name+"/"+at, func(t *testing.T) {
				t.Parallel()
				cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
				group := newGroup()
				c := startConsumer(t, cl, conf, kafka.ConfigMap{"group.id": group})
				closed := make(chan error, 3)
				need(t, "Subscribe", c.Subscribe("t", func(c *kafka.Consumer, ev kafka.Event) error {
					_, assigned := ev.(kafka.AssignedPartitions)
					if assigned == (at == "assigned") {
						closed <- c.Close()
					} else if assigned {
						return c.Unsubscribe()
					}
					return nil
				}))
				within(t, "polling", func() {
					for !c.IsClosed() {
						c.Poll(100)
					}
				})
				if err := <-closed; err != nil {
					t.Errorf("Close in the callback: %v", err)
				}
				if info := cl.GroupInfo(group); info != nil && len(info.Members) != 0 {
					t.Errorf("the group still has members: %+v", info.Members)
				}
			})
		}
	}
}

// TestCallbackPanics: the panic reaches the caller of Poll, and the group goes on.
func TestCallbackPanics(t *testing.T) {
	t.Parallel()
	for name, conf := range strategies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			fill(t, cl, "t", 0, 0, 3)
			c := startConsumer(t, cl, conf)
			need(t, "Subscribe", c.Subscribe("t", func(_ *kafka.Consumer, ev kafka.Event) error {
				if _, ok := ev.(kafka.AssignedPartitions); ok {
					panic("boom")
				}
				return nil
			}))
			caught := any(nil)
			within(t, "the panic", func() {
				for caught == nil {
					func() {
						defer func() { caught = recover() }()
						c.Poll(100)
					}()
				}
			})
			if caught != "boom" {
				t.Errorf("recovered %v", caught)
			}
			wantValues(t, "messages", readN(t, c, 3), values(0, 3))
		})
	}
}

// TestResubscribe: another subscription takes the place of the first, and Unsubscribe ends it, through the callback.
func TestResubscribe(t *testing.T) {
	t.Parallel()
	for name, conf := range strategies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t1", 1), testcluster.Topic("t2", 1))
			fill(t, cl, "t1", 0, 0, 2)
			fill(t, cl, "t2", 0, 2, 2)
			group := newGroup()
			c := startConsumer(t, cl, conf, kafka.ConfigMap{"group.id": group})
			var log []string
			cb := func(c *kafka.Consumer, ev kafka.Event) error {
				switch e := ev.(type) {
				case kafka.AssignedPartitions:
					if len(e.Partitions) > 0 {
						log = append(log, "+"+show(e.Partitions))
					}
				case kafka.RevokedPartitions:
					log = append(log, "-"+show(e.Partitions))
				}
				return nil
			}
			need(t, "Subscribe", c.SubscribeTopics([]string{"t1"}, cb))
			wantValues(t, "t1", readN(t, c, 2), values(0, 2))
			need(t, "Subscribe", c.SubscribeTopics([]string{"t2"}, cb))
			wantValues(t, "t2", readN(t, c, 2), values(2, 4))
			if a, _ := c.Assignment(); len(a) != 1 || *a[0].Topic != "t2" {
				t.Errorf("Assignment = %s", show(a))
			}
			need(t, "Unsubscribe", c.Unsubscribe())
			eventually(t, c, "nothing assigned", func() bool { a, _ := c.Assignment(); return len(a) == 0 })
			want := []string{"+t1[0]@unset", "-t1[0]@unset", "+t2[0]@unset", "-t2[0]@unset"}
			if !slices.Equal(log, want) {
				t.Errorf("callbacks %v, want %v", log, want)
			}
			eventually(t, nil, "the group is empty", func() bool { info := cl.GroupInfo(group); return info != nil && len(info.Members) == 0 })
			eventually(t, nil, "the member has left", func() bool { return !kafka.IsMemberForTest(c) })
			if p := c.GetRebalanceProtocol(); p == "NONE" {
				t.Errorf("the protocol is %s after Unsubscribe, want the last one", p)
			}
			// Until it joins again it commits as the member that it was.
			_, err := c.CommitOffsets(tps(tp("t2", 0, 1)))
			if code(err) != kafka.ErrUnknownMemberID && code(err) != kafka.ErrIllegalGeneration {
				t.Errorf("CommitOffsets after Unsubscribe: %v, want the error of a member that is gone", err)
			}
			fill(t, cl, "t1", 0, 4, 1)
			fill(t, cl, "t2", 0, 5, 1)
			quietMessages(t, c, "after Unsubscribe")
			need(t, "Subscribe again", c.SubscribeTopics([]string{"t1", "t2"}, cb))
			wantValues(t, "both", slices.Sorted(slices.Values(readN(t, c, 2))), values(4, 6))
		})
	}
}
