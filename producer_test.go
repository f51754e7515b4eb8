package kafka_test

import (
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// newProducer makes a producer that is closed when the test ends. kv are properties and their values.
func newProducer(t testing.TB, bootstrap string, kv ...any) *kafka.Producer {
	t.Helper()
	conf := kafka.ConfigMap{"bootstrap.servers": bootstrap, "log_level": 0}
	for i := 0; i < len(kv); i += 2 {
		conf[kv[i].(string)] = kv[i+1]
	}
	p, err := kafka.NewProducer(&conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// message makes a message. A key or value of "" is nil.
func message(topic string, partition int32, key, value string) *kafka.Message {
	m := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: partition}}
	if key != "" {
		m.Key = []byte(key)
	}
	if value != "" {
		m.Value = []byte(value)
	}
	return m
}

// nextReport waits for a report.
func nextReport(t testing.TB, ch <-chan kafka.Event) *kafka.Message {
	t.Helper()
	end := time.After(patience)
	for {
		select {
		case e, ok := <-ch:
			if !ok {
				t.Fatal("the channel was closed before the report came")
			}
			if m, ok := e.(*kafka.Message); ok {
				return m
			}
		case <-end:
			t.Fatal("no report in time")
		}
	}
}

// noReport fails the test if the channel holds a report.
func noReport(t testing.TB, ch <-chan kafka.Event) {
	t.Helper()
	for {
		select {
		case e, ok := <-ch:
			if !ok {
				return
			}
			if m, ok := e.(*kafka.Message); ok {
				t.Fatalf("a report too many: %v", m.TopicPartition)
			}
		default:
			return
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestProduceReports(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1, testcluster.Topic("orders", 3))
	p := newProducer(t, c.Bootstrap, "linger.ms", 0)
	m := message("orders", 2, "key", "value")
	m.Opaque = 17
	m.Headers = []kafka.Header{{Key: "h", Value: []byte("x")}}
	must(t, p.Produce(m, nil))
	m.Value[0], m.Key[0] = '!', '!'
	r := nextReport(t, p.Events())
	tp := r.TopicPartition
	if *tp.Topic != "orders" || tp.Partition != 2 || tp.Offset != 0 || tp.Error != nil {
		t.Errorf("report of %v", tp)
	}
	if string(r.Key) != "key" || string(r.Value) != "value" || r.Opaque != 17 || r.Headers != nil || !r.Timestamp.IsZero() {
		t.Errorf("report %+v", r)
	}
	if n := p.Flush(1000); n != 0 {
		t.Errorf("%d after a flush", n)
	}
}
