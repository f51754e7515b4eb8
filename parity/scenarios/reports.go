package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func init() {
	reg("reports.nil_and_empty", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer("go.delivery.report.fields", "all")
		n := 0
		for _, k := range [][]byte{nil, {}, []byte("k")} {
			for _, v := range [][]byte{nil, {}, []byte("v")} {
				t.report(fmt.Sprintf("key %s value %s", bs(k), bs(v)), p, &kafka.Message{TopicPartition: tp(topic, 0), Key: k, Value: v})
				n++
			}
		}
		for _, m := range t.readAll(topic, 0, n) {
			t.P("consumed %s", mf(m))
		}
	})

	reg("reports.headers", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer("go.delivery.report.fields", "headers")
		for i, hs := range [][]kafka.Header{nil, {}, {{}}, {{Key: "a"}}, {{Key: "a", Value: []byte{}}}, {{Key: "a", Value: []byte{0, 255}}},
			{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("2")}, {Key: "a", Value: []byte("3")}, {Key: "a"}}, {{Key: "", Value: []byte("no key")}}, {{Key: "ä€", Value: []byte("ä")}}} {
			t.report(fmt.Sprint(i), p, &kafka.Message{TopicPartition: tp(topic, 0), Value: []byte("v"), Headers: hs})
		}
		for _, m := range t.readAll(topic, 0, 9) {
			t.P("%s nil %v", mf(m), m.Headers == nil)
			for _, h := range m.Headers {
				t.P("  %s", h)
			}
		}
	})

	reg("reports.opaque_kinds", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer()
		type own struct{ n int }
		for _, o := range []any{nil, 1, "s", own{7}, []int{1, 2}, map[string]int{"a": 1}, 2.5, true} {
			m := t.report(fmt.Sprintf("%T", o), p, &kafka.Message{TopicPartition: tp(topic, 0), Value: []byte("v"), Opaque: o})
			if m != nil {
				t.P("%T", m.Opaque)
			}
		}
		o := &own{1}
		if m := t.reportQuiet(p, &kafka.Message{TopicPartition: tp(topic, 0), Opaque: o}); m != nil {
			t.P("the same pointer %v", m.Opaque == any(o))
		}
	})

	reg("reports.fields_spelling", func(t *T) {
		for _, f := range []any{"All", "KEY", "key, value", " key", "key value", "none,key", "all,key", "value,value", "headers,", ",", "x", "key,x", 1, true} {
			p, err := kafka.NewProducer(offline("go.delivery.report.fields", f))
			t.ErrT(fmt.Sprintf("%v", f), err)
			if p != nil {
				p.Close()
			}
		}
	})

	reg("reports.fields_of_failures", func(t *T) {
		for _, f := range []string{"all", "none", "key", "value", "headers"} {
			p := t.Producer("bootstrap.servers", nowhere, "log_level", 0, "go.delivery.report.fields", f)
			ch := make(chan kafka.Event, 2)
			t.Must("produce", p.Produce(full("t"), ch))
			m := full("t")
			m.TopicPartition.Partition = kafka.PartitionAny
			t.Must("produce", p.Produce(m, ch))
			t.Err("purge", p.Purge(kafka.PurgeQueue))
			for _, m := range Drain(ch, 2, 5*time.Second) {
				t.P("%s: %s, time zero %v", f, mf(m), m.Timestamp.IsZero())
			}
		}
	})

	reg("reports.acks_offsets", func(t *T) {
		topic := t.Topic("topic", 1)
		for _, acks := range []any{0, 1, -1, "all", "0", "1"} {
			p := t.Producer("acks", acks)
			for i := range 3 {
				t.report(fmt.Sprint(acks, " ", i), p, message(topic, 0, "k", "v"))
			}
		}
	})

	reg("reports.size_limit", func(t *T) {
		for _, max := range []int{1000, 2000} {
			p := t.Producer("bootstrap.servers", t.Silent(), "message.max.bytes", max)
			limit := func(label string, m func(n int) *kafka.Message) {
				n := 0
				for n < max+100 && p.Produce(m(n), nil) == nil {
					n++
				}
				t.P("max %d %s: the first that is refused has %d", max, label, n)
				t.ErrT(label, p.Produce(m(n), nil))
				_ = p.Purge(kafka.PurgeQueue | kafka.PurgeInFlight)
				Drain(p.Events(), n, 10*time.Second)
			}
			limit("value", func(n int) *kafka.Message {
				return &kafka.Message{TopicPartition: tp("t", 0), Value: make([]byte, n)}
			})
			limit("key", func(n int) *kafka.Message { return &kafka.Message{TopicPartition: tp("t", 0), Key: make([]byte, n)} })
			limit("key and value", func(n int) *kafka.Message {
				return &kafka.Message{TopicPartition: tp("t", 0), Key: make([]byte, 100), Value: make([]byte, n)}
			})
			limit("header value", func(n int) *kafka.Message {
				return &kafka.Message{TopicPartition: tp("t", 0), Headers: []kafka.Header{{Key: "h", Value: make([]byte, n)}}}
			})
			limit("header key", func(n int) *kafka.Message {
				return &kafka.Message{TopicPartition: tp("t", 0), Headers: []kafka.Header{{Key: strings.Repeat("h", n), Value: nil}, {Key: "x", Value: []byte("y")}}}
			})
		}
	})

	reg("reports.len_stages", func(t *T) {
		p := t.Producer("bootstrap.servers", t.Silent(), "message.timeout.ms", 300000)
		t.P("new %d", p.Len())
		for range 5 {
			t.Must("produce", p.Produce(message("t", 0, "k", "v"), nil))
		}
		t.P("produced %d", p.Len())
		t.P("flush 0 %d", p.Flush(0))
		t.P("flush -1 %d", p.Flush(-1))
		t.P("flush 300 %d", p.Flush(300))
		t.Err("purge", p.Purge(kafka.PurgeQueue|kafka.PurgeInFlight))
		t.P("settled %v", waitFor(5*time.Second, func() bool { return len(p.Events()) == 5 }))
		t.P("purged, unread %d", p.Len())
		for _, m := range Drain(p.Events(), 5, 5*time.Second) {
			t.P("%s %v", tpf(m.TopicPartition), m.TopicPartition.Error)
		}
		t.P("read %d, flush %d", p.Len(), p.Flush(1000))
	})

	reg("reports.produce_channel", func(t *T) {
		topic := t.Topic("topic", 2)
		p := t.Producer("go.delivery.report.fields", "all", "go.produce.channel.size", 3)
		t.P("capacity %d", cap(p.ProduceChannel()))
		ms := []*kafka.Message{full(topic), {TopicPartition: tp(topic, 1)}, {TopicPartition: tp(topic, kafka.PartitionAny), Key: []byte("key"), Opaque: 3}}
		for _, m := range ms {
			p.ProduceChannel() <- m
			for _, got := range Drain(p.Events(), 1, 20*time.Second) {
				t.P("%s, the same object %v", mf(got), got == m)
			}
		}
		bad := &kafka.Message{TopicPartition: tp("", 0), Value: []byte("v"), Opaque: "o"}
		p.ProduceChannel() <- bad
		for _, got := range Drain(p.Events(), 1, 5*time.Second) {
			t.P("%s, the same object %v", mf(got), got == bad)
		}
		big := &kafka.Message{TopicPartition: tp(topic, 0), Value: make([]byte, 2000000)}
		p.ProduceChannel() <- big
		for _, got := range Drain(p.Events(), 1, 5*time.Second) {
			t.P("%s, the same object %v, value %d", tpf(got.TopicPartition), got == big, len(got.Value))
		}
		t.P("len %d", p.Len())
	})

	reg("reports.batch_producer", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer("go.batch.producer", true, "go.delivery.report.fields", "all")
		ms := []*kafka.Message{full(topic), {TopicPartition: tp(topic, 5), Value: []byte("partition 5"), Opaque: 1}, {TopicPartition: tp(topic, 0), Key: []byte{}, Value: []byte{}}, {TopicPartition: tp(topic, 0)}}
		for _, m := range ms {
			p.ProduceChannel() <- m
		}
		for _, m := range Drain(p.Events(), 4, 20*time.Second) {
			t.P("report %s", mf(m))
		}
		for _, m := range t.readAll(topic, 0, 4) {
			t.P("consumed %s", mf(m))
		}
		t.report("Produce beside it", p, full(topic))
	})

	reg("reports.off_with_channel", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer("go.delivery.reports", false, "go.delivery.report.fields", "all")
		p.ProduceChannel() <- full(topic)
		waitFor(10*time.Second, func() bool { return p.Len() == 0 })
		t.P("flush %d", p.Flush(10000))
		t.report("own channel", p, full(topic))
		bad := full(topic)
		bad.TopicPartition.Partition = 9
		t.Err("bad partition", p.Produce(bad, nil))
		p.ProduceChannel() <- bad
		select {
		case ev := <-p.Events():
			t.P("event %s", evf(ev))
		case <-time.After(2 * time.Second):
			t.P("no event")
		}
	})

	reg("reports.timestamps", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer()
		for i, at := range []time.Time{time.UnixMilli(1), time.UnixMilli(1700000000999), time.Unix(1700000000, 999999), time.Unix(4000000000, 0)} {
			t.report(fmt.Sprint(i), p, &kafka.Message{TopicPartition: tp(topic, 0), Timestamp: at, TimestampType: kafka.TimestampLogAppendTime, Value: fmt.Append(nil, i)})
		}
		for _, m := range t.readAll(topic, 0, 3) {
			t.P("%s %d %v", m.Value, m.Timestamp.UnixNano(), m.TimestampType)
		}
		logged := t.Topic("logged", 1, "message.timestamp.type", "LogAppendTime")
		t.report("log append", p, &kafka.Message{TopicPartition: tp(logged, 0), Timestamp: time.UnixMilli(5), Value: []byte("v")})
		for _, m := range t.readAll(logged, 0, 1) {
			t.P("near now %v %v", time.Since(m.Timestamp) < time.Minute, m.TimestampType)
		}
	})

	reg("reports.purge_in_flight", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer("linger.ms", 60000)
		ch := make(chan kafka.Event, 9)
		t.Must("produce", p.Produce(message(topic, 0, "k", "1"), ch))
		t.Must("produce", p.Produce(message(topic, kafka.PartitionAny, "k", "2"), ch))
		time.Sleep(500 * time.Millisecond)
		t.Err("purge in flight only", p.Purge(kafka.PurgeInFlight))
		t.P("len %d", p.Len())
		t.Err("purge queue", p.Purge(kafka.PurgeQueue))
		for _, m := range Drain(ch, 2, 5*time.Second) {
			t.P("%s %v", tpf(m.TopicPartition), m.TopicPartition.Error)
		}
		t.P("len %d", p.Len())
	})

	reg("reports.fatal_error", func(t *T) {
		for _, idempotent := range []bool{false, true} {
			p := t.Producer("bootstrap.servers", t.Silent(), "enable.idempotence", idempotent)
			ch := make(chan kafka.Event, 9)
			t.Must("produce", p.Produce(message("t", 0, "k", "1"), ch))
			t.P("raise %d", p.TestFatalError(kafka.ErrOutOfOrderSequenceNumber, "a test"))
			t.P("raise again %d", p.TestFatalError(kafka.ErrFail, "another"))
			t.ErrT("fatal error", p.GetFatalError())
			t.ErrT("produce", p.Produce(message("t", 0, "k", "2"), ch))
			for _, m := range Drain(ch, 1, 2*time.Second) {
				t.P("%s", mf(m))
				t.Text("%v", m.TopicPartition.Error)
			}
			select {
			case ev := <-p.Events():
				t.P("event %s", evf(ev))
				t.Text("%v", ev)
			case <-time.After(2 * time.Second):
				t.P("no event")
			}
			_ = p.Purge(kafka.PurgeQueue | kafka.PurgeInFlight)
			p.Close()
		}
	})

	reg("reports.unknown_topic", func(t *T) {
		topic := t.AutoTopic("topic")
		p := t.Producer("allow.auto.create.topics", false, "topic.metadata.propagation.max.ms", 1000)
		t.report("partition", p, message(topic, 0, "k", "v"))
		t.report("then", p, message(topic, 0, "k", "v"))
		t.report("any", p, message(topic, kafka.PartitionAny, "k", "v"))
	})

	reg("reports.bad_topic_name", func(t *T) {
		p := t.Producer("topic.metadata.propagation.max.ms", 1000, "message.timeout.ms", 5000)
		for _, name := range []string{"a b", "..", strings.Repeat("x", 250)} {
			t.report(name[:2], p, message(name, 0, "k", "v"))
		}
	})
}

// reportQuiet is report without a line.
func (t *T) reportQuiet(p *kafka.Producer, m *kafka.Message) *kafka.Message {
	ch := make(chan kafka.Event, 1)
	if p.Produce(m, ch) != nil {
		return nil
	}
	for _, m := range Drain(ch, 1, 20*time.Second) {
		return m
	}
	return nil
}
