package kafka_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

func TestLogEventString(t *testing.T) {
	t.Parallel()
	e := kafka.LogEvent{Name: "rdkafka#producer-1", Tag: "FAIL", Message: "m", Level: 3, Timestamp: time.Unix(0, 0).UTC()}
	if got, want := e.String(), "[1970-01-01T00:00:00Z][rdkafka#producer-1][FAIL][3]m"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestLogsChannel has lines of a failing broker on the channel, with librdkafka's tag and level.
func TestLogsChannel(t *testing.T) {
	t.Parallel()
	p := newProducer(t, nowhere, "log_level", 7, "go.logs.channel.enable", true)
	select {
	case e := <-p.Logs():
		if e.Name != p.String() || e.Tag != "FAIL" || e.Level != 3 || !strings.HasPrefix(e.Message, "[thrd:") || time.Since(e.Timestamp) > time.Minute {
			t.Errorf("got %v", e)
		}
	case <-time.After(patience):
		t.Fatal("no line in time")
	}
	p.Close()
	for range p.Logs() { // Close ends the client's own channel
	}
}

// TestLogsOfTheApplication leaves the application's channel open, and drops lines rather than wait for a reader.
func TestLogsOfTheApplication(t *testing.T) {
	t.Parallel()
	ch := make(chan kafka.LogEvent, 1)
	p := newProducer(t, nowhere, "go.logs.channel.enable", true, "go.logs.channel", ch, "log_level", 7, "debug", "all")
	if p.Logs() != ch {
		t.Error("Logs is another channel")
	}
	soon(t, "a line", func() bool { return len(ch) == 1 })
	within(t, "Close with a full log channel", p.Close)
	<-ch
	select {
	case _, open := <-ch:
		if !open {
			t.Error("the application's channel was closed")
		}
	default:
	}
	if plain := newProducer(t, nowhere); plain.Logs() != nil {
		t.Error("Logs is not nil without go.logs.channel.enable")
	}
}

// TestDebugContexts switches contexts on and sees lines of these only.
func TestDebugContexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		debug      string
		with, less string // tags
	}{
		{"cgrp", "ASSIGN", "METADATA"},
		{"metadata", "METADATA", "ASSIGN"},
		{"all,-cgrp", "METADATA", "CGRPSTATE"},
		{"all", "CGRPSTATE", ""},
	} {
		t.Run(c.debug, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			consumer := startConsumer(t, cl, kafka.ConfigMap{"debug": c.debug, "go.logs.channel.enable": true})
			must(t, consumer.Subscribe("t", nil))
			var tags []string
			soon(t, "a line with tag "+c.with, func() bool {
				consumer.Poll(20)
				for {
					select {
					case e := <-consumer.Logs():
						tags = append(tags, e.Tag)
						continue
					default:
					}
					return slices.Contains(tags, c.with) && !slices.Contains(tags, c.less)
				}
			})
		})
	}
}

// TestSlog sends the lines to a slog.Logger, with levels of its own.
func TestSlog(t *testing.T) {
	t.Parallel()
	lines := make(chan slog.Record, 100)
	p := newProducer(t, nowhere, "log_level", 7, "logger", slog.New(recorder(lines)))
	select {
	case r := <-lines:
		attrs := map[string]string{}
		r.Attrs(func(a slog.Attr) bool { attrs[a.Key] = a.Value.String(); return true })
		if r.Level != slog.LevelError || attrs["tag"] != "FAIL" || attrs["client"] != p.String() || r.Message == "" {
			t.Errorf("got %v %q %v", r.Level, r.Message, attrs)
		}
	case <-time.After(patience):
		t.Fatal("no line in time")
	}
}

type recorder chan slog.Record

func (recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r recorder) WithAttrs([]slog.Attr) slog.Handler     { return r }
func (r recorder) WithGroup(string) slog.Handler          { return r }
func (r recorder) Handle(_ context.Context, rec slog.Record) error {
	select {
	case r <- rec:
	default:
	}
	return nil
}

// TestStderr runs a client in a process of its own: the line of a failing broker has librdkafka's form, and with
// log_level=0 there is none.
func TestStderr(t *testing.T) {
	if level := os.Getenv("KAFKA_TEST_STDERR"); level != "" {
		p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": nowhere, "log_level": level})
		must(t, err)
		for ev := range p.Events() {
			if e, ok := ev.(kafka.Error); ok && e.Code() == kafka.ErrAllBrokersDown {
				break
			}
		}
		p.Close()
		return
	}
	t.Parallel()
	for level, want := range map[string]string{"6": "%3|", "0": ""} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestStderr$")
		cmd.Env = append(os.Environ(), "KAFKA_TEST_STDERR="+level)
		var stderr bytes.Buffer
		cmd.Stderr, cmd.Stdout = &stderr, io.Discard
		if err := cmd.Run(); err != nil {
			t.Fatalf("%v: %s", err, &stderr)
		}
		line, _, _ := strings.Cut(stderr.String(), "\n")
		if want == "" && line != "" || !strings.HasPrefix(line, want) || want != "" && !strings.Contains(line, "|FAIL|rdkafka#producer-1| [thrd:") {
			t.Errorf("log_level=%s: %q", level, line)
		}
	}
}

// TestDebugContextsHaveLines has lines of every context that a producer and a consumer have to do with.
func TestDebugContextsHaveLines(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	line := func(context string, logs chan kafka.LogEvent) {
		t.Helper()
		select {
		case e := <-logs:
			if e.Level != 7 || e.Tag == "" || e.Message == "" {
				t.Errorf("%s: %v", context, e)
			}
		case <-time.After(patience):
			t.Errorf("%s: no line", context)
		}
	}
	for _, context := range []string{"generic", "broker", "metadata", "feature", "protocol", "msg", "all"} {
		p := newProducer(t, cl.Bootstrap, "go.logs.channel.enable", true, "debug", context)
		_, err := p.ProduceSync(t.Context(), message("t", 0, "k", "v"))
		must(t, err)
		line(context, p.Logs())
	}
	for _, context := range []string{"cgrp", "topic", "fetch", "consumer"} {
		c := startConsumer(t, cl, kafka.ConfigMap{"go.logs.channel.enable": true, "debug": context})
		must(t, c.Subscribe("t", nil))
		_, err := c.ReadMessage(patience)
		must(t, err)
		line(context, c.Logs())
	}
}
