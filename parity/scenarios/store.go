package main

import (
	"fmt"
	"sort"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func i32(n int32) *int32 { return &n }

// tried shows the result of a call that returns a list and an error.
func (t *T) tried(label string, ps []kafka.TopicPartition, err error) {
	t.P("%s: %s", label, tpsf(ps))
	t.ErrT(label, err)
}

func init() {
	reg("store.message_errors", func(t *T) {
		topic := t.Topic("topic", 2)
		t.Fill(topic, 0, 2, "v")
		c := t.Consumer(t.Name("group"), "enable.auto.offset.store", false, "enable.auto.commit", false)
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 0)}))
		ms := Read(c, 2, 20*time.Second)
		t.P("%s", values(ms))
		text := "m"
		for _, m := range []*kafka.Message{
			{TopicPartition: tpo(topic, 0, 1)},
			{TopicPartition: tpo(topic, 0, kafka.OffsetInvalid)},
			{TopicPartition: tpo(topic, 0, kafka.OffsetEnd)},
			{TopicPartition: tpo(topic, 1, 1)},
			{TopicPartition: tpo(topic, 9, 1)},
			{TopicPartition: kafka.TopicPartition{Topic: &topic, Offset: 1, Error: kafka.NewError(kafka.ErrFail, "x", false)}},
			{TopicPartition: kafka.TopicPartition{Topic: &topic, Offset: 1, LeaderEpoch: i32(-1)}},
			{TopicPartition: kafka.TopicPartition{Topic: &topic, Offset: 1, LeaderEpoch: i32(0), Metadata: &text}},
			{TopicPartition: kafka.TopicPartition{Topic: &topic, Offset: 100, LeaderEpoch: i32(7)}},
		} {
			rs, err := c.StoreMessage(m)
			t.tried(tpf(m.TopicPartition), rs, err)
		}
		rs, err := c.Commit()
		t.tried("commit", rs, err)
		t.committed("then", c, tp(topic, 0), tp(topic, 1))
	})

	reg("store.commit_message_errors", func(t *T) {
		topic := t.Topic("topic", 2)
		c := t.Consumer(t.Name("group"), "enable.auto.commit", false)
		text := "m"
		for _, m := range []*kafka.Message{
			{TopicPartition: tpo(topic, 0, 1)},
			{TopicPartition: tpo(topic, 9, 1)},
			{TopicPartition: tpo(topic, 0, kafka.OffsetEnd)},
			{TopicPartition: tpo(topic, 0, kafka.OffsetBeginning)},
			{TopicPartition: kafka.TopicPartition{Topic: &topic, Offset: 1, Error: kafka.NewError(kafka.ErrFail, "x", false)}},
			{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 1, Offset: 1, LeaderEpoch: i32(-1)}},
			{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 1, Offset: 5, LeaderEpoch: i32(0), Metadata: &text}},
			{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 1, Offset: 6, LeaderEpoch: i32(9)}},
		} {
			rs, err := c.CommitMessage(m)
			t.tried(tpf(m.TopicPartition), rs, err)
			t.committed("  then", c, tp(topic, 0), tp(topic, 1))
		}
	})

	reg("store.metadata", func(t *T) {
		topic := t.Topic("topic", 1)
		t.Fill(topic, 0, 3, "v")
		c := t.Consumer(t.Name("group"), "enable.auto.offset.store", false, "enable.auto.commit", false)
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 0)}))
		t.P("%d", len(Read(c, 3, 20*time.Second)))
		text, none := "note", ""
		for _, p := range []kafka.TopicPartition{
			{Topic: &topic, Offset: 1, Metadata: &text},
			{Topic: &topic, Offset: 2, Metadata: &none},
			{Topic: &topic, Offset: 3},
			{Topic: &topic, Offset: 2, LeaderEpoch: i32(0), Metadata: &text},
			{Topic: &topic, Offset: 2, LeaderEpoch: i32(0), Metadata: &text},
			{Topic: &topic, Offset: 2, LeaderEpoch: i32(3)},
			{Topic: &topic, Offset: kafka.OffsetInvalid},
			{Topic: &topic, Offset: kafka.OffsetEnd},
			{Topic: &topic, Offset: -7},
			{Topic: &topic, Offset: 0},
		} {
			rs, err := c.StoreOffsets([]kafka.TopicPartition{p})
			t.tried("store "+tpf(p), rs, err)
			rs, err = c.Commit()
			t.tried("  commit", rs, err)
			t.committed("  then", c, tp(topic, 0))
		}
	})

	reg("store.before_and_after_assign", func(t *T) {
		topic := t.Topic("topic", 2)
		c := t.Consumer(t.Name("group"), "enable.auto.offset.store", false, "enable.auto.commit", false)
		try := func(label string) {
			rs, err := c.StoreOffsets([]kafka.TopicPartition{tpo(topic, 0, 5), tpo(topic, 1, 6)})
			t.tried(label, rs, err)
			rs, err = c.StoreOffsets([]kafka.TopicPartition{tpo(topic, 1, 6)})
			t.tried(label+", one", rs, err)
		}
		try("new")
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 0)}))
		try("assigned")
		t.Must("unassign", c.Unassign())
		try("unassigned")
		rs, err := c.Commit()
		t.tried("commit", rs, err)
	})

	reg("store.dropped_by_assign", func(t *T) {
		topic := t.Topic("topic", 1)
		t.Fill(topic, 0, 5, "v")
		c := t.Consumer(t.Name("group"), "enable.auto.offset.store", false, "enable.auto.commit", false)
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 0)}))
		_, err := c.StoreOffsets([]kafka.TopicPartition{tpo(topic, 0, 3)})
		t.Err("store", err)
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 1)}))
		rs, err := c.Commit()
		t.tried("commit", rs, err)
	})

	reg("store.seek_and_commit", func(t *T) {
		topic := t.Topic("topic", 1)
		t.Fill(topic, 0, 5, "v")
		c := t.Consumer(t.Name("group"), "enable.auto.commit", false)
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 0)}))
		t.P("%s", values(Read(c, 5, 20*time.Second)))
		rs, err := c.Commit()
		t.tried("commit", rs, err)
		t.Err("seek", c.Seek(tpo(topic, 0, 1), 1000))
		rs, err = c.Commit()
		t.tried("commit after the seek", rs, err)
		t.position("after the seek", c, tp(topic, 0))
		t.P("%s", values(Read(c, 1, 20*time.Second)))
		t.position("after one", c, tp(topic, 0))
		rs, err = c.Commit()
		t.tried("commit a lower one", rs, err)
		t.committed("then", c, tp(topic, 0))
	})

	reg("store.committed_arguments", func(t *T) {
		topic := t.Topic("topic", 2)
		c := t.Consumer(t.Name("group"))
		_, err := c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 1, 4)})
		t.Must("commit", err)
		for _, q := range []struct {
			label string
			ps    []kafka.TopicPartition
			ms    int
		}{
			{"good", []kafka.TopicPartition{tp(topic, 0), tp(topic, 1)}, 10000},
			{"no time", []kafka.TopicPartition{tp(topic, 0)}, 0},
			{"nil", nil, 5000},
			{"empty", []kafka.TopicPartition{}, 5000},
			{"unknown partition", []kafka.TopicPartition{tp(topic, 1), tp(topic, 9)}, 10000},
			{"unknown topic", []kafka.TopicPartition{tp(t.Name("missing"), 0)}, 10000},
			{"negative partition", []kafka.TopicPartition{tp(topic, -1)}, 10000},
			{"offset in the request", []kafka.TopicPartition{tpo(topic, 0, 9), tpo(topic, 1, 9)}, 10000},
			{"twice", []kafka.TopicPartition{tp(topic, 1), tp(topic, 1)}, 10000},
		} {
			rs, err := c.Committed(q.ps, q.ms)
			t.tried(q.label, rs, err)
		}
	})

	reg("store.position_arguments", func(t *T) {
		topic := t.Topic("topic", 2)
		c := t.Consumer(t.Name("group"))
		for _, ps := range [][]kafka.TopicPartition{nil, {}, {tp(topic, 0)}, {tp(topic, 9)}, {tp("missing", 0)}, {tpo(topic, 0, 7), tpo(topic, 0, 8)}} {
			rs, err := c.Position(ps)
			t.tried(tpsf(ps), rs, err)
		}
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 1, 0)}))
		t.position("assigned", c, tp(topic, 0), tp(topic, 1))
	})

	reg("store.auto_commit_events", func(t *T) {
		topic, group := t.Topic("topic", 2), t.Name("group")
		t.Fill(topic, 0, 3, "v")
		c := t.Consumer(group, "auto.commit.interval.ms", 500, "auto.offset.reset", "earliest")
		t.Must("subscribe", c.Subscribe(topic, nil))
		n := 0
		Next(c, 15*time.Second, func(ev kafka.Event) bool {
			if e, ok := ev.(kafka.OffsetsCommitted); ok {
				if n < 3 {
					return false // of fewer messages, depending on the time
				}
				t.P("%s", evf(e))
				t.P("has a text %v", e.String() != "")
				return true
			}
			if _, ok := ev.(*kafka.Message); ok {
				n++
			}
			return false
		})
		t.P("no event without a new message: %s", evf(Next(c, 1500*time.Millisecond, func(kafka.Event) bool { return true })))
		rs, err := c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, 1)})
		t.tried("own commit", rs, err)
		t.P("then: %s", evf(Next(c, 1500*time.Millisecond, func(kafka.Event) bool { return true })))
	})

	reg("store.auto_commit_assigned", func(t *T) {
		topic, group := t.Topic("topic", 2), t.Name("group")
		t.Fill(topic, 0, 3, "v")
		c := t.Consumer(group, "auto.commit.interval.ms", 500, "enable.auto.offset.store", false)
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 0), tpo(topic, 1, 0)}))
		t.P("%d", len(Read(c, 3, 20*time.Second)))
		for _, o := range []kafka.Offset{2, 2, 1, 50} {
			rs, err := c.StoreOffsets([]kafka.TopicPartition{tpo(topic, 0, o)})
			t.P("store %s %s", tpsf(rs), ef(err))
			t.P("%s", evf(Next(c, 2*time.Second, func(kafka.Event) bool { return true })))
		}
		t.committed("then", c, tp(topic, 0), tp(topic, 1))
	})

	reg("store.auto_commit_unreachable", func(t *T) {
		c := t.Consumer(t.Name("group"), "bootstrap.servers", t.Silent(), "enable.auto.offset.store", false, "auto.commit.interval.ms", 300)
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo("t", 0, 0)}))
		rs, err := c.StoreOffsets([]kafka.TopicPartition{tpo("t", 0, 2)})
		t.tried("store", rs, err)
		t.P("%s", evf(Next(c, 1500*time.Millisecond, func(ev kafka.Event) bool { return !isErr(ev) })))
	})

	reg("store.other_group_member", func(t *T) {
		topic, group := t.Topic("topic", 1), t.Name("group")
		c := t.Consumer(group)
		t.Must("subscribe", c.Subscribe(topic, nil))
		t.P("assigned %v", awaitAssigned(c, 1))
		d := t.Consumer(group)
		rs, err := d.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, 1)})
		t.tried("commit of a consumer outside the group", rs, err)
		rs, err = c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, 2)})
		t.tried("commit of the member", rs, err)
		ctx, cancel := ctxSec(20)
		defer cancel()
		res, err := t.Adm().AlterConsumerGroupOffsets(ctx, []kafka.ConsumerGroupTopicPartitions{{Group: group, Partitions: []kafka.TopicPartition{tpo(topic, 0, 9)}}})
		t.ErrT("alter", err)
		for _, g := range res.ConsumerGroupsTopicPartitions {
			t.P("%s", tpsf(g.Partitions))
		}
	})

	reg("store.many_partitions", func(t *T) {
		topic := t.Topic("topic", 12)
		c := t.Consumer(t.Name("group"), "enable.auto.offset.store", false, "enable.auto.commit", false)
		var ps, st []kafka.TopicPartition
		for i := 11; i >= 0; i-- {
			ps = append(ps, tpo(topic, int32(i), 0))
			if i%2 == 0 {
				st = append(st, tpo(topic, int32(i), kafka.Offset(i+1)))
			}
		}
		t.Must("assign", c.Assign(ps))
		rs, err := c.StoreOffsets(st)
		t.P("in order of the request %v", !sort.SliceIsSorted(rs, func(i, j int) bool { return rs[i].Partition < rs[j].Partition }))
		t.tried("store", rs, err)
		rs, err = c.Commit()
		var order []string
		for _, r := range rs {
			order = append(order, fmt.Sprint(r.Partition, "@", int64(r.Offset)))
		}
		t.P("commit %v %s", order, ef(err))
		t.P("second commit nothing new")
		rs, err = c.Commit()
		t.tried("commit", rs, err)
	})

	reg("store.nil_topic_and_odd", func(t *T) {
		c := t.Consumer(t.Name("group"), "enable.auto.offset.store", false, "enable.auto.commit", false)
		rs, err := c.StoreOffsets([]kafka.TopicPartition{tpo("", 0, 1)})
		t.tried("store empty topic", rs, err)
		rs, err = c.CommitOffsets([]kafka.TopicPartition{tpo("", 0, 1)})
		t.tried("commit empty topic", rs, err)
		t.ErrT("seek", c.Seek(tpo("", 0, 1), 0))
		t.ErrT("assign negative partition", c.Assign([]kafka.TopicPartition{tpo("t", -1, 1)}))
		t.ErrT("assign twice", c.Assign([]kafka.TopicPartition{tpo("t", 0, 1), tpo("t", 0, 2)}))
		t.ErrT("subscribe empty", c.Subscribe("", nil))
		t.ErrT("subscribe twice", c.SubscribeTopics([]string{"t", "t"}, nil))
		t.ErrT("subscribe none", c.SubscribeTopics(nil, nil))
	})

	reg("store.next_start", func(t *T) {
		topic, group := t.Topic("topic", 1), t.Name("group")
		t.Fill(topic, 0, 6, "v")
		c := t.Consumer(group, "enable.auto.offset.store", false, "auto.offset.reset", "earliest")
		t.Must("subscribe", c.Subscribe(topic, nil))
		ms := Read(c, 6, 20*time.Second)
		t.P("%s", values(ms))
		rs, err := c.StoreMessage(ms[2])
		t.tried("store", rs, err)
		t.Err("unsubscribe", c.Unsubscribe())
		awaitAssigned(c, 0)
		t.Must("subscribe", c.Subscribe(topic, nil))
		t.P("%s", values(Read(c, 3, 20*time.Second)))
		t.Err("close", c.Close())
		t.after("then", group, tp(topic, 0))
	})

	reg("store.deleted_group", func(t *T) {
		topic, group := t.Topic("topic", 1), t.Name("group")
		c := t.Consumer(group)
		_, err := c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, 3)})
		t.Must("commit", err)
		ctx, cancel := ctxSec(20)
		defer cancel()
		res, err := t.Adm().DeleteConsumerGroups(ctx, []string{group})
		t.Must("delete", err)
		t.P("delete %s", kef(res.ConsumerGroupResults[0].Error))
		t.committed("then", c, tp(topic, 0))
		rs, err := c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, 4)})
		t.tried("commit", rs, err)
	})
}
