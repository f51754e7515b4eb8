package kafka_test

import (
	"context"
	"testing"

	"github.com/purego-kafka/kafka"
)

// TestPatternsOutlastAnOutage takes all brokers away from the delivery patterns and gives them back: what their users
// see is messages, not errors.
func TestPatternsOutlastAnOutage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		run  func(ctx context.Context, t *testing.T, c *kafka.Consumer, bootstrap string, seen chan<- string) error
	}{
		{"at least once", func(ctx context.Context, _ *testing.T, c *kafka.Consumer, _ string, seen chan<- string) error {
			return kafka.ConsumeAtLeastOnce(ctx, c, kafka.CommitPolicy{}, func(m *kafka.Message) error {
				seen <- string(m.Value)
				return nil
			})
		}},
		{"at most once", func(ctx context.Context, _ *testing.T, c *kafka.Consumer, _ string, seen chan<- string) error {
			return kafka.ConsumeAtMostOnce(ctx, c, 10, func(batch []*kafka.Message) error {
				for _, m := range batch {
					seen <- string(m.Value)
				}
				return nil
			})
		}},
		{"exactly once", func(ctx context.Context, t *testing.T, c *kafka.Consumer, bootstrap string, seen chan<- string) error {
			p := newProducer(t, bootstrap, "transactional.id", "tx")
			return kafka.ConsumeExactlyOnce(ctx, c, p, func(batch []*kafka.Message) ([]*kafka.Message, error) {
				for _, m := range batch {
					seen <- string(m.Value)
				}
				return nil, nil
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cluster, err := kafka.NewMockCluster(1)
			must(t, err)
			t.Cleanup(cluster.Close)
			must(t, cluster.CreateTopic("t", 1, 1))
			bootstrap := cluster.BootstrapServers()
			p := newProducer(t, bootstrap)
			produce := func(value string) {
				t.Helper()
				_, err := p.ProduceSync(t.Context(), message("t", 0, "k", value))
				must(t, err)
			}
			consumer, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": bootstrap, "group.id": "g", "auto.offset.reset": "earliest",
				"enable.auto.commit": false, "enable.auto.offset.store": false, "log_level": 0, "reconnect.backoff.max.ms": 200})
			must(t, err)
			t.Cleanup(func() { closeSoon(t, consumer) })
			must(t, consumer.Subscribe("t", nil))
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			seen, ended := make(chan string, 10), make(chan error, 1)
			go func() { ended <- c.run(ctx, t, consumer, bootstrap, seen) }()
			expect := func(want string) {
				t.Helper()
				select {
				case got := <-seen:
					if got != want {
						t.Fatalf("got %q, want %q", got, want)
					}
				case err := <-ended:
					t.Fatalf("ended, waiting for %q: %v", want, err)
				}
			}
			produce("before")
			expect("before")
			must(t, cluster.SetBrokerDown(-1))
			soon(t, "the producer has noticed", func() bool {
				select {
				case ev := <-p.Events():
					e, ok := ev.(kafka.Error)
					return ok && e.Code() == kafka.ErrAllBrokersDown
				default:
					return false
				}
			})
			must(t, cluster.SetBrokerUp(-1))
			produce("after")
			expect("after")
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("ended with %v", err)
			}
		})
	}
}
