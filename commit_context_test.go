package kafka_test

import (
	"context"
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// TestCommitContext gives up waiting for a broker that does not answer; the commit is made all the same.
func TestCommitContext(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	release, asked := make(chan struct{}), make(chan struct{}, 10)
	cl.ControlKey(int16(kmsg.OffsetCommit), func(kmsg.Request) (kmsg.Response, error, bool) {
		asked <- struct{}{}
		cl.SleepControl(func() { <-release })
		return nil, nil, false
	})
	c := startConsumer(t, cl, kafka.ConfigMap{"enable.auto.commit": false})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	offsets := []kafka.TopicPartition{{Topic: ptr("t"), Offset: 7}}
	if _, err := c.CommitContext(ctx, offsets); !errors.Is(err, context.Canceled) {
		t.Fatalf("canceled: %v", err)
	}
	close(release)
	soon(t, "the offset is committed", func() bool {
		got, err := c.Committed([]kafka.TopicPartition{{Topic: ptr("t")}}, 10_000)
		return err == nil && got[0].Offset == 7
	})
}
