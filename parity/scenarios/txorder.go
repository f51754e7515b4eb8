package main

import (
	"context"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func init() {
	calls := []string{"init", "begin", "produce", "offsets", "commit", "abort"}
	call := func(t *T, p *kafka.Producer, topic, group, name string) {
		ctx, cancel := ctxSec(20)
		defer cancel()
		switch name {
		case "init":
			t.txErr(name, p.InitTransactions(ctx))
		case "begin":
			t.txErr(name, p.BeginTransaction())
		case "produce":
			ch := make(chan kafka.Event, 1)
			err := p.Produce(message(topic, 0, "k", "v"), ch)
			t.txErr(name, err)
			if err == nil {
				for _, m := range Drain(ch, 1, 20*time.Second) {
					t.P("  report %s", ef(m.TopicPartition.Error))
				}
			}
		case "offsets":
			md, _ := kafka.NewTestConsumerGroupMetadata(group)
			t.txErr(name, p.SendOffsetsToTransaction(ctx, []kafka.TopicPartition{tpo(topic, 0, 1)}, md))
		case "commit":
			t.txErr(name, p.CommitTransaction(ctx))
		case "abort":
			t.txErr(name, p.AbortTransaction(ctx))
		}
	}
	// Every call in every state that a working producer goes through.
	for _, state := range [][]string{{}, {"init"}, {"init", "begin"}, {"init", "begin", "produce"}, {"init", "begin", "commit"}, {"init", "begin", "abort"}, {"init", "begin", "produce", "offsets"}} {
		name := "new"
		for _, s := range state {
			name += "_" + s
		}
		reg("txorder."+name, func(t *T) {
			topic, group := t.Topic("topic", 1), t.Name("group")
			for _, last := range calls {
				t.P("-- %s", last)
				p := t.txProducer(t.Name("tx-"+last), false)
				for _, s := range append(append([]string{}, state...), last) {
					call(t, p, topic, group, s)
				}
				p.Close()
			}
		})
	}
	reg("txorder.deadlines", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.txProducer(t.Name("tx"), true)
		past, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
		defer cancel()
		t.Must("begin", p.BeginTransaction())
		t.SendBy(p, message(topic, 0, "k", "v"))
		t.txErr("commit in the past", p.CommitTransaction(past))
		t.txErr("begin meanwhile", p.BeginTransaction())
		ctx, cancel2 := ctxSec(20)
		defer cancel2()
		t.txErr("commit again", p.CommitTransaction(ctx))
		t.txErr("begin", p.BeginTransaction())
		t.txErr("abort", p.AbortTransaction(ctx))
	})
	reg("txorder.fatal", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.txProducer(t.Name("tx"), true)
		t.Must("begin", p.BeginTransaction())
		t.SendBy(p, message(topic, 0, "k", "v"))
		t.P("raise %d", p.TestFatalError(kafka.ErrFenced, "a test"))
		for _, c := range calls[1:] {
			call(t, p, topic, t.Name("group"), c)
		}
		t.ErrT("fatal", p.GetFatalError())
	})
	reg("txorder.offsets_unknown_topic", func(t *T) {
		topic, group := t.Topic("topic", 1), t.Name("group")
		p := t.txProducer(t.Name("tx"), true)
		md, _ := kafka.NewTestConsumerGroupMetadata(group)
		ctx, cancel := ctxSec(20)
		defer cancel()
		t.Must("begin", p.BeginTransaction())
		short, cancel2 := ctxSec(3)
		defer cancel2()
		t.txErr("unknown partition", p.SendOffsetsToTransaction(short, []kafka.TopicPartition{tpo(topic, 9, 1)}, md))
		t.txErr("commit", p.CommitTransaction(ctx))
		t.txErr("abort", p.AbortTransaction(ctx))
		t.Must("begin", p.BeginTransaction())
		text := "note"
		t.txErr("with metadata", p.SendOffsetsToTransaction(ctx, []kafka.TopicPartition{{Topic: &topic, Offset: 4, Metadata: &text}}, md))
		t.txErr("again, lower", p.SendOffsetsToTransaction(ctx, []kafka.TopicPartition{{Topic: &topic, Offset: 2}}, md))
		c := t.Consumer(group)
		t.committed("before the commit", c, tp(topic, 0))
		t.txErr("commit", p.CommitTransaction(ctx))
		d := t.Consumer(group, "isolation.level", "read_committed")
		t.committed("then", d, tp(topic, 0))
	})
	reg("txorder.many", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.txProducer(t.Name("tx"), true)
		ctx, cancel := ctxSec(30)
		defer cancel()
		for i := range 6 {
			t.Must("begin", p.BeginTransaction())
			t.report(fmt.Sprint(i), p, message(topic, 0, "k", fmt.Sprint(i)))
			if i%3 == 1 {
				t.txErr("abort", p.AbortTransaction(ctx))
			} else {
				t.txErr("commit", p.CommitTransaction(ctx))
			}
		}
		t.settle(topic, 0, 12)
		t.levels("then", topic)
	})
}
