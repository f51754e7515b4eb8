package main

import (
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// eachStrategy runs f for an eager and for the cooperative assignor.
func (t *T) eachStrategy(f func(strategy string)) {
	for _, s := range []string{"range", "cooperative-sticky"} {
		t.P("-- %s", s)
		f(s)
	}
}

func (t *T) assignment(label string, c *kafka.Consumer) {
	as, err := c.Assignment()
	t.P("%s: assignment %s %s, lost %v, protocol %s", label, tpsf(as), ef(err), c.AssignmentLost(), c.GetRebalanceProtocol())
}

// shows is a rebalance callback that writes what it sees.
func (t *T) shows(label string) kafka.RebalanceCb {
	return func(c *kafka.Consumer, ev kafka.Event) error {
		t.P("%s: callback %s", label, evf(ev))
		t.assignment(label+": in the callback", c)
		return nil
	}
}

// awaitAssigned polls until n partitions are assigned.
func awaitAssigned(c *kafka.Consumer, n int) bool {
	return waitFor(20*time.Second, func() bool { c.Poll(100); as, _ := c.Assignment(); return len(as) == n })
}

// take is Assign or IncrementalAssign, give the opposite, as the strategy needs it.
func take(c *kafka.Consumer, strategy string, ps []kafka.TopicPartition) error {
	if strategy == "cooperative-sticky" {
		return c.IncrementalAssign(ps)
	}
	return c.Assign(ps)
}

func give(c *kafka.Consumer, strategy string, ps []kafka.TopicPartition) error {
	if strategy == "cooperative-sticky" {
		return c.IncrementalUnassign(ps)
	}
	return c.Unassign()
}

func init() {
	const strategy = "partition.assignment.strategy"

	reg("callbacks.order", func(t *T) {
		t.eachStrategy(func(s string) {
			topic, group := t.Topic(s+"-topic", 2), t.Name(s+"-group")
			t.Fill(topic, 0, 2, "v")
			c := t.Consumer(group, "auto.offset.reset", "earliest", strategy, s)
			t.assignment("new", c)
			t.Must("subscribe", c.Subscribe(topic, t.shows("joined")))
			t.assignment("subscribed", c)
			t.P("%s", values(Read(c, 2, 20*time.Second)))
			t.assignment("assigned", c)
			t.position("assigned", c, tp(topic, 0), tp(topic, 1))
			t.Err("unsubscribe", c.Unsubscribe())
			awaitAssigned(c, 0)
			t.assignment("unsubscribed", c)
			t.position("unsubscribed", c, tp(topic, 0), tp(topic, 1))
			t.Must("subscribe", c.Subscribe(topic, t.shows("again")))
			awaitAssigned(c, 2)
			t.assignment("subscribed again", c)
			t.Err("close", c.Close())
		})
	})

	reg("callbacks.poll_returns_early", func(t *T) {
		c := t.Consumer(t.Name("group"))
		called := false
		t.Must("subscribe", c.Subscribe(t.Topic("topic", 1), func(*kafka.Consumer, kafka.Event) error {
			called = true
			return nil
		}))
		begin := time.Now()
		ev := c.Poll(30000)
		t.P("%s, callback ran %v, early %v", evf(ev), called, time.Since(begin) < 25*time.Second)
		called = false
		m, err := c.ReadMessage(700 * time.Millisecond)
		t.P("%s %s, callback ran %v", mf(m), ef(err), called)
	})

	reg("callbacks.own_offsets", func(t *T) {
		t.eachStrategy(func(s string) {
			topic := t.Topic(s+"-topic", 2)
			t.Fill(topic, 0, 6, "a")
			t.Fill(topic, 1, 3, "b")
			c := t.Consumer(t.Name(s+"-group"), "auto.offset.reset", "earliest", strategy, s)
			t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
				t.P("%s", evf(ev))
				if _, ok := ev.(kafka.AssignedPartitions); ok {
					t.Err("take", take(c, s, []kafka.TopicPartition{tpo(topic, 0, 4), tpo(topic, 1, kafka.OffsetEnd)}))
					t.assignment("after the call", c)
				}
				return nil
			}))
			t.P("%s", values(Read(c, 2, 20*time.Second)))
			t.P("no more: %d", len(Read(c, 1, time.Second)))
			t.position("then", c, tp(topic, 0))
			t.Err("close", c.Close())
		})
	})

	reg("callbacks.fewer_partitions", func(t *T) {
		t.eachStrategy(func(s string) {
			topic := t.Topic(s+"-topic", 3)
			c := t.Consumer(t.Name(s+"-group"), strategy, s)
			t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
				t.P("%s", evf(ev))
				if _, ok := ev.(kafka.AssignedPartitions); ok {
					t.Err("take", take(c, s, []kafka.TopicPartition{tp(topic, 1)}))
				}
				return nil
			}))
			awaitAssigned(c, 1)
			t.assignment("then", c)
			t.Err("close", c.Close())
		})
	})

	reg("callbacks.take_nothing", func(t *T) {
		topic := t.Topic("topic", 2)
		t.Fill(topic, 0, 1, "a")
		c := t.Consumer(t.Name("group"), "auto.offset.reset", "earliest", strategy, "range")
		called := false
		t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
			t.P("%s", evf(ev))
			if _, ok := ev.(kafka.AssignedPartitions); ok {
				t.Err("unassign", c.Unassign())
				called = true
			}
			return nil
		}))
		waitFor(20*time.Second, func() bool { c.Poll(100); return called })
		t.P("no message: %d", len(Read(c, 1, 1500*time.Millisecond)))
		t.assignment("then", c)
		t.Err("assign later", c.Assign([]kafka.TopicPartition{tpo(topic, 0, kafka.OffsetBeginning)}))
		t.P("%s", values(Read(c, 1, 20*time.Second)))
		t.assignment("then", c)
		t.Err("close", c.Close())
	})

	reg("callbacks.cooperative_wrong_calls", func(t *T) {
		topic := t.Topic("topic", 2)
		c := t.Consumer(t.Name("group"), strategy, "cooperative-sticky")
		t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
			switch e := ev.(type) {
			case kafka.AssignedPartitions:
				t.ErrT("assign", c.Assign(e.Partitions))
				t.ErrT("incremental unassign", c.IncrementalUnassign(e.Partitions))
				t.ErrT("incremental assign", c.IncrementalAssign(e.Partitions))
				t.ErrT("incremental assign again", c.IncrementalAssign(e.Partitions))
			case kafka.RevokedPartitions:
				t.ErrT("revoked: assign nil", c.Assign(nil))
				t.ErrT("revoked: incremental unassign", c.IncrementalUnassign(e.Partitions))
			}
			t.assignment("in the end of the callback", c)
			return nil
		}))
		awaitAssigned(c, 2)
		t.ErrT("outside: assign", c.Assign([]kafka.TopicPartition{tp(topic, 0)}))
		t.ErrT("outside: incremental assign", c.IncrementalAssign([]kafka.TopicPartition{tp(topic, 0)}))
		t.ErrT("outside: incremental unassign", c.IncrementalUnassign([]kafka.TopicPartition{tp(topic, 0)}))
		t.assignment("then", c)
		t.Err("close", c.Close())
	})

	reg("callbacks.eager_wrong_calls", func(t *T) {
		topic := t.Topic("topic", 2)
		c := t.Consumer(t.Name("group"), strategy, "roundrobin")
		n := 0
		t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
			n++
			switch e := ev.(type) {
			case kafka.AssignedPartitions:
				t.ErrT("incremental assign", c.IncrementalAssign(e.Partitions))
				t.ErrT("incremental unassign", c.IncrementalUnassign(e.Partitions))
				t.ErrT("assign", c.Assign(e.Partitions))
				t.ErrT("assign again", c.Assign(e.Partitions[:1]))
			case kafka.RevokedPartitions:
				t.ErrT("revoked: incremental unassign", c.IncrementalUnassign(e.Partitions))
				t.ErrT("revoked: unassign", c.Unassign())
				t.ErrT("revoked: unassign again", c.Unassign())
			}
			t.assignment("in the end of the callback", c)
			return nil
		}))
		waitFor(20*time.Second, func() bool { c.Poll(100); return n > 0 })
		t.ErrT("outside: incremental assign", c.IncrementalAssign([]kafka.TopicPartition{tp(topic, 1)}))
		t.ErrT("outside: assign", c.Assign([]kafka.TopicPartition{tp(topic, 1)}))
		t.assignment("then", c)
		t.Err("close", c.Close())
	})

	for _, s := range []string{"range", "roundrobin", "cooperative-sticky", "range,roundrobin"} {
		reg("callbacks.two_members_"+s, func(t *T) { t.joinAndLeave(true, strategy, s) })
	}

	reg("callbacks.two_cooperative_sizes", func(t *T) {
		topic, group := t.Topic("topic", 4), t.Name("group")
		a, b := t.NewMember("m1", group, strategy, "cooperative-sticky"), t.NewMember("m2", group, strategy, "cooperative-sticky")
		a.counts, b.counts = true, true
		for _, m := range []*member{a, b} {
			m.on = func(c *kafka.Consumer, ev kafka.Event) error {
				as, _ := c.Assignment()
				m.note(fmt.Sprintf("%T while %d are assigned", ev, len(as)))
				return nil
			}
		}
		a.start(topic)
		t.P("m1 owns all: %v", waitFor(20*time.Second, func() bool { return a.owned() == 4 }))
		b.start(topic)
		t.P("both own two: %v", both(a, b, 2, 2))
		time.Sleep(500 * time.Millisecond)
		t.Err("m1 close", a.close())
		t.P("m2 owns all: %v", waitFor(20*time.Second, func() bool { return b.owned() == 4 }))
		time.Sleep(300 * time.Millisecond)
		t.Err("m2 close", b.close())
		a.print()
		b.print()
	})

	reg("callbacks.unsubscribe_subscribe", func(t *T) {
		t.eachStrategy(func(s string) {
			t1, t2, group := t.Topic(s+"-t1", 1), t.Topic(s+"-t2", 1), t.Name(s+"-group")
			t.Fill(t1, 0, 2, "a")
			t.Fill(t2, 0, 2, "b")
			c := t.Consumer(group, "auto.offset.reset", "earliest", strategy, s)
			t.Must("subscribe", c.Subscribe(t1, t.shows("first")))
			t.P("%s", values(Read(c, 2, 20*time.Second)))
			t.Err("unsubscribe", c.Unsubscribe())
			t.Must("subscribe", c.Subscribe(t2, t.shows("second")))
			t.P("%s", values(Read(c, 2, 20*time.Second)))
			t.assignment("then", c)
			t.committed("then", c, tp(t1, 0))
			t.Err("close", c.Close())
			t.after("closed", group, tp(t1, 0), tp(t2, 0))
		})
	})

	reg("callbacks.other_topics", func(t *T) {
		t.eachStrategy(func(s string) {
			t1, t2 := t.Topic(s+"-t1", 1), t.Topic(s+"-t2", 1)
			t.Fill(t1, 0, 2, "a")
			t.Fill(t2, 0, 2, "b")
			c := t.Consumer(t.Name(s+"-group"), "auto.offset.reset", "earliest", strategy, s)
			t.Must("subscribe", c.Subscribe(t1, t.shows("cb1")))
			t.P("%s", values(Read(c, 2, 20*time.Second)))
			t.Must("subscribe both", c.SubscribeTopics([]string{t1, t2}, t.shows("cb2")))
			t.P("%s", values(Read(c, 2, 20*time.Second)))
			t.assignment("both", c)
			t.Must("subscribe t2", c.SubscribeTopics([]string{t2}, t.shows("cb3")))
			awaitAssigned(c, 1)
			t.assignment("t2 only", c)
			t.Err("close", c.Close())
		})
	})

	reg("callbacks.same_topic_again", func(t *T) {
		t.eachStrategy(func(s string) {
			topic := t.Topic(s+"-topic", 1)
			t.Fill(topic, 0, 2, "a")
			c := t.Consumer(t.Name(s+"-group"), "auto.offset.reset", "earliest", strategy, s)
			t.Must("subscribe", c.Subscribe(topic, t.shows("first")))
			t.P("%s", values(Read(c, 2, 20*time.Second)))
			t.Must("subscribe", c.Subscribe(topic, t.shows("second")))
			t.P("again: %d", len(Read(c, 1, 2*time.Second)))
			t.assignment("then", c)
			t.Err("close", c.Close())
		})
	})

	reg("callbacks.close_and_calls", func(t *T) {
		topic, group := t.Topic("topic", 2), t.Name("group")
		t.Fill(topic, 0, 4, "a")
		c := t.Consumer(group, "auto.offset.reset", "earliest", "enable.auto.commit", false)
		t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
			if e, ok := ev.(kafka.RevokedPartitions); ok {
				t.P("%s", evf(e))
				ss, err := c.Subscription()
				t.P("subscription of %d %s", len(ss), ef(err))
				t.position("revoked", c, tp(topic, 0), tp(topic, 1))
				rs, err := c.Commit()
				t.P("commit %s %s", tpsf(rs), ef(err))
				rs, err = c.Commit()
				t.P("commit again %s %s", tpsf(rs), ef(err))
				t.Err("pause", c.Pause(e.Partitions))
				t.P("IsClosed %v", c.IsClosed())
			}
			return nil
		}))
		t.P("%s", values(Read(c, 4, 20*time.Second)))
		t.Err("close", c.Close())
		t.after("then", group, tp(topic, 0), tp(topic, 1))
	})

	reg("callbacks.close_before_joining", func(t *T) {
		c := t.Consumer(t.Name("group"))
		t.Must("subscribe", c.Subscribe(t.Topic("topic", 2), t.shows("callback")))
		t.Err("close", c.Close())
	})

	reg("callbacks.close_with_own_calls", func(t *T) {
		t.eachStrategy(func(s string) {
			topic := t.Topic(s+"-topic", 2)
			c := t.Consumer(t.Name(s+"-group"), strategy, s)
			t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
				t.P("%s", evf(ev))
				if e, ok := ev.(kafka.RevokedPartitions); ok {
					t.Err("give", give(c, s, e.Partitions))
					t.assignment("given", c)
				}
				return nil
			}))
			awaitAssigned(c, 2)
			t.Err("close", c.Close())
		})
	})

	reg("callbacks.static_member", func(t *T) {
		topic, group := t.Topic("topic", 1), t.Name("group")
		t.Fill(topic, 0, 3, "a")
		for i := range 2 {
			c := t.Consumer(group, "group.instance.id", "one", "auto.offset.reset", "earliest")
			t.Must("subscribe", c.Subscribe(topic, t.shows(fmt.Sprint("life ", i))))
			t.P("%s", values(Read(c, 3-3*i, 20*time.Second)))
			awaitAssigned(c, 1)
			t.Err("close", c.Close())
		}
		ctx, cancel := ctxSec(20)
		defer cancel()
		res, err := t.Adm().DescribeConsumerGroups(ctx, []string{group})
		t.Must("describe", err)
		for _, g := range res.ConsumerGroupDescriptions {
			t.P("%s members %d", g.State, len(g.Members))
			for _, m := range g.Members {
				t.P("instance %q client %q", m.GroupInstanceID, m.ClientID)
			}
		}
	})

	reg("callbacks.events_channel", func(t *T) {
		t.eachStrategy(func(s string) {
			topic := t.Topic(s+"-topic", 2)
			t.Fill(topic, 0, 2, "v")
			c := t.Consumer(t.Name(s+"-group"), "auto.offset.reset", "earliest", strategy, s, "go.events.channel.enable", true,
				"go.application.rebalance.enable", true, "enable.auto.commit", false)
			t.Must("subscribe", c.Subscribe(topic, nil))
			end := time.After(20 * time.Second)
			for n := 0; n < 3; {
				select {
				case ev := <-c.Events():
					t.P("%s", evf(ev))
					switch e := ev.(type) {
					case kafka.AssignedPartitions:
						t.assignment("assigned", c)
						t.Err("take", take(c, s, e.Partitions))
					case kafka.RevokedPartitions:
						t.assignment("revoked", c)
						t.Err("give", give(c, s, e.Partitions))
						n = 3
					case *kafka.Message:
						if n++; n == 2 {
							t.Err("unsubscribe", c.Unsubscribe())
						}
					}
				case <-end:
					t.P("nothing more")
					n = 3
				}
			}
			t.assignment("then", c)
			t.Err("close", c.Close())
		})
	})

	for _, cb := range []bool{false, true} {
		reg(fmt.Sprint("callbacks.events_channel_callback_", cb), func(t *T) {
			topic := t.Topic("topic", 2)
			t.Fill(topic, 0, 2, "v")
			c := t.Consumer(t.Name("group"), "auto.offset.reset", "earliest", "go.events.channel.enable", true, "go.application.rebalance.enable", cb)
			var f kafka.RebalanceCb
			if cb {
				f = func(c *kafka.Consumer, ev kafka.Event) error {
					t.P("callback %s", evf(ev))
					return nil
				}
			}
			t.Must("subscribe", c.Subscribe(topic, f))
			for n := 0; n < 2; n++ {
				select {
				case ev := <-c.Events():
					t.P("event %s", evf(ev))
				case <-time.After(20 * time.Second):
					t.Stop("no event")
				}
			}
			t.assignment("then", c)
			t.P("poll beside the channel %s", evf(c.Poll(300)))
			t.Err("close", c.Close())
			for ev := range c.Events() {
				t.P("left %s", evf(ev))
			}
		})
	}

	reg("callbacks.app_enabled_second_member", func(t *T) {
		topic, group := t.Topic("topic", 2), t.Name("group")
		c := t.Consumer(group, "client.id", "m1", strategy, "range", "go.application.rebalance.enable", true)
		t.Must("subscribe", c.Subscribe(topic, t.shows("m1")))
		awaitAssigned(c, 2)
		b := t.NewMember("m2", group, strategy, "range").start(topic)
		awaitAssigned(c, 1)
		t.P("m2 owns one: %v", waitFor(10*time.Second, func() bool { c.Poll(50); return b.owned() == 1 }))
		t.Err("m1 close", c.Close())
		t.P("m2 owns two: %v", waitFor(20*time.Second, func() bool { return b.owned() == 2 }))
		t.Err("m2 close", b.close())
		b.print()
	})

	reg("callbacks.messages_of_revoked", func(t *T) {
		topic, group := t.Topic("topic", 2), t.Name("group")
		t.Fill(topic, 0, 300, "a")
		t.Fill(topic, 1, 300, "b")
		var gone map[int32]bool
		c := t.Consumer(group, "client.id", "m1", "auto.offset.reset", "earliest", strategy, "cooperative-sticky")
		t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
			if e, ok := ev.(kafka.RevokedPartitions); ok && gone == nil {
				gone = map[int32]bool{}
				for _, p := range e.Partitions {
					gone[p.Partition] = true
				}
			}
			return nil
		}))
		t.P("read %d", len(Read(c, 2, 20*time.Second)))
		all := []kafka.TopicPartition{tp(topic, 0), tp(topic, 1)}
		t.Err("pause", c.Pause(all))
		b := t.NewMember("m2", group, strategy, "cooperative-sticky").start(topic)
		waitFor(20*time.Second, func() bool { c.Poll(10); return gone != nil })
		t.Err("resume", c.Resume(all))
		wrong := 0
		for _, m := range Read(c, 300, 3*time.Second) {
			if gone[m.TopicPartition.Partition] {
				wrong++
			}
		}
		t.P("revoked %d, messages of it afterwards %d", len(gone), wrong)
		t.Err("m2 close", b.close())
		t.Err("close", c.Close())
	})

	reg("callbacks.pause_and_seek", func(t *T) {
		topic := t.Topic("topic", 1)
		t.Fill(topic, 0, 5, "a")
		c := t.Consumer(t.Name("group"), "auto.offset.reset", "earliest")
		t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
			if e, ok := ev.(kafka.AssignedPartitions); ok {
				t.Err("seek before assign", c.Seek(tpo(topic, 0, 3), 1000))
				t.Err("pause before assign", c.Pause(e.Partitions))
				t.Err("assign", c.Assign(e.Partitions))
				t.Err("pause", c.Pause(e.Partitions))
			}
			return nil
		}))
		t.P("paused: %d", len(Read(c, 1, 5*time.Second)))
		t.Err("seek", c.Seek(tpo(topic, 0, 3), 1000))
		t.P("paused: %d", len(Read(c, 1, time.Second)))
		t.Err("resume", c.Resume([]kafka.TopicPartition{tp(topic, 0)}))
		t.P("%s", values(Read(c, 2, 10*time.Second)))
	})

	reg("callbacks.committed_offsets", func(t *T) {
		topic, group := t.Topic("topic", 2), t.Name("group")
		t.Fill(topic, 0, 5, "a")
		d := t.Consumer(group)
		_, err := d.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, 3)})
		t.Must("commit", err)
		t.Must("close", d.Close())
		c := t.Consumer(group, "auto.offset.reset", "earliest")
		t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
			if e, ok := ev.(kafka.AssignedPartitions); ok {
				cs, err := c.Committed(e.Partitions, 10000)
				t.P("committed %s %s", tpsf(cs), ef(err))
				lo, hi, err := c.QueryWatermarkOffsets(topic, 0, 10000)
				t.P("watermarks %d %d %s", lo, hi, ef(err))
				t.position("in the callback", c, e.Partitions...)
				t.Err("assign", c.Assign(cs))
			}
			return nil
		}))
		t.P("%s", values(Read(c, 2, 20*time.Second)))
	})
}
