package main

import (
	"fmt"
	"sort"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// asker is what producers, consumers and admin clients can be asked.
type asker interface {
	GetMetadata(*string, bool, int) (*kafka.Metadata, error)
}

func (t *T) asked(label, topic string, a asker, name *string, all bool) {
	md, err := a.GetMetadata(name, all, 10000)
	t.ErrT(label, err)
	if err != nil {
		return
	}
	var names []string
	for n := range md.Topics {
		if !all || n == topic {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	for _, n := range names {
		tm := md.Topics[n]
		t.P("%s: %s error %s", label, tm.Topic, kef(tm.Error))
		for _, p := range tm.Partitions {
			t.P("  %d leader %v replicas %d isrs %d error %s", p.ID, p.Leader >= 0, len(p.Replicas), len(p.Isrs), kef(p.Error))
		}
	}
	t.P("brokers %d, origin has a port %v", len(md.Brokers), md.OriginatingBroker.Port != 0)
}

func init() {
	reg("asks.metadata", func(t *T) {
		topic := t.Topic("topic", 2)
		none := ""
		for _, q := range []struct {
			label string
			a     asker
		}{{"producer", t.Producer()}, {"consumer", t.Consumer(t.Name("group"))}, {"admin", t.Admin()}} {
			t.asked(q.label+" one", topic, q.a, &topic, false)
			t.asked(q.label+" one and all", topic, q.a, &topic, true)
			t.asked(q.label+" all", topic, q.a, nil, true)
			t.asked(q.label+" local", topic, q.a, nil, false)
			t.asked(q.label+" empty name", topic, q.a, &none, false)
		}
	})
	reg("asks.bad_topic_names", func(t *T) {
		c := t.Consumer(t.Name("group"))
		for _, n := range []string{"a b", "..", "ä"} {
			t.asked(fmt.Sprintf("%q", n), n, c, &n, false)
		}
	})
	reg("asks.watermarks", func(t *T) {
		topic := t.Topic("topic", 2)
		t.Fill(topic, 0, 4, "v")
		c := t.Consumer(t.Name("group"))
		p := t.Producer()
		for _, q := range []struct {
			topic string
			part  int32
			ms    int
		}{{topic, 0, 10000}, {topic, 1, 10000}, {topic, 2, 5000}, {topic, -1, 5000}, {t.Name("missing"), 0, 3000}, {topic, 0, 0}, {"", 0, 1000}} {
			lo, hi, err := c.QueryWatermarkOffsets(q.topic, q.part, q.ms)
			t.P("consumer %s %d: %d %d", q.topic, q.part, lo, hi)
			t.ErrT("consumer", err)
			if q.topic == topic {
				lo, hi, err = p.QueryWatermarkOffsets(q.topic, q.part, q.ms)
				t.P("producer %s %d: %d %d", q.topic, q.part, lo, hi)
				t.ErrT("producer", err)
			}
		}
		lo, hi, err := c.GetWatermarkOffsets(topic, 0)
		t.P("cached %d %d %s", lo, hi, ef(err))
		lo, hi, err = c.GetWatermarkOffsets("never", 3)
		t.P("never seen %d %d %s", lo, hi, ef(err))
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 1)}))
		t.P("%s", values(Read(c, 3, 20*time.Second)))
		_, hi, err = c.GetWatermarkOffsets(topic, 0)
		t.P("high %d %s", hi, ef(err))
	})
	reg("asks.times", func(t *T) {
		topic := t.Topic("topic", 2)
		for i := range 3 {
			t.Send(&kafka.Message{TopicPartition: tp(topic, 0), Value: []byte("v"), Timestamp: time.UnixMilli(int64(1700000000000 + i*1000))})
		}
		c := t.Consumer(t.Name("group"))
		p := t.Producer()
		for _, l := range [][]kafka.TopicPartition{
			{tpo(topic, 0, 0)}, {tpo(topic, 0, 1700000000000)}, {tpo(topic, 0, 1700000000001)}, {tpo(topic, 0, 1700000002001)}, {tpo(topic, 1, 5)}, {tpo(topic, 0, -1)}, {tpo(topic, 0, -2)},
			{tpo(topic, 0, 1700000001000), tpo(topic, 1, 0)}, {}, nil, {tpo(topic, 7, 0)}, {tpo(topic, 0, 0), tpo(topic, 7, 0)},
		} {
			rs, err := c.OffsetsForTimes(l, 10000)
			t.P("consumer %s: %s", tpsf(l), tpsf(rs))
			t.ErrT("consumer", err)
			rs, err = p.OffsetsForTimes(l, 10000)
			t.P("producer: %s %s", tpsf(rs), ef(err))
		}
	})
	reg("asks.closed_leftovers", func(t *T) {
		p, c, a := t.Producer(), t.Consumer(t.Name("group")), t.Admin()
		p.Close()
		t.Must("close", c.Close())
		a.Close()
		t.P("%v %v %v", p.IsClosed(), c.IsClosed(), a.IsClosed())
		t.P("names %v %v %v", p.String() != "", c.String() != "", a.String() != "")
		_, open := <-p.Events()
		t.P("events of the producer open %v, logs %v %v", open, p.Logs() == nil, c.Logs() == nil)
		t.P("events of the consumer %v", c.Events() == nil)
		ctx, cancel := ctxSec(5)
		defer cancel()
		_, err := a.ClusterID(ctx)
		t.ErrT("ClusterID", err)
		_, err = a.GetMetadata(nil, true, 1000)
		t.ErrT("GetMetadata", err)
		t.ErrT("SetOAuthBearerTokenFailure", a.SetOAuthBearerTokenFailure("x"))
		t.ErrT("SetSaslCredentials", a.SetSaslCredentials("u", "p"))
		t.ErrT("SetSaslCredentials", c.SetSaslCredentials("u", "p"))
		t.ErrT("Init", p.InitTransactions(ctx))
		t.ErrT("Abort", p.AbortTransaction(ctx))
		t.ErrT("Commit", p.CommitTransaction(ctx))
	})
}
