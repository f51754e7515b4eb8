package main

import (
	"fmt"
	"math/rand"
	"sort"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// reports shows what has come on a channel until nothing comes for a while; sorted, because partitions are independent.
func (t *T) reports(label string, ch chan kafka.Event) {
	var lines []string
	for {
		select {
		case ev := <-ch:
			m, ok := ev.(*kafka.Message)
			if !ok {
				if e, ok := ev.(kafka.Error); !ok || e.Code() != kafka.ErrTransport && e.Code() != kafka.ErrAllBrokersDown {
					lines = append(lines, evf(ev))
				}
				continue
			}
			line := mf(m)
			if m.TopicPartition.Error != nil {
				line += " " + m.TopicPartition.Error.Error()
			}
			lines = append(lines, line)
			continue
		case <-time.After(400 * time.Millisecond):
		}
		break
	}
	sort.Strings(lines)
	for _, l := range lines {
		t.P("  %s: %s", label, l)
	}
}

func (t *T) prodWalk(r *rand.Rand, p *kafka.Producer, topics []string, ops []string) {
	ch := make(chan kafka.Event, 1000)
	n := 0
	for range 14 {
		op := ops[r.Intn(len(ops))]
		m := &kafka.Message{TopicPartition: tp(topics[r.Intn(len(topics))], int32(r.Intn(2))), Value: fmt.Appendf(nil, "v%d", n)}
		n++
		to := []chan kafka.Event{nil, ch}[r.Intn(2)]
		switch op {
		case "produce":
			t.ErrT(fmt.Sprint(op, " own channel ", to != nil), p.Produce(m, to))
		case "many":
			for i := range 3 {
				m.Value = fmt.Appendf(nil, "v%d-%d", n, i)
				t.ErrT(op, p.Produce(m, to))
			}
		case "full":
			m.Key, m.Opaque = []byte("key"), n
			m.Headers = []kafka.Header{{Key: "a", Value: nil}, {Key: "b", Value: []byte{}}, {Key: "a", Value: []byte("x")}}
			m.Timestamp = time.UnixMilli(1700000000000 + int64(n))
			t.ErrT(op, p.Produce(m, to))
		case "null":
			m.Value = nil
			t.ErrT(op, p.Produce(m, to))
		case "key":
			m.TopicPartition.Partition = kafka.PartitionAny
			m.Key = fmt.Append(nil, n%3)
			t.ErrT(op, p.Produce(m, to))
		case "large":
			m.Value = make([]byte, 5000)
			t.ErrT(op, p.Produce(m, nil))
			m.TopicPartition.Partition = 0
		case "partition":
			m.TopicPartition.Partition = []int32{2, 9, -2, -5}[r.Intn(4)]
			t.ErrT(fmt.Sprint(op, m.TopicPartition.Partition), p.Produce(m, to))
		case "channel":
			p.ProduceChannel() <- m
			time.Sleep(200 * time.Millisecond)
			t.P("sent on the channel")
		case "flush":
			t.P("flush leaves some %v", p.Flush([]int{0, -1, 300}[r.Intn(3)]) > 0)
		case "purge":
			f := []int{kafka.PurgeQueue, kafka.PurgeInFlight, kafka.PurgeQueue | kafka.PurgeInFlight, kafka.PurgeQueue | kafka.PurgeNonBlocking, 0, 64}[r.Intn(6)]
			t.ErrT(fmt.Sprint(op, " ", f), p.Purge(f))
		case "fatal":
			t.P("raise %d", p.TestFatalError(kafka.ErrFail, "a test"))
			t.ErrT("fatal", p.GetFatalError())
		}
		t.reports("own", ch)
		t.reports("events", p.Events())
		t.P("  len %d", p.Len())
	}
	_ = p.Purge(kafka.PurgeQueue | kafka.PurgeInFlight)
	t.reports("own", ch)
	t.reports("events", p.Events())
	t.P("  len %d", p.Len())
	p.Close()
	t.ErrT("closed", p.Produce(message(topics[0], 0, "k", "v"), ch))
}

func init() {
	for _, w := range []struct {
		name, ops string
		conf      []any
		offline   bool
		seeds     int64
	}{
		{"plain", "produce many full null key large partition channel flush", nil, false, 4},
		{"fields", "produce full null key large partition channel", []any{"go.delivery.report.fields", "all"}, false, 3},
		{"lingering", "produce many full key flush purge purge", []any{"linger.ms", 60000}, false, 5},
		{"silent", "produce many full key partition channel flush purge purge", nil, true, 5},
		{"small", "produce many many key flush purge", []any{"queue.buffering.max.messages", 4}, true, 4},
		{"fatal", "produce many key flush purge fatal", []any{"enable.idempotence", true}, true, 4},
		{"quiet", "produce many full key large partition channel flush", []any{"go.delivery.reports", false}, false, 3},
		{"acks0", "produce full key flush", []any{"acks", 0}, false, 2},
		{"idempotent", "produce many full null key large partition flush", []any{"enable.idempotence", true}, false, 4},
	} {
		for seed := range w.seeds {
			reg(fmt.Sprintf("prodwalks.%s_%d", w.name, seed), func(t *T) {
				topics := []string{"t1", "t2"}
				conf := append([]any{}, w.conf...)
				if w.offline {
					conf = append(conf, "bootstrap.servers", t.Silent())
				} else {
					topics = []string{t.Topic("t1", 2), t.Topic("t2", 2, "max.message.bytes", "1000")}
				}
				p := t.Producer(conf...)
				if !w.offline {
					for _, topic := range topics {
						_, err := p.GetMetadata(&topic, false, 10000)
						t.Must("metadata", err)
					}
				}
				t.prodWalk(rand.New(rand.NewSource(seed)), p, topics, strings.Split(w.ops, " "))
			})
		}
	}
}
