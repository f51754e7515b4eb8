package kafka_test

import (
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// TestTopicRecreated deletes a topic under a producer and a consumer and makes it anew: the producer goes on with the new
// one, and the consumer reads it, however it came to the partition. Brokers know topics by ids, so to them the two have nothing to do with each other.
func TestTopicRecreated(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"assign", "subscribe"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			admin, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": cl.Bootstrap})
			must(t, err)
			t.Cleanup(admin.Close)
			p := newProducer(t, cl.Bootstrap, "message.timeout.ms", 10_000)
			produce := func(value string) {
				t.Helper()
				_, err := p.ProduceSync(t.Context(), message("t", 0, "k", value))
				must(t, err)
			}
			c := startConsumer(t, cl, kafka.ConfigMap{"topic.metadata.refresh.interval.ms": 100, "enable.auto.commit": false})
			if way == "assign" {
				must(t, c.Assign([]kafka.TopicPartition{{Topic: ptr("t"), Offset: kafka.OffsetBeginning}}))
			} else {
				must(t, c.Subscribe("t", nil))
			}
			next := func() string {
				t.Helper()
				deadline := time.Now().Add(3 * patience)
				for time.Now().Before(deadline) {
					if m, ok := c.Poll(100).(*kafka.Message); ok {
						return string(m.Value)
					}
				}
				t.Fatal("no message in time")
				return ""
			}
			produce("old 1")
			produce("old 2")
			for _, want := range []string{"old 1", "old 2"} {
				if got := next(); got != want {
					t.Fatalf("read %q, want %q", got, want)
				}
			}
			_, err = admin.DeleteTopics(t.Context(), []string{"t"})
			must(t, err)
			_, err = admin.CreateTopics(t.Context(), []kafka.TopicSpecification{{Topic: "t", NumPartitions: 1, ReplicationFactor: 1}})
			must(t, err)
			produce("new")
			if got := next(); got != "new" {
				t.Errorf("read %q of the new topic, want %q", got, "new")
			}
		})
	}
}
