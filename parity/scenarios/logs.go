package main

import (
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// logsUntil reads logs until f holds for one, and returns it.
func logsUntil(ch chan kafka.LogEvent, limit time.Duration, f func(kafka.LogEvent) bool) (kafka.LogEvent, bool) {
	end := time.After(limit)
	for {
		select {
		case e, ok := <-ch:
			if !ok {
				return kafka.LogEvent{}, false
			}
			if f(e) {
				return e, true
			}
		case <-end:
			return kafka.LogEvent{}, false
		}
	}
}

func init() {
	logging := func(kv ...any) []any { return append([]any{"go.logs.channel.enable", true}, kv...) }

	reg("logs.unreachable", func(t *T) {
		p := t.Producer(logging("bootstrap.servers", nowhere)...)
		e, ok := logsUntil(p.Logs(), 10*time.Second, func(e kafka.LogEvent) bool { return e.Tag == "FAIL" })
		t.P("%v level %d", ok, e.Level)
		t.P("the name is the client's: %v", e.Name == p.String())
		t.P("refused: %v", strings.Contains(e.Message, "Connect to ipv4#<addr> failed") || strings.Contains(e.Message, "Connection refused"))
		s := e.String()
		t.P("as text: %v", strings.Contains(s, "["+e.Name+"][FAIL][3]") && strings.HasSuffix(s, e.Message))
	})

	reg("logs.level", func(t *T) {
		for _, level := range []int{0, 2, 3, 6, 7} {
			p := t.Producer(logging("bootstrap.servers", nowhere, "log_level", level)...)
			_, ok := logsUntil(p.Logs(), 2*time.Second, func(e kafka.LogEvent) bool { return e.Tag == "FAIL" })
			t.P("level %d: FAIL %v", level, ok)
		}
		for _, level := range []int{0, 4, 5, 6} {
			c := t.Consumer("g", logging("bootstrap.servers", nowhere, "log_level", level, "linger.ms", 5)...)
			e, ok := logsUntil(c.Logs(), time.Second, func(e kafka.LogEvent) bool { return e.Tag == "CONFWARN" })
			t.P("level %d: CONFWARN %v %d", level, ok, e.Level)
		}
	})

	reg("logs.debug_contexts", func(t *T) {
		topic := t.Topic("topic", 1)
		for _, ctx := range []string{"generic", "broker", "metadata", "msg", "protocol", "all", "feature"} {
			p := t.Producer(logging("debug", ctx)...)
			_, _ = p.GetMetadata(nil, true, 5000)
			t.SendBy(p, message(topic, 0, "k", "v"))
			e, ok := logsUntil(p.Logs(), 3*time.Second, func(e kafka.LogEvent) bool { return e.Level == 7 })
			t.P("%s: %v level %d", ctx, ok, e.Level)
		}
		p := t.Producer(logging()...)
		_, _ = p.GetMetadata(nil, true, 5000)
		_, ok := logsUntil(p.Logs(), time.Second, func(e kafka.LogEvent) bool { return e.Level == 7 })
		t.P("none: %v", ok)
		p = t.Producer(logging("debug", "all", "log_level", 6)...)
		_, _ = p.GetMetadata(nil, true, 5000)
		_, ok = logsUntil(p.Logs(), time.Second, func(e kafka.LogEvent) bool { return e.Level == 7 })
		t.P("all at level 6: %v", ok)
	})

	reg("logs.debug_consumer", func(t *T) {
		topic := t.Topic("topic", 1)
		for _, ctx := range []string{"cgrp", "topic", "fetch", "consumer"} {
			c := t.Consumer(t.Name(ctx), logging("debug", ctx)...)
			t.Must("subscribe", c.Subscribe(topic, nil))
			waitFor(10*time.Second, func() bool { c.Poll(50); as, _ := c.Assignment(); return len(as) == 1 })
			e, ok := logsUntil(c.Logs(), 3*time.Second, func(e kafka.LogEvent) bool { return e.Level == 7 })
			t.P("%s: %v name %v", ctx, ok, e.Name == c.String())
		}
	})

	reg("logs.bad_debug", func(t *T) {
		for _, v := range []string{"nonsense", "broker,nonsense", "", "broker, topic", "BROKER", "broker,,topic"} {
			p, err := kafka.NewProducer(offline("debug", v))
			if err == nil {
				p.Close()
			}
			t.ErrT(v, err)
		}
		for _, v := range []any{-1, 8, 7, 0, "3", "x"} {
			p, err := kafka.NewProducer(offline("log_level", v))
			if err == nil {
				p.Close()
			}
			t.ErrT("log_level", err)
		}
	})

	reg("logs.channel_of_the_program", func(t *T) {
		ch := make(chan kafka.LogEvent, 1000)
		p, err := kafka.NewProducer(offline("go.logs.channel.enable", true, "go.logs.channel", ch, "log_level", 6))
		t.Must("producer", err)
		_, ok := logsUntil(ch, 5*time.Second, func(kafka.LogEvent) bool { return true })
		t.P("a log %v, the same channel %v", ok, p.Logs() == ch)
		p.Close()
		open := true
		for open && len(ch) > 0 {
			_, open = <-ch
		}
		t.P("open after Close %v", open)
	})

	reg("logs.channel_closed", func(t *T) {
		c, err := kafka.NewConsumer(offlineC("go.logs.channel.enable", true))
		t.Must("consumer", err)
		t.P("capacity %d", cap(c.Logs()))
		t.Must("close", c.Close())
		_, open := logsUntil(c.Logs(), 5*time.Second, func(kafka.LogEvent) bool { return false })
		t.P("open after Close %v", open)
		d, err := kafka.NewConsumer(offlineC())
		t.Must("consumer", err)
		t.P("nil without the setting %v", d.Logs() == nil)
		t.Must("close", d.Close())
	})

	reg("logs.channel_kinds", func(t *T) {
		for _, v := range []any{make(chan kafka.LogEvent), make(chan<- kafka.LogEvent), make(chan int), "x", nil} {
			t.panics("channel", func() {
				p, err := kafka.NewProducer(offline("go.logs.channel.enable", true, "go.logs.channel", v))
				if err == nil {
					go func() {
						for range p.Logs() {
							continue
						}
					}()
					p.Close()
				}
				t.ErrT("channel", err)
			})
		}
	})

	reg("logs.connection_close", func(t *T) {
		for _, on := range []bool{true, false} {
			mc, boot := t.mocked(1)
			p := t.Producer(logging("bootstrap.servers", boot, "log.connection.close", on)...)
			t.report("up", p, message("t", 0, "k", "v"))
			t.Must("down", mc.SetBrokerDown(1))
			e, ok := logsUntil(p.Logs(), 3*time.Second, func(e kafka.LogEvent) bool { return e.Tag == "FAIL" && strings.Contains(e.Message, "isconnect") })
			t.P("%v: %v level %d", on, ok, e.Level)
		}
	})

	reg("logs.stderr_is_not_used", func(t *T) {
		p := t.Producer(logging("bootstrap.servers", nowhere, "client.id", "named")...)
		e, ok := logsUntil(p.Logs(), 5*time.Second, func(kafka.LogEvent) bool { return true })
		t.P("%v %v tag %v message %v", ok, strings.HasPrefix(e.Name, "named#producer-"), e.Tag != "", e.Message != "")
		t.P("begins with the thread: %v", strings.HasPrefix(e.Message, "[thrd:"))
	})
}
