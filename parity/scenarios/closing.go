package main

import (
	"sync"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func init() {
	reg("closing.producer_methods", func(t *T) {
		p := t.Producer("bootstrap.servers", nowhere, "log_level", 0, "transactional.id", "tx")
		p.Close()
		t.P("Logs nil %v", p.Logs() == nil)
		ctx, cancel := ctxSec(2)
		defer cancel()
		t.ErrT("InitTransactions", p.InitTransactions(ctx))
		t.ErrT("BeginTransaction", p.BeginTransaction())
		t.ErrT("CommitTransaction", p.CommitTransaction(ctx))
		t.ErrT("AbortTransaction", p.AbortTransaction(ctx))
		cg, err := kafka.NewTestConsumerGroupMetadata("g")
		t.Must("group", err)
		t.ErrT("SendOffsetsToTransaction", p.SendOffsetsToTransaction(ctx, []kafka.TopicPartition{tpo("t", 0, 1)}, cg))
		t.ErrT("SetOAuthBearerToken", p.SetOAuthBearerToken(kafka.OAuthBearerToken{TokenValue: "x", Expiration: time.Now().Add(time.Hour)}))
		t.ErrT("Purge of unknown bits", p.Purge(64))
		t.ErrT("Produce of nil", p.Produce(nil, nil))
		_, ok := <-p.Events()
		t.P("Events open %v", ok)
	})

	reg("closing.consumer_methods", func(t *T) {
		c := t.Consumer("g", "bootstrap.servers", nowhere, "log_level", 0)
		t.Must("close", c.Close())
		t.P("Logs nil %v", c.Logs() == nil)
		t.ErrT("SubscribeTopics", c.SubscribeTopics(nil, nil))
		_, _, err := c.QueryWatermarkOffsets("t", 0, 100)
		t.ErrT("QueryWatermarkOffsets", err)
		_, err = c.OffsetsForTimes(nil, 100)
		t.ErrT("OffsetsForTimes", err)
		_, err = c.GetMetadata(nil, true, 100)
		t.ErrT("GetMetadata", err)
		t.ErrT("SetSaslCredentials", c.SetSaslCredentials("u", "p"))
		t.ErrT("SetOAuthBearerTokenFailure", c.SetOAuthBearerTokenFailure(""))
	})

	reg("closing.consumer_events_channel", func(t *T) {
		topic := t.Topic("topic", 1)
		t.Fill(topic, 0, 5, "v")
		c := t.Consumer(t.Name("group"), "go.events.channel.enable", true, "auto.offset.reset", "earliest", "go.events.channel.size", 100)
		t.Must("subscribe", c.Subscribe(topic, nil))
		n := 0
		end := time.After(20 * time.Second)
		for n < 5 {
			select {
			case ev := <-c.Events():
				if isMsg(ev) {
					n++
				}
				continue
			case <-end:
			}
			break
		}
		t.P("messages %d", n)
		t.ErrT("close", c.Close())
		open := true
		for range 200 {
			if _, open = <-c.Events(); !open {
				break
			}
		}
		t.P("open %v", open)
	})

	reg("closing.concurrent", func(t *T) {
		p, err := kafka.NewProducer(offline())
		t.Must("producer", err)
		a, err := kafka.NewAdminClient(offline())
		t.Must("admin", err)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(p.Close)
			wg.Go(a.Close)
		}
		wg.Wait()
		t.P("closed %v %v", p.IsClosed(), a.IsClosed())
	})

	reg("closing.while_polling", func(t *T) {
		topic := t.Topic("topic", 1)
		c := t.Consumer(t.Name("group"))
		t.Must("subscribe", c.Subscribe(topic, nil))
		c.Poll(500)
		begin := time.Now()
		t.ErrT("close", c.Close())
		t.P("within 5 s %v", time.Since(begin) < 5*time.Second)
		t.ErrT("again", c.Close())
		t.P("closed %v", c.IsClosed())
	})

	reg("closing.flush_and_close", func(t *T) {
		topic := t.Topic("topic", 1)
		p, err := kafka.NewProducer(conf("linger.ms", 2000))
		t.Must("producer", err)
		ch := make(chan kafka.Event, 10)
		for range 5 {
			t.Must("produce", p.Produce(message(topic, 0, "k", "v"), ch))
		}
		begin := time.Now()
		t.P("left %d, without waiting for linger.ms %v", p.Flush(10000), time.Since(begin) < 1500*time.Millisecond)
		p.Close()
		for _, m := range Drain(ch, 5, time.Second) {
			t.P("%s", mf(m))
		}
	})

	reg("closing.admin_twice", func(t *T) {
		a, err := kafka.NewAdminClient(conf())
		t.Must("admin", err)
		ctx, cancel := ctxSec(10)
		defer cancel()
		_, err = a.DescribeCluster(ctx)
		t.ErrT("open", err)
		a.Close()
		t.P("closed %v", a.IsClosed())
		a.Close()
		_, err = a.DescribeCluster(ctx)
		t.ErrT("closed", err)
		t.P("Logs nil %v", a.Logs() == nil)
	})

	reg("closing.many_clients", func(t *T) {
		for range 8 {
			p, err := kafka.NewProducer(conf())
			t.Must("producer", err)
			p.Close()
			c, err := kafka.NewConsumer(conf("group.id", t.Name("group")))
			t.Must("consumer", err)
			t.Must("close", c.Close())
		}
		t.P("done")
	})
}
