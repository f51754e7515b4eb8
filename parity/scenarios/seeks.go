package main

import (
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// quiet shows all that Poll returns within a time.
func (t *T) quiet(c *kafka.Consumer, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		ev := c.Poll(50)
		if ev != nil {
			t.P("  %s", evf(ev))
		}
		if e, ok := ev.(kafka.Error); ok {
			t.Text("%s", e)
		}
	}
}

func init() {
	for _, reset := range []string{"earliest", "latest", "error"} {
		// Every offset that a seek can be given, in a partition that holds 2 .. 5 of 6.
		reg("seeks.offsets_"+reset, func(t *T) {
			topic := t.Topic("topic", 1)
			t.Fill(topic, 0, 6, "v")
			ctx, cancel := ctxSec(20)
			defer cancel()
			_, err := t.Adm().DeleteRecords(ctx, []kafka.TopicPartition{tpo(topic, 0, 2)})
			t.Must("delete records", err)
			for _, o := range []kafka.Offset{0, 1, 2, 5, 6, 7, kafka.OffsetBeginning, kafka.OffsetEnd, kafka.OffsetTail(1), kafka.OffsetTail(4), kafka.OffsetTail(99), kafka.OffsetInvalid, kafka.OffsetStored} {
				c := t.Consumer(t.Name("group"+o.String()), "auto.offset.reset", reset, "enable.auto.commit", false)
				t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 4)}))
				t.P("%s", values(Read(c, 2, 20*time.Second)))
				t.ErrT(fmt.Sprint("seek to ", o), c.Seek(tpo(topic, 0, o), 0))
				t.quiet(c, 1200*time.Millisecond)
				t.position("then", c, tp(topic, 0))
				t.ErrT("seek back", c.Seek(tpo(topic, 0, 5), 0))
				t.P("%s", values(Read(c, 1, 1200*time.Millisecond)))
				_ = c.Close()
			}
		})
		// A partition that is cut off while it is paused, or behind the consumer.
		reg("seeks.cut_while_paused_"+reset, func(t *T) {
			topic := t.Topic("topic", 1)
			t.Fill(topic, 0, 6, "v")
			c := t.Consumer(t.Name("group"), "auto.offset.reset", reset, "enable.auto.commit", false)
			t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 0)}))
			t.P("%s", values(Read(c, 2, 20*time.Second)))
			one := []kafka.TopicPartition{tp(topic, 0)}
			t.Must("pause", c.Pause(one))
			ctx, cancel := ctxSec(20)
			defer cancel()
			_, err := t.Adm().DeleteRecords(ctx, []kafka.TopicPartition{tpo(topic, 0, 4)})
			t.Must("delete records", err)
			t.quiet(c, 800*time.Millisecond)
			t.Must("seek", c.Seek(tpo(topic, 0, 1), 0))
			t.quiet(c, 800*time.Millisecond)
			t.Must("resume", c.Resume(one))
			t.quiet(c, 1500*time.Millisecond)
			t.position("then", c, tp(topic, 0))
		})
		// The offset of the group is out of range for one partition only.
		reg("seeks.one_of_two_out_of_range_"+reset, func(t *T) {
			topic, group := t.Topic("topic", 2), t.Name("group")
			t.Fill(topic, 0, 3, "a")
			t.Fill(topic, 1, 3, "b")
			c := t.Consumer(group, "auto.offset.reset", reset, "enable.auto.commit", false)
			_, err := c.CommitOffsets([]kafka.TopicPartition{tpo(topic, 0, 50), tpo(topic, 1, 1)})
			t.Must("commit", err)
			t.Must("subscribe", c.Subscribe(topic, nil))
			ms, errs := map[int32]int{}, 0
			for end := time.Now().Add(4 * time.Second); time.Now().Before(end); {
				switch e := c.Poll(50).(type) {
				case *kafka.Message:
					ms[e.TopicPartition.Partition]++
				case kafka.Error:
					errs++
					t.P("%s", kef(e))
					t.Text("%s", e)
				}
			}
			t.P("%v, errors %d", ms, errs)
			rs, err := c.Commit()
			t.P("commit %s %s", tpsf(rs), ef(err))
			t.ErrT("seek", c.Seek(tpo(topic, 0, 2), 0))
			t.P("%s", values(Read(c, 1, 2*time.Second)))
		})
		// An empty partition, and what comes to it.
		reg("seeks.empty_"+reset, func(t *T) {
			topic := t.Topic("topic", 1)
			c := t.Consumer(t.Name("group"), "auto.offset.reset", reset, "enable.partition.eof", true)
			for _, o := range []kafka.Offset{kafka.OffsetBeginning, kafka.OffsetEnd, kafka.OffsetTail(5), 0, kafka.OffsetStored} {
				t.P("assign %v %s", o, ef(c.Assign([]kafka.TopicPartition{tpo(topic, 0, o)})))
				t.quiet(c, 1200*time.Millisecond)
				t.position("then", c, tp(topic, 0))
			}
			t.Fill(topic, 0, 1, "first")
			t.quiet(c, 1200*time.Millisecond)
		})
	}

	for _, s := range []string{"range", "cooperative-sticky"} {
		// Seek, pause and position in the callbacks, before and after the assignment is taken.
		reg("seeks.callback_"+s, func(t *T) {
			topic := t.Topic("topic", 2)
			t.Fill(topic, 0, 4, "a")
			t.Fill(topic, 1, 4, "b")
			c := t.Consumer(t.Name("group"), "auto.offset.reset", "earliest", "partition.assignment.strategy", s)
			t.Must("subscribe", c.Subscribe(topic, func(c *kafka.Consumer, ev kafka.Event) error {
				switch e := ev.(type) {
				case kafka.AssignedPartitions:
					t.ErrT("before", c.Seek(tpo(topic, 0, 2), 0))
					t.Err("take", take(c, s, e.Partitions))
					t.ErrT("seek 0", c.Seek(tpo(topic, 0, 2), 0))
					t.Err("pause 1", c.Pause([]kafka.TopicPartition{tp(topic, 1)}))
					t.position("taken", c, tp(topic, 0), tp(topic, 1))
				case kafka.RevokedPartitions:
					t.position("revoked", c, tp(topic, 0), tp(topic, 1))
					t.ErrT("seek", c.Seek(tpo(topic, 0, 0), 0))
					t.Err("give", give(c, s, e.Partitions))
					t.ErrT("seek", c.Seek(tpo(topic, 0, 0), 0))
				}
				return nil
			}))
			t.P("%s", values(Read(c, 3, 6*time.Second)))
			t.Err("resume", c.Resume([]kafka.TopicPartition{tp(topic, 1)}))
			t.P("%d", len(Read(c, 5, 6*time.Second))) // all there are: Close moves positions over what is queued
			t.Err("close", c.Close())
		})
		// A pause does not outlive what the group takes away and gives again, or does it?
		reg("seeks.pause_over_rebalance_"+s, func(t *T) {
			topic := t.Topic("topic", 1)
			t.Fill(topic, 0, 3, "v")
			c := t.Consumer(t.Name("group"), "auto.offset.reset", "earliest", "partition.assignment.strategy", s, "enable.auto.commit", false)
			t.Must("subscribe", c.Subscribe(topic, nil))
			t.P("%s", values(Read(c, 3, 20*time.Second)))
			t.Err("pause", c.Pause([]kafka.TopicPartition{tp(topic, 0)}))
			for i := range 2 {
				t.Err("unsubscribe", c.Unsubscribe())
				awaitAssigned(c, 0)
				t.Err("subscribe", c.Subscribe(topic, nil))
				awaitAssigned(c, 1)
				t.P("%s", values(Read(c, 3, 2*time.Second)))
				if i == 0 {
					t.Err("resume", c.Resume([]kafka.TopicPartition{tp(topic, 0)}))
					t.P("%s", values(Read(c, 3, 2*time.Second)))
				}
			}
		})
	}

	reg("seeks.read_message_while_paused", func(t *T) {
		topic := t.Topic("topic", 2)
		t.Fill(topic, 0, 2, "a")
		t.Fill(topic, 1, 2, "b")
		c := t.assigned(topic, 2, "enable.partition.eof", false)
		t.Err("pause", c.Pause([]kafka.TopicPartition{tp(topic, 0), tp(topic, 1)}))
		m, err := c.ReadMessage(700 * time.Millisecond)
		t.P("%s", mf(m))
		t.ErrT("paused", err)
		t.Err("resume 1", c.Resume([]kafka.TopicPartition{tp(topic, 1)}))
		for range 3 {
			m, err = c.ReadMessage(1500 * time.Millisecond)
			t.P("%s %s", mf(m), ef(err))
		}
		lo, hi, err := c.GetWatermarkOffsets(topic, 0)
		t.P("watermarks of the paused one %d %d %s", lo, hi, ef(err))
		t.position("then", c, tp(topic, 0), tp(topic, 1))
	})

	reg("seeks.events_channel", func(t *T) {
		topic := t.Topic("topic", 1)
		t.Fill(topic, 0, 4, "v")
		c := t.Consumer(t.Name("group"), "go.events.channel.enable", true, "go.events.channel.size", 0, "enable.auto.commit", false, "enable.partition.eof", true)
		next := func() {
			select {
			case ev := <-c.Events():
				t.P("  %s", evf(ev))
			case <-time.After(1500 * time.Millisecond):
				t.P("  nothing")
			}
		}
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 0)}))
		for range 5 {
			next()
		}
		t.ErrT("seek", c.Seek(tpo(topic, 0, 2), 0))
		for range 4 {
			next()
		}
		t.Err("pause", c.Pause([]kafka.TopicPartition{tp(topic, 0)}))
		t.ErrT("seek", c.Seek(tpo(topic, 0, 3), 0))
		next()
		t.Err("resume", c.Resume([]kafka.TopicPartition{tp(topic, 0)}))
		for range 3 {
			next()
		}
		t.Err("unassign", c.Unassign())
		next()
		t.Err("close", c.Close())
	})

	reg("seeks.twice_and_many", func(t *T) {
		topic := t.Topic("topic", 4)
		for i := range int32(4) {
			t.Fill(topic, i, 3, fmt.Sprint("p", i, "-"))
		}
		c := t.assigned(topic, 3)
		t.P("read %d", len(t.ReadToEOF(c, 3, 20*time.Second)))
		for range 5 {
			t.ErrT("seek", c.Seek(tpo(topic, 0, 1), 0))
		}
		t.ErrT("and on", c.Seek(tpo(topic, 0, 2), -1))
		t.P("%s", values(t.ReadToEOF(c, 1, 20*time.Second)))
		rs, err := c.SeekPartitions([]kafka.TopicPartition{tpo(topic, 0, 2), tpo(topic, 3, 0), tpo(topic, 1, kafka.OffsetStored), tpo(topic, 2, kafka.OffsetTail(1))})
		var lines []string
		for _, r := range rs {
			lines = append(lines, tpf(r))
		}
		t.P("in order %q %s", lines, ef(err))
		ms := t.ReadToEOF(c, 2, 20*time.Second)
		n := map[int32]int{}
		for _, m := range ms {
			n[m.TopicPartition.Partition]++
		}
		t.P("%v", n)
		t.ErrT("unassign", c.Unassign())
		rs, err = c.SeekPartitions([]kafka.TopicPartition{tpo(topic, 0, 0)})
		t.P("%s %s", tpsf(rs), ef(err))
		t.ErrT("no topic at all", c.Seek(tpo("", 0, 0), 0))
	})
}
