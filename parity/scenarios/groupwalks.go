package main

import (
	"fmt"
	"math/rand"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// groupWalk is a random but repeatable sequence of calls on a member of a group that has two topics.
type groupWalk struct {
	t      *T
	r      *rand.Rand
	c      *kafka.Consumer
	conf   []any
	group  string
	topics []string
	cb     string // what the rebalance callback does
	made   int
	last   *kafka.Message
}

func (w *groupWalk) callback(c *kafka.Consumer, ev kafka.Event) error {
	w.saw("callback %s", evf(ev))
	as, err := c.Assignment()
	w.saw("  assignment %s %s lost %v %s", tpsf(as), ef(err), c.AssignmentLost(), c.GetRebalanceProtocol())
	coop := c.GetRebalanceProtocol() == "COOPERATIVE"
	switch e := ev.(type) {
	case kafka.AssignedPartitions:
		switch w.cb {
		case "own":
			ps := append([]kafka.TopicPartition{}, e.Partitions...)
			for i := range ps {
				ps[i].Offset = 1
			}
			if coop {
				w.saw("  own %s", ef(c.IncrementalAssign(ps)))
			} else {
				w.saw("  own %s", ef(c.Assign(ps)))
			}
		case "pause":
			w.saw("  pause %s", ef(c.Pause(e.Partitions)))
		}
	case kafka.RevokedPartitions:
		switch w.cb {
		case "own":
			if coop {
				w.saw("  own %s", ef(c.IncrementalUnassign(e.Partitions)))
			} else {
				w.saw("  own %s", ef(c.Unassign()))
			}
		case "commit":
			rs, err := c.Commit()
			w.saw("  commit %s %s", tpsf(rs), ef(err))
		}
	}
	return nil
}

func (w *groupWalk) saw(format string, a ...any) { w.t.P("    "+format, a...) }

// rest polls until nothing has come for a while, and shows what came, by partition.
func (w *groupWalk) rest() {
	got, seen := haul{events: map[string][]string{}}, 0
	quiet := time.Now()
	for time.Since(quiet) < 1800*time.Millisecond {
		ev := w.c.Poll(50)
		if ev == nil {
			continue
		}
		quiet = time.Now()
		switch e := ev.(type) {
		case *kafka.Message:
			if w.last == nil || e.TopicPartition.String() <= w.last.TopicPartition.String() || seen == 0 {
				w.last = e
			}
			seen++
			got.add(fmt.Sprintf("%s[%d]", *e.TopicPartition.Topic, e.TopicPartition.Partition), fmt.Sprintf("%s@%d", e.Value, e.TopicPartition.Offset))
		default:
			got.other(ev)
		}
	}
	got.show(w.t)
	as, err := w.c.Assignment()
	ss, _ := w.c.Subscription()
	w.t.P("  assignment %s %s of %d topics, %s", tpsf(as), ef(err), len(ss), w.c.GetRebalanceProtocol())
	pos, err := w.c.Position(w.all())
	w.t.P("  position %s %s", tpsf(pos), ef(err))
	cs, err := w.c.Committed(w.all(), 10000)
	w.t.P("  committed %s %s", tpsf(cs), ef(err))
}

func (w *groupWalk) all() (ps []kafka.TopicPartition) {
	for _, topic := range w.topics {
		ps = append(ps, tp(topic, 0), tp(topic, 1))
	}
	return ps
}

func (w *groupWalk) some(offset func() kafka.Offset) (ps []kafka.TopicPartition) {
	all := w.all()
	for _, i := range w.r.Perm(len(all))[:1+w.r.Intn(2)] {
		if offset != nil {
			all[i].Offset = offset()
		}
		ps = append(ps, all[i])
	}
	return ps
}

func (w *groupWalk) step(op string) {
	t, c := w.t, w.c
	at := func() kafka.Offset {
		return []kafka.Offset{0, 1, 2, kafka.OffsetBeginning, kafka.OffsetEnd, kafka.OffsetTail(1)}[w.r.Intn(6)]
	}
	list := func(label string, ps []kafka.TopicPartition, err error) {
		t.P("%s -> %s", label, tpsf(ps))
		t.ErrT(op, err)
	}
	switch op {
	case "subscribe":
		names := [][]string{w.topics[:1], w.topics[1:], w.topics}[w.r.Intn(3)]
		t.ErrT(fmt.Sprint(op, " ", names), c.SubscribeTopics(names, w.callback))
	case "unsubscribe":
		t.ErrT(op, c.Unsubscribe())
	case "reopen":
		t.P("close")
		t.ErrT("close", c.Close())
		w.last = nil
		w.c = t.Consumer(w.group, w.conf...)
		t.ErrT("subscribe again", w.c.SubscribeTopics(w.topics, w.callback))
	case "fill":
		p := w.some(nil)[0]
		t.Fill(*p.Topic, p.Partition, 2, fmt.Sprintf("n%d-", w.made))
		w.made++
		t.P("fill %s", tpf(p))
	case "commit":
		rs, err := c.Commit()
		list(op, rs, err)
	case "commit offsets":
		ps := w.some(at)
		rs, err := c.CommitOffsets(ps)
		list(op+" "+tpsf(ps), rs, err)
	case "store":
		ps := w.some(at)
		rs, err := c.StoreOffsets(ps)
		list(op+" "+tpsf(ps), rs, err)
	case "store message":
		if w.last != nil {
			rs, err := c.StoreMessage(w.last)
			list(op, rs, err)
		}
	case "seek":
		p := w.some(at)[0]
		t.ErrT(op+" "+tpf(p), c.Seek(p, 100))
	case "pause", "resume":
		ps := w.some(nil)
		f := c.Pause
		if op == "resume" {
			f = c.Resume
		}
		t.ErrT(op+" "+tpsf(ps), f(ps))
	case "assign":
		ps := w.some(at)
		t.ErrT(op+" "+tpsf(ps), c.Assign(ps))
	case "unassign":
		t.ErrT(op, c.Unassign())
	case "add":
		ps := w.some(at)
		t.ErrT(op+" "+tpsf(ps), c.IncrementalAssign(ps))
	case "remove":
		ps := w.some(nil)
		t.ErrT(op+" "+tpsf(ps), c.IncrementalUnassign(ps))
	}
}

func init() {
	ops := strings.Split("subscribe subscribe unsubscribe reopen fill fill commit commit_offsets store store_message seek seek pause resume assign unassign add remove", " ")
	for _, s := range []string{"range", "cooperative-sticky", "consumer"} {
		for i, cb := range []string{"none", "own", "pause", "commit"} {
			for seed := range int64(groupWalkSeeds) {
				reg(fmt.Sprintf("groupwalks.%s_%s_%d", s, cb, seed), func(t *T) {
					w := &groupWalk{t: t, r: rand.New(rand.NewSource(seed*4 + int64(i))), cb: cb, topics: []string{t.Topic("t1", 2), t.Topic("t2", 2)}, group: t.Name("group")}
					for _, p := range w.all() {
						t.Fill(*p.Topic, p.Partition, 3, "v")
					}
					w.conf = []any{"auto.offset.reset", "earliest", "enable.auto.commit", cb != "commit", "auto.commit.interval.ms", 300000, "enable.auto.offset.store", seed%2 == 0}
					if s == "consumer" {
						w.conf = append(w.conf, "group.protocol", s)
					} else {
						w.conf = append(w.conf, "partition.assignment.strategy", s)
					}
					w.c = t.Consumer(w.group, w.conf...)
					w.t.ErrT("subscribe", w.c.Subscribe(w.topics[0], w.callback))
					w.rest()
					for range 10 {
						w.step(strings.ReplaceAll(ops[w.r.Intn(len(ops))], "_", " "))
						w.rest()
					}
					t.P("close")
					t.Err("close", w.c.Close())
					t.after("closed", w.group, w.all()...)
				})
			}
		}
	}
}

const groupWalkSeeds = 3
