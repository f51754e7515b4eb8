package main

import (
	"fmt"
	"math/rand"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func init() {
	// Walks over partitions that hold committed, aborted and open transactions.
	for _, level := range []string{"read_committed", "read_uncommitted"} {
		for _, seed := range []int64{0, 1, 3, 4} {
			reg(fmt.Sprintf("levelwalks.%s_%d", level, seed), func(t *T) {
				r := rand.New(rand.NewSource(100 + seed))
				w := &walk{t: t, r: r, topic: t.Topic("topic", 2), parts: 2}
				p := t.txProducer(t.Name("tx"), true)
				ctx, cancel := ctxSec(50)
				defer cancel()
				transact := func(end string) {
					t.Must("begin", p.BeginTransaction())
					for range 1 + r.Intn(3) {
						w.made++
						t.SendBy(p, message(w.topic, int32(r.Intn(2)), "k", fmt.Sprint(end, w.made)))
					}
					if end == "commit" {
						t.Must(end, p.CommitTransaction(ctx))
					} else if end == "abort" {
						t.Must(end, p.AbortTransaction(ctx))
					}
				}
				for range 4 {
					transact([]string{"commit", "abort"}[r.Intn(2)])
				}
				open := r.Intn(2) == 0
				if open {
					transact("open")
				}
				w.c = t.Consumer(t.Name("group"), "auto.offset.reset", []string{"earliest", "latest"}[r.Intn(2)], "isolation.level", level,
					"enable.partition.eof", true, "enable.auto.commit", false)
				for range 10 {
					switch r.Intn(6) {
					case 0:
						if open {
							t.P("the open transaction ends: %s", ef(p.CommitTransaction(ctx)))
							open = false
						} else {
							transact([]string{"commit", "abort"}[r.Intn(2)])
							t.P("one more transaction")
						}
					case 1:
						lo, hi, err := w.c.QueryWatermarkOffsets(w.topic, int32(r.Intn(2)), 5000)
						t.P("watermarks %d %d %s", lo, hi, ef(err))
					case 2:
						rs, err := w.c.OffsetsForTimes([]kafka.TopicPartition{tpo(w.topic, 0, kafka.OffsetEnd), tpo(w.topic, 1, 0)}, 5000)
						t.P("times %s %s", tpsf(rs), ef(err))
					default:
						w.step([]string{"assign", "seek", "seeks", "pause", "resume", "commit"})
					}
					w.rest()
					w.state()
				}
				t.Err("close", w.c.Close())
				if open {
					_ = p.AbortTransaction(ctx)
				}
			})
		}
	}
}
