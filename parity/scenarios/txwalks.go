package main

import (
	"context"
	"fmt"
	"math/rand"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// A random but repeatable sequence of transactional calls; every message is waited for, so that nothing depends on times.
func (t *T) txWalk(r *rand.Rand, ops []string) {
	topic, small, group, id := t.Topic("topic", 1), t.Topic("small", 1, "max.message.bytes", "1000"), t.Name("group"), t.Name("id")
	p := t.txProducer(id, false)
	go func() {
		for range p.Events() { // somebody has to read the reports
		}
	}()
	n := 0
	produce := func(label string, m *kafka.Message) {
		ch := make(chan kafka.Event, 1)
		err := p.Produce(m, ch)
		t.ErrT(label, err)
		if err == nil {
			for _, m := range Drain(ch, 1, 20*time.Second) {
				t.P("  report of %d bytes: %s", len(m.Value), ef(m.TopicPartition.Error))
			}
		}
	}
	for range 16 {
		ctx, cancel := ctxSec(20)
		op := ops[r.Intn(len(ops))]
		switch op {
		case "init":
			t.ErrT(op, p.InitTransactions(ctx))
		case "begin":
			t.ErrT(op, p.BeginTransaction())
		case "commit":
			t.ErrT(op, p.CommitTransaction(ctx))
		case "abort":
			t.ErrT(op, p.AbortTransaction(ctx))
		case "produce":
			n++
			produce(op, message(topic, 0, "k", fmt.Sprint(n)))
		case "large":
			produce(op, &kafka.Message{TopicPartition: tp(small, 0), Value: make([]byte, 5000)})
		case "bad":
			produce(op, message(topic, 7, "k", "v"))
		case "offsets":
			md, _ := kafka.NewTestConsumerGroupMetadata(group)
			n++
			t.ErrT(op, p.SendOffsetsToTransaction(ctx, []kafka.TopicPartition{tpo(topic, 0, kafka.Offset(n))}, md))
		case "no offsets":
			md, _ := kafka.NewTestConsumerGroupMetadata(group)
			t.ErrT(op, p.SendOffsetsToTransaction(ctx, nil, md))
			t.ErrT(op, p.SendOffsetsToTransaction(ctx, []kafka.TopicPartition{}, md))
		case "flush":
			t.P("flush %d", p.Flush(10000))
		case "purge":
			t.ErrT(op, p.Purge(kafka.PurgeQueue|kafka.PurgeInFlight))
		case "past":
			past, stop := context.WithTimeout(context.Background(), 0)
			if r.Intn(2) == 0 {
				t.ErrT("commit in no time", p.CommitTransaction(past))
			} else {
				t.ErrT("abort in no time", p.AbortTransaction(past))
			}
			stop()
			time.Sleep(300 * time.Millisecond) // it goes on in the background
		case "second":
			q := t.txProducer(id, true)
			t.ErrT("begin of the second", q.BeginTransaction())
			t.ErrT("commit of the second", q.CommitTransaction(ctx))
			q.Close()
		case "fatal":
			t.P("fatal %s", ef(p.GetFatalError()))
		}
		cancel()
	}
	t.ErrT("fatal", p.GetFatalError())
	t.P("len %d", p.Len())
	p.Close()
	q := t.txProducer(id, true)
	q.Close()
	t.levels("after", topic)
	c := t.Consumer(group, "isolation.level", "read_uncommitted")
	t.committed("after", c, tp(topic, 0))
}

func init() {
	for _, w := range []struct {
		name, ops string
		seeds     int64
	}{
		{"orderly", "begin produce produce offsets commit abort begin produce commit", 6},
		{"wild", "init begin commit abort produce offsets no_offsets flush purge", 6},
		{"failing", "begin begin produce large bad offsets commit abort", 7},
		{"hurried", "begin produce offsets commit abort past past", 2},
		{"fenced", "begin produce offsets commit abort begin second fatal", 6},
	} {
		for seed := range w.seeds {
			reg(fmt.Sprintf("txwalks.%s_%d", w.name, seed), func(t *T) {
				var ops []string
				for _, op := range strings.Split(w.ops, " ") {
					ops = append(ops, strings.ReplaceAll(op, "_", " "))
				}
				r := rand.New(rand.NewSource(seed))
				if w.name != "wild" {
					first := &firstInit{ops: ops}
					t.txWalk(r, first.all())
					return
				}
				t.txWalk(r, ops)
			})
		}
	}
}

// firstInit puts more of init among the calls, because nothing else works before it.
type firstInit struct{ ops []string }

func (f *firstInit) all() []string { return append([]string{"init"}, f.ops...) }
