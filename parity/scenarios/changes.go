package main

import (
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// What a member's callback sees while its subscription changes several times.
func (t *T) changes(alone bool, kv ...any) {
	t1, t2, t3 := t.Topic("t1", 2), t.Topic("t2", 2), t.Topic("t3", 2)
	group := t.Name("group")
	m := t.NewMember("m1", group, kv...)
	_, err := m.c.GetMetadata(nil, true, 10000) // what a client has heard of topics should not matter
	t.Must("metadata", err)
	m.counts = true
	m.on = func(c *kafka.Consumer, ev kafka.Event) error { m.note(evf(ev)); return nil }
	m.start(t1)
	time.Sleep(2 * time.Second)
	if !alone {
		o := t.NewMember("m2", group, kv...).start(t1, t2, t3)
		defer func() { _ = o.close() }()
		time.Sleep(4 * time.Second)
	}
	for _, l := range [][]string{{t2}, {t1, t2}, {t2, t3}, {t3}, {t1}, {t1}, {t1, t2, t3}, {t2}} {
		m.note("subscribe " + t.clean(l[0]))
		t.Err("subscribe", m.c.SubscribeTopics(l, m.callback))
		time.Sleep(2500 * time.Millisecond)
	}
	t.Err("close", m.close())
	m.print()
}

func init() {
	const strategy = "partition.assignment.strategy"
	for _, s := range []string{"range", "roundrobin", "cooperative-sticky"} {
		reg("changes.alone_"+s, func(t *T) { t.changes(true, strategy, s) })
	}
	reg("changes.alone_consumer", func(t *T) { t.changes(true, "group.protocol", "consumer") })

	// A manual assignment and then a subscription, and the other way round.
	for _, s := range []string{"range", "cooperative-sticky"} {
		reg("changes.assign_subscribe_"+s, func(t *T) {
			t1, t2, group := t.Topic("t1", 2), t.Topic("t2", 2), t.Name("group")
			t.Fill(t1, 0, 3, "a")
			t.Fill(t2, 1, 3, "b")
			c := t.Consumer(group, strategy, s, "auto.offset.reset", "earliest", "enable.auto.commit", false)
			t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(t2, 1, 1)}))
			t.P("%s", values(Read(c, 2, 10*time.Second)))
			t.Must("subscribe", c.Subscribe(t1, t.shows("callback")))
			t.assignment("subscribed", c)
			t.P("%s", values(Read(c, 3, 10*time.Second)))
			awaitAssigned(c, 2)
			t.Fill(t2, 1, 1, "late")
			t.P("%s", values(Read(c, 1, 2*time.Second)))
			rs, err := c.Commit()
			t.P("commit %s %s", tpsf(rs), ef(err))
			t.assignment("in the end", c)
			t.Err("close", c.Close())
			t.after("closed", group, tp(t1, 0), tp(t2, 1))
		})
		reg("changes.unsubscribe_assign_"+s, func(t *T) {
			topic, group := t.Topic("topic", 2), t.Name("group")
			t.Fill(topic, 0, 6, "v")
			c := t.Consumer(group, "auto.offset.reset", "earliest", "enable.auto.commit", false, strategy, s)
			t.Must("subscribe", c.Subscribe(topic, nil))
			t.P("%s", values(Read(c, 6, 10*time.Second)))
			t.Err("unsubscribe", c.Unsubscribe())
			Read(c, 1, time.Second)
			for range 2 {
				rs, err := c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, 2)})
				t.P("commit %s %s", tpsf(rs), ef(err))
			}
			t.assignment("then", c)
			t.ErrT("take", take(c, s, []kafka.TopicPartition{tpo(topic, 0, 3)}))
			t.P("%s", values(Read(c, 3, 10*time.Second)))
			rs, err := c.Commit()
			t.P("commit %s %s", tpsf(rs), ef(err))
			t.committed("then", c, tp(topic, 0))
			t.ErrT("give", give(c, s, []kafka.TopicPartition{tp(topic, 0)}))
			t.ErrT("subscribe", c.Subscribe(topic, t.shows("again")))
			t.P("%s", values(Read(c, 6, 10*time.Second)))
			rs, err = c.Commit()
			t.P("commit %s %s", tpsf(rs), ef(err))
			t.Err("close", c.Close())
			t.after("closed", group, tp(topic, 0))
		})
		// What is committed by itself when partitions are given back, beside what the application committed.
		for _, o := range []kafka.Offset{4, 6, 8} {
			reg("changes.revoked_after_commit_"+o.String()+"_"+s, func(t *T) {
				topic, group := t.Topic("topic", 2), t.Name("group")
				t.Fill(topic, 0, 6, "v")
				c := t.Consumer(group, "auto.offset.reset", "earliest", "auto.commit.interval.ms", 100000, strategy, s)
				t.Must("subscribe", c.Subscribe(topic, nil))
				t.P("%s", values(Read(c, 6, 10*time.Second)))
				rs, err := c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, o)})
				t.P("commit %s %s", tpsf(rs), ef(err))
				t.Err("unsubscribe", c.Unsubscribe())
				t.P("%s", evf(Next(c, 2*time.Second, func(kafka.Event) bool { return true })))
				t.Err("close", c.Close())
				t.after("closed", group, tp(topic, 0))
			})
			reg("changes.given_after_commit_"+o.String()+"_"+s, func(t *T) {
				topic, group := t.Topic("topic", 2), t.Name("group")
				t.Fill(topic, 0, 6, "v")
				c := t.Consumer(group, "auto.offset.reset", "earliest", "auto.commit.interval.ms", 100000)
				t.Must("take", take(c, s, []kafka.TopicPartition{tpo(topic, 0, 0)}))
				t.P("%s", values(Read(c, 6, 10*time.Second)))
				rs, err := c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, o)})
				t.P("commit %s %s", tpsf(rs), ef(err))
				t.Err("give", give(c, s, []kafka.TopicPartition{tp(topic, 0)}))
				t.P("%s", evf(Next(c, 2*time.Second, func(kafka.Event) bool { return true })))
				t.Must("take", take(c, s, []kafka.TopicPartition{tpo(topic, 0, 0)}))
				t.P("%s", values(Read(c, 6, 10*time.Second)))
				rs, err = c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, o)})
				t.P("commit %s %s", tpsf(rs), ef(err))
				t.Err("close", c.Close())
				t.after("closed", group, tp(topic, 0))
			})
		}
	}
}
