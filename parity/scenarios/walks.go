package main

import (
	"fmt"
	"math/rand"
	"sort"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// walk is a random but repeatable sequence of calls on one consumer. Between two calls everything comes to rest, so
// that what is seen does not depend on times.
type walk struct {
	t     *T
	r     *rand.Rand
	c     *kafka.Consumer
	topic string
	parts int
	made  int // messages produced so far
	last  *kafka.Message
}

// rest polls until nothing has come for a while, and shows what came, by partition.
func (w *walk) rest() {
	got, seen := haul{events: map[string][]string{}}, 0
	quiet := time.Now()
	for time.Since(quiet) < 1600*time.Millisecond {
		ev := w.c.Poll(50)
		if ev == nil {
			continue
		}
		quiet = time.Now()
		switch e := ev.(type) {
		case *kafka.Message:
			if w.last == nil || e.TopicPartition.Partition <= w.last.TopicPartition.Partition || seen == 0 {
				w.last = e // of the first partition, because the order of partitions is open
			}
			seen++
			got.add(fmt.Sprint(e.TopicPartition.Partition), fmt.Sprintf("%s@%d", e.Value, e.TopicPartition.Offset))
		case kafka.PartitionEOF:
			got.add(fmt.Sprint(e.Partition), fmt.Sprintf("end@%d", e.Offset))
		default:
			got.other(ev)
		}
	}
	got.show(w.t)
}

// haul is what came while a walk rested, by partition.
type haul struct {
	events map[string][]string
	texts  []string // of errors
}

func (h *haul) add(key, event string) { h.events[key] = append(h.events[key], event) }

// other adds what belongs to no partition.
func (h *haul) other(ev kafka.Event) {
	h.add("other", evf(ev))
	if e, ok := ev.(kafka.Error); ok {
		h.texts = append(h.texts, e.Error())
	}
}

func (h *haul) show(t *T) {
	var lines []string
	for k, l := range h.events {
		lines = append(lines, k+": "+strings.Join(l, " "))
	}
	sort.Strings(lines)
	sort.Strings(h.texts)
	for _, text := range h.texts {
		t.Text("%s", text)
	}
	t.P("  got %s", strings.Join(lines, "; "))
}

func (w *walk) offset() kafka.Offset {
	return []kafka.Offset{0, 1, 2, 3, 5, 8, kafka.OffsetBeginning, kafka.OffsetEnd, kafka.OffsetStored, kafka.OffsetInvalid,
		kafka.OffsetTail(1), kafka.OffsetTail(3), kafka.OffsetTail(30), 1000}[w.r.Intn(14)]
}

// some picks partitions, each once.
func (w *walk) some(offsets bool) (ps []kafka.TopicPartition) {
	for _, i := range w.r.Perm(w.parts)[:1+w.r.Intn(w.parts)] {
		p := tp(w.topic, int32(i))
		if offsets {
			p.Offset = w.offset()
		}
		ps = append(ps, p)
	}
	return ps
}

func (w *walk) all() (ps []kafka.TopicPartition) {
	for i := range w.parts {
		ps = append(ps, tp(w.topic, int32(i)))
	}
	return ps
}

// step makes one call.
func (w *walk) step(ops []string) {
	t, c := w.t, w.c
	op := ops[w.r.Intn(len(ops))]
	list := func(label string, ps []kafka.TopicPartition, err error) {
		t.P("%s -> %s %s", label, tpsf(ps), ef(err))
		if err != nil {
			t.Text("%s", err)
		}
	}
	one := func(label string, ps []kafka.TopicPartition, err error) {
		t.P("%s %s: %s", label, tpsf(ps), ef(err))
		if err != nil {
			t.Text("%s", err)
		}
	}
	switch op {
	case "assign":
		ps := w.some(true)
		one(op, ps, c.Assign(ps))
	case "unassign":
		t.Err(op, c.Unassign())
	case "add":
		ps := w.some(true)
		one(op, ps, c.IncrementalAssign(ps))
	case "remove":
		ps := w.some(false)
		one(op, ps, c.IncrementalUnassign(ps))
	case "pause":
		ps := w.some(false)
		one(op, ps, c.Pause(ps))
	case "resume":
		ps := w.some(false)
		one(op, ps, c.Resume(ps))
	case "seek":
		p := w.some(true)[:1]
		one(op, p, c.Seek(p[0], 1000))
	case "seeks":
		ps := w.some(true)
		rs, err := c.SeekPartitions(ps)
		list(fmt.Sprint(op, " ", tpsf(ps)), rs, err)
	case "fill":
		p := int32(w.r.Intn(w.parts))
		n := 1 + w.r.Intn(3)
		t.Fill(w.topic, p, n, fmt.Sprintf("n%d-", w.made))
		w.made++
		t.P("fill %d with %d", p, n)
	case "commit":
		rs, err := c.Commit()
		list(op, rs, err)
	case "commit offsets":
		ps := w.some(true)
		rs, err := c.CommitOffsets(ps)
		list(fmt.Sprint(op, " ", tpsf(ps)), rs, err)
	case "commit message":
		if w.last != nil {
			rs, err := c.CommitMessage(w.last)
			list(op, rs, err)
		}
	case "store":
		ps := w.some(true)
		rs, err := c.StoreOffsets(ps)
		list(fmt.Sprint(op, " ", tpsf(ps)), rs, err)
	case "store message":
		if w.last != nil {
			rs, err := c.StoreMessage(w.last)
			list(op, rs, err)
		}
	case "delete records":
		p := tpo(w.topic, int32(w.r.Intn(w.parts)), kafka.Offset(1+w.r.Intn(4)))
		ctx, cancel := ctxSec(20)
		defer cancel()
		_, err := t.Adm().DeleteRecords(ctx, []kafka.TopicPartition{p})
		t.P("delete records below %s: %s", tpf(p), ef(err))
	}
}

// state shows what can be asked of a consumer.
func (w *walk) state() {
	as, err := w.c.Assignment()
	w.t.P("  assignment %s %s", tpsf(as), ef(err))
	pos, err := w.c.Position(w.all())
	w.t.P("  position %s %s", tpsf(pos), ef(err))
	cs, err := w.c.Committed(w.all(), 10000)
	w.t.P("  committed %s %s", tpsf(cs), ef(err))
}

func init() {
	ops := map[string][]string{
		"assigned": {"assign", "assign", "unassign", "pause", "resume", "seek", "seek", "seeks", "fill", "commit", "commit offsets", "commit message"},
		"added":    {"add", "add", "remove", "assign", "pause", "resume", "seek", "fill", "commit", "store", "store message"},
		"stored":   {"assign", "seek", "store", "store", "store message", "commit", "commit", "fill", "pause", "resume", "unassign", "delete records"},
	}
	for _, kind := range []string{"assigned", "added", "stored"} {
		for _, reset := range []string{"earliest", "latest", "error"} {
			for seed := range int64(walkSeeds) {
				reg(fmt.Sprintf("walks.%s_%s_%d", kind, reset, seed), func(t *T) {
					w := &walk{t: t, r: rand.New(rand.NewSource(seed)), topic: t.Topic("topic", 3), parts: 3}
					for i := range int32(3) {
						t.Fill(w.topic, i, 4, fmt.Sprintf("p%d-", i))
					}
					w.c = t.Consumer(t.Name("group"), "auto.offset.reset", reset, "enable.partition.eof", seed%2 == 0, "enable.auto.commit", false, "enable.auto.offset.store", kind == "assigned")
					for range 14 {
						w.step(ops[kind])
						w.rest()
						w.state()
					}
					t.Err("close", w.c.Close())
				})
			}
		}
	}
}

const walkSeeds = 3
