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

// txnTimeoutOfChild is when the broker aborts the transaction of a child that was killed. Until then nobody knows from
// where to go on in the partitions that it had.
const txnTimeoutOfChild = 5 * time.Second

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
	childModes["exactly once"] = struct {
		conf kafka.ConfigMap
		loop func(context.Context, *kafka.Consumer, func(*kafka.Message) error) error
	}{manual, exactlyOnce}
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

// exactlyOnce writes for each message a line about it to another topic. When another producer or the broker has ended
// this one, it makes a new one, as a program does that is started again.
func exactlyOnce(ctx context.Context, c *kafka.Consumer, handle func(*kafka.Message) error) error {
	to := os.Getenv(childCopy)
	for {
		p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": os.Getenv(childBrokers), "linger.ms": 0,
			"transactional.id": os.Getenv(childTxn), "transaction.timeout.ms": int(txnTimeoutOfChild.Milliseconds())})
		if err != nil {
			return err
		}
		err = kafka.ConsumeExactlyOnce(ctx, c, p, func(batch []*kafka.Message) (out []*kafka.Message, err error) {
			for _, m := range batch {
				if err := handle(m); err != nil {
					return nil, err
				}
				out = append(out, &kafka.Message{
					TopicPartition: kafka.TopicPartition{Topic: &to, Partition: 0},
					Value:          fmt.Appendf(nil, "%d %d", m.TopicPartition.Partition, m.TopicPartition.Offset),
				})
			}
			return out, nil
		})
		fatal := p.GetFatalError()
		p.Close()
		if fatal == nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "child:", err)
	}
}
