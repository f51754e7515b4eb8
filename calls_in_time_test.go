package kafka_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
)

// TestCallsEndInTime makes calls that wait for a broker which takes connections and says nothing. The engine waits
// for it far longer than the calls may last.
func TestCallsEndInTime(t *testing.T) {
	t.Parallel()
	a, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": silentListener(t), "log_level": 0})
	need(t, "NewAdminClient", err)
	t.Cleanup(a.Close)
	c, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": silentListener(t), "log_level": 0, "group.id": "g"})
	need(t, "NewConsumer", err)
	t.Cleanup(func() { _ = c.Close() })
	// On a busy machine the time may be over before the connection is there.
	late := []error{context.DeadlineExceeded, kafka.ErrTimedOut, kafka.ErrTransport, kafka.ErrAllBrokersDown}
	topic := "t"
	for name, call := range map[string]func(ctx context.Context) error{
		"DescribeCluster": func(ctx context.Context) error { _, err := a.DescribeCluster(ctx); return err },
		"DescribeTopics": func(ctx context.Context) error {
			_, err := a.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames([]string{"t"}))
			return err
		},
		"ListOffsets": func(ctx context.Context) error {
			_, err := a.ListOffsets(ctx, map[kafka.TopicPartition]kafka.OffsetSpec{{Topic: &topic}: kafka.LatestOffsetSpec})
			return err
		},
		"Committed": func(context.Context) error {
			_, err := c.Committed([]kafka.TopicPartition{{Topic: &topic}}, 50)
			return err
		},
		"QueryWatermarkOffsets": func(context.Context) error { _, _, err := c.QueryWatermarkOffsets(topic, 0, 50); return err },
		"GetMetadata":           func(context.Context) error { _, err := a.GetMetadata(nil, true, 50); return err },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 3 {
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				begin := time.Now()
				err := call(ctx)
				cancel()
				if took := time.Since(begin); took > 3*time.Second || !slices.ContainsFunc(late, func(e error) bool { return errors.Is(err, e) }) {
					t.Errorf("%v after %v", err, took)
				}
			}
		})
	}
}
