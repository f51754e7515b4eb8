package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// Topics of the consumer's tests are filled by the engine itself, so that a defect of our producer does not look like
// one of the consumer.

var groupNumber atomic.Int64

// newGroup returns a group id that no other test has.
func newGroup() string { return fmt.Sprintf("group-%d", groupNumber.Add(1)) }

// startConsumer makes a consumer that reads from the beginning as the only member of a group of its own, unless conf
// says otherwise, and closes it when the test ends.
func startConsumer(t testing.TB, cl *testcluster.Cluster, conf ...kafka.ConfigMap) *kafka.Consumer {
	t.Helper()
	m := kafka.ConfigMap{
		"bootstrap.servers": cl.ListenAddrs()[0],
		"group.id":          newGroup(),
		"auto.offset.reset": "earliest",
		"log_level":         0,
		// Heartbeats are how a member learns of a rebalance: few tests should wait for three seconds.
		"heartbeat.interval.ms": 50,
	}
	for _, c := range conf {
		for k, v := range c {
			if m[k] = v; v == nil {
				delete(m, k)
			}
		}
	}
	if m["group.protocol"] == "consumer" {
		delete(m, "heartbeat.interval.ms")
	}
	c, err := kafka.NewConsumer(&m)
	if err != nil {
		t.Fatalf("NewConsumer(%v): %v", m, err)
	}
	t.Cleanup(func() { closeSoon(t, c) })
	return c
}

// closeSoon closes a consumer, if it is not closed yet, and fails the test when that takes long.
func closeSoon(t testing.TB, c *kafka.Consumer) {
	t.Helper()
	within(t, "Close of "+c.String(), func() {
		if err := c.Close(); err != nil && !errors.Is(err, kafka.ErrState) {
			t.Errorf("Close: %v", err)
		}
	})
}

// within runs f and fails the test, with all stacks, when it does not end in time.
func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Errorf("%s: not done in %v\n%s", what, patience, stacks())
		<-done
	}
}

func stacks() string {
	buf := make([]byte, 4<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// engineOn is a plain engine client on a cluster.
func engineOn(t testing.TB, cl *testcluster.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	engine, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(cl.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Close)
	return engine
}

// fill appends n messages to a partition, with the values v<from> to v<from+n-1>.
func fill(t testing.TB, cl *testcluster.Cluster, topic string, partition int32, from, n int) {
	t.Helper()
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Partition: partition, Value: fmt.Appendf(nil, "v%d", from+i)}
	}
	produce(t, cl, records...)
}

func produce(t testing.TB, cl *testcluster.Cluster, records ...*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	engine := engineOn(t, cl)
	defer engine.Close()
	if err := engine.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatalf("filling a topic: %v", err)
	}
}

// tp is a partition with an offset.
func tp(topic string, partition int32, offset kafka.Offset) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: &topic, Partition: partition, Offset: offset}
}

func tps(list ...kafka.TopicPartition) []kafka.TopicPartition { return list }

// show prints partitions, sorted, as "topic[0]@5 topic[1]@unset".
func show(list []kafka.TopicPartition) string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = p.String()
	}
	slices.Sort(texts)
	return strings.Join(texts, " ")
}

// pollUntil polls until enough says so of an event, and returns all events up to that one.
func pollUntil(t testing.TB, c *kafka.Consumer, what string, enough func(kafka.Event) bool) (events []kafka.Event) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		ev := c.Poll(100)
		if ev == nil {
			if enough(nil) {
				return events
			}
			continue
		}
		events = append(events, ev)
		if enough(ev) {
			return events
		}
	}
	t.Fatalf("no %s in %v; events: %v", what, patience, events)
	return nil
}

// readN polls for n messages and returns their values. An Error event fails the test.
func readN(t testing.TB, c *kafka.Consumer, n int) (values []string) {
	t.Helper()
	if n == 0 {
		return nil
	}
	pollUntil(t, c, fmt.Sprintf("%d messages", n), func(ev kafka.Event) bool {
		switch e := ev.(type) {
		case *kafka.Message:
			values = append(values, string(e.Value))
		case kafka.Error:
			t.Fatalf("error event %v (code %d) after %d of %d messages", e, e.Code(), len(values), n)
		}
		return len(values) == n
	})
	return values
}

// nextOf polls for an event of a type, and drops those of others.
func nextOf[E kafka.Event](t testing.TB, c *kafka.Consumer) (found E) {
	t.Helper()
	pollUntil(t, c, fmt.Sprintf("%T", found), func(ev kafka.Event) (ok bool) {
		found, ok = ev.(E)
		return ok
	})
	return found
}

// quiet polls for a short while and fails the test when an event comes.
func quiet(t testing.TB, c *kafka.Consumer, why string) {
	t.Helper()
	for end := time.Now().Add(150 * time.Millisecond); time.Now().Before(end); {
		if ev := c.Poll(50); ev != nil {
			t.Errorf("%s: event %T %v", why, ev, ev)
		}
	}
}

// values returns v<from> to v<to-1>.
func values(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("v%d", i))
	}
	return list
}

func wantValues(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// wantCode checks the code of an error; ErrNoError is no error at all.
func wantCode(t testing.TB, what string, err error, want kafka.ErrorCode) {
	t.Helper()
	if want == kafka.ErrNoError {
		if err != nil {
			t.Errorf("%s: %v, want no error", what, err)
		}
		return
	}
	e, ok := err.(kafka.Error)
	if !ok {
		t.Errorf("%s: %T %v, want a kafka.Error of code %v", what, err, err, want)
	} else if e.Code() != want {
		t.Errorf("%s: code %d (%v), want %d (%v)", what, e.Code(), e, want, want)
	}
}

// need fails the test on an error.
func need(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// committedIn returns what a group has committed, as the cluster has it; -1 for nothing.
func committedIn(cl *testcluster.Cluster, group, topic string, partition int32) int64 {
	if info := cl.GroupInfo(group); info != nil {
		if at, ok := info.Commits[topic][partition]; ok {
			return at.Offset
		}
	}
	return -1
}

// eventually waits, polling c if it is not nil, until cond holds.
func eventually(t testing.TB, c *kafka.Consumer, what string, cond func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for end := time.After(patience); !cond(); {
		if c != nil {
			c.Poll(0)
		}
		select {
		case <-ticker.C:
		case <-end:
			t.Fatalf("not in %v: %s", patience, what)
		}
	}
}

// failCommits makes the cluster refuse every partition of all commits from now on.
func failCommits(cl *testcluster.Cluster, err *kerr.Error) *kfake.FaultHandle {
	return cl.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: err, Count: -1})
}

// produceValues appends messages to partition 0.
func produceValues(t testing.TB, cl *testcluster.Cluster, topic string, values ...string) {
	t.Helper()
	records := make([]*kgo.Record, len(values))
	for i, v := range values {
		records[i] = &kgo.Record{Topic: topic, Value: []byte(v)}
	}
	produce(t, cl, records...)
}
