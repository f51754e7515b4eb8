package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/purego-kafka/kafka"
)

// What a consumer that ends in the middle does to a message depends on one thing: whether the offset is committed
// after the message was processed, or before.

// byHand leaves all offsets to the two functions below: nothing is committed, or marked for it, behind their back.
var byHand = kafka.ConfigMap{"enable.auto.commit": false, "enable.auto.offset.store": false}

// atLeastOnce processes, then commits: a message may come twice, and none is lost.
func atLeastOnce(ctx context.Context, t *tour, out io.Writer) (int, error) {
	c, err := t.newConsumer("at-least-once", byHand)
	if err != nil {
		return 0, err
	}
	defer c.Close()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	count := newCounter(out)
	policy := kafka.CommitPolicy{Messages: commitEvery, Interval: time.Second} // whichever comes first
	err = kafka.ConsumeAtLeastOnce(ctx, c, policy, func(m *kafka.Message) error {
		err := count.process(m)
		if count.total() == allMessages {
			stop()
		}
		return err
	})
	if err != nil {
		return count.total(), err
	}
	assigned, err := c.Assignment()
	if err != nil {
		return count.total(), err
	}
	offsets, err := c.Committed(assigned, 5000)
	if err != nil {
		return count.total(), err
	}
	fmt.Fprintf(out, "   committed in the end:%s\n", partitions(offsets))
	return count.total(), nil
}

// atMostOnce commits, then processes: a message may be lost, and none comes twice. To commit every single message
// is slow, so it is done by the batch, and a batch that could not be committed is not processed.
func atMostOnce(ctx context.Context, t *tour, out io.Writer) (int, error) {
	c, err := t.newConsumer("at-most-once", byHand)
	if err != nil {
		return 0, err
	}
	defer c.Close()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	count := newCounter(out)
	err = kafka.ConsumeAtMostOnce(ctx, c, commitEvery, func(batch []*kafka.Message) error {
		fmt.Fprintf(out, "   batch of %d, committed\n", len(batch))
		for _, m := range batch {
			if err := count.process(m); err != nil {
				return err
			}
		}
		if count.total() == allMessages {
			stop()
		}
		return nil
	})
	return count.total(), err
}
