package integration_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/integration/cluster"
)

// patience bounds waits for what must come, so that a test ends. It says nothing about how fast that has to be: other
// processes may have the machine.
const patience = 3 * time.Minute

// unique returns a name that no other test or run has used.
func unique(t testing.TB, what string) string {
	t.Helper()
	test := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, t.Name())
	return fmt.Sprintf("%s-%s-%08x", test, what, rand.Uint32())
}

// newTopic creates a topic.
func newTopic(t testing.TB, c *cluster.Cluster, partitions int) string {
	t.Helper()
	return newTopicWith(t, c, partitions, nil)
}

func newTopicWith(t testing.TB, c *cluster.Cluster, partitions int, configs map[string]string) string {
	t.Helper()
	name := unique(t, "topic")
	if err := c.CreateTopic(t.Context(), name, partitions, configs); err != nil {
		t.Fatal(err)
	}
	return name
}

// put writes values to a partition by the engine.
func put(t testing.TB, c *cluster.Cluster, topic string, partition int32, values ...string) {
	t.Helper()
	var records []*kgo.Record
	for _, v := range values {
		records = append(records, &kgo.Record{Topic: topic, Partition: partition, Value: []byte(v)})
	}
	if err := c.Put(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
}

// numbers returns the numbers from..to-1 as texts.
func numbers(from, to int) (texts []string) {
	for i := from; i < to; i++ {
		texts = append(texts, fmt.Sprint(i))
	}
	return texts
}

// truncate deletes the records of a partition before an offset.
func truncate(t testing.TB, c *cluster.Cluster, topic string, partition int32, before int64) {
	t.Helper()
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: topic, Partition: partition, At: before})
	if _, err := admin(t, c).DeleteRecords(t.Context(), offsets); err != nil {
		t.Fatal(err)
	}
}

// committed returns what the broker has as the group's offset, -1 where it has none.
func committed(t testing.TB, c *cluster.Cluster, group, topic string, partition int32) int64 {
	t.Helper()
	all, err := admin(t, c).FetchOffsets(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	if o, ok := all.Lookup(topic, partition); ok {
		return o.At
	}
	return -1
}

func admin(t testing.TB, c *cluster.Cluster) *kadm.Client {
	t.Helper()
	a, err := c.Admin()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// with returns a ConfigMap of the plaintext listener and more properties; later maps win.
func with(c *cluster.Cluster, more ...kafka.ConfigMap) *kafka.ConfigMap {
	m := kafka.ConfigMap{"bootstrap.servers": c.Bootstrap(cluster.Plain)}
	for _, add := range more {
		maps.Copy(m, add)
	}
	return &m
}

// newProducer makes a producer that is closed with the test.
func newProducer(t testing.TB, conf *kafka.ConfigMap) *kafka.Producer {
	t.Helper()
	p, err := kafka.NewProducer(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { inTime(t, "Producer.Close", time.Minute, p.Close) })
	return p
}

// newConsumer makes a consumer that is closed with the test, unless the test has closed it.
func newConsumer(t testing.TB, conf *kafka.ConfigMap) *kafka.Consumer {
	t.Helper()
	c, err := kafka.NewConsumer(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeConsumer(t, c) })
	return c
}

func closeConsumer(t testing.TB, c *kafka.Consumer) {
	t.Helper()
	if c.IsClosed() {
		return
	}
	inTime(t, "Consumer.Close", time.Minute, func() {
		if err := c.Close(); err != nil {
			t.Errorf("Consumer.Close: %v", err)
		}
	})
}

// inTime runs f and fails the test if it does not return in time.
func inTime(t testing.TB, what string, d time.Duration, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(d):
		t.Errorf("%s has not returned after %v", what, d)
	}
}

// await waits until cond holds. It asks at least every 20 ms.
func await(t testing.TB, d time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not in %v: %s", d, what)
		}
	}
}

// pollUntil gives the consumer's events to see until it returns true; the test fails when that does not happen in time.
func pollUntil(t testing.TB, c *kafka.Consumer, d time.Duration, what string, see func(kafka.Event) bool) {
	t.Helper()
	var last []string
	for deadline := time.Now().Add(d); time.Now().Before(deadline); {
		ev := c.Poll(100)
		if ev == nil {
			continue
		}
		last = append(last, fmt.Sprintf("%T %v", ev, ev))
		if see(ev) {
			return
		}
	}
	t.Fatalf("not in %v: %s; the last events: %s", d, what, strings.Join(last[max(0, len(last)-5):], "; "))
}

// pollFor gives the consumer's events of a while to see.
func pollFor(c *kafka.Consumer, d time.Duration, see func(kafka.Event)) {
	for deadline := time.Now().Add(d); time.Now().Before(deadline); {
		if ev := c.Poll(50); ev != nil {
			see(ev)
		}
	}
}

// messages polls until n messages have come and returns them. Any Error event fails the test.
func messages(t testing.TB, c *kafka.Consumer, n int) (got []*kafka.Message) {
	t.Helper()
	if n == 0 {
		return nil
	}
	pollUntil(t, c, patience, fmt.Sprintf("%d messages", n), func(ev kafka.Event) bool {
		switch e := ev.(type) {
		case *kafka.Message:
			if e.TopicPartition.Error != nil {
				t.Errorf("message %v", e.TopicPartition)
			}
			got = append(got, e)
		case kafka.Error:
			t.Errorf("error event %d: %v", e.Code(), e)
		}
		return len(got) == n
	})
	return got
}

// values are the values of messages.
func values(ms []*kafka.Message) (texts []string) {
	for _, m := range ms {
		texts = append(texts, string(m.Value))
	}
	return texts
}

// reports takes n delivery reports from a channel.
func reports[E kafka.Event](t testing.TB, from <-chan E, n int, d time.Duration) (got []*kafka.Message) {
	t.Helper()
	deadline := time.After(d)
	for len(got) < n {
		select {
		case ev := <-from:
			switch e := any(ev).(type) {
			case *kafka.Message:
				got = append(got, e)
			case kafka.Error:
				t.Logf("error event %d: %v", e.Code(), e)
			}
		case <-deadline:
			t.Fatalf("%d of %d delivery reports in %v", len(got), n, d)
		}
	}
	return got
}

// send produces a message and waits for its report.
func send(t testing.TB, p *kafka.Producer, m *kafka.Message) *kafka.Message {
	t.Helper()
	report := make(chan kafka.Event, 1)
	if err := p.Produce(m, report); err != nil {
		t.Fatal(err)
	}
	return reports(t, report, 1, patience)[0]
}

func partition(topic string, p int32) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: &topic, Partition: p}
}

func at(topic string, p int32, o kafka.Offset) kafka.TopicPartition {
	return kafka.TopicPartition{Topic: &topic, Partition: p, Offset: o}
}

// code returns the code of an error of the library, and fails for any other.
func code(t testing.TB, err error) kafka.ErrorCode {
	t.Helper()
	if err == nil {
		return kafka.ErrNoError
	}
	e, ok := err.(kafka.Error)
	if !ok {
		t.Fatalf("%T %v is no kafka.Error", err, err)
	}
	return e.Code()
}
