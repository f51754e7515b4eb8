package integration_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/purego-kafka/kafka"
)

// batchOfChild is how many messages a child of the mode "at most once" has in hand at most.
const batchOfChild = 10

func init() {
	own := kafka.ConfigMap{"enable.auto.commit": false, "enable.auto.offset.store": false}
	childModes["at least once"] = struct {
		conf kafka.ConfigMap
		loop func(context.Context, *kafka.Consumer, func(*kafka.Message) error) error
	}{own, atLeastOnce}
	childModes["at most once"] = struct {
		conf kafka.ConfigMap
		loop func(context.Context, *kafka.Consumer, func(*kafka.Message) error) error
	}{own, atMostOnce}
}

func atLeastOnce(ctx context.Context, c *kafka.Consumer, handle func(*kafka.Message) error) error {
	return again(ctx, func() error {
		return kafka.ConsumeAtLeastOnce(ctx, c, kafka.CommitPolicy{Messages: 25, Interval: 200 * time.Millisecond}, handle)
	})
}

func atMostOnce(ctx context.Context, c *kafka.Consumer, handle func(*kafka.Message) error) error {
	return again(ctx, func() error {
		return kafka.ConsumeAtMostOnce(ctx, c, batchOfChild, func(batch []*kafka.Message) error {
			for _, m := range batch {
				if err := handle(m); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// again goes on after an error event or a commit that came too late: the partitions of such a batch have a new owner,
// and this member is about to learn of it.
func again(ctx context.Context, read func() error) error {
	for {
		err := read()
		if ctx.Err() != nil || err == nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "child:", err)
		if e, ok := err.(kafka.Error); ok && e.IsFatal() {
			return err
		}
	}
}
