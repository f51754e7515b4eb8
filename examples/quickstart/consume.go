package main

import (
	"context"
	"fmt"
	"io"

	"github.com/purego-kafka/kafka"
)

// commitEvery is after how many messages the loops that commit by hand do it.
const commitEvery = 10

// newConsumer makes a consumer of a group of its own, which reads the tour's topic. A group that has committed
// nothing begins with the oldest message. more are further keys and values.
func (t *tour) newConsumer(group string, more kafka.ConfigMap) (*kafka.Consumer, error) {
	conf := kafka.ConfigMap{
		"bootstrap.servers": t.brokers,
		"group.id":          t.topic + "-" + group,
		"auto.offset.reset": "smallest",
	}
	for key, value := range more {
		conf[key] = value
	}
	c, err := kafka.NewConsumer(&conf)
	if err != nil {
		return nil, err
	}
	if err := c.SubscribeTopics([]string{t.topic}, nil); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// counter counts the messages that it processes, and tells if one comes twice.
type counter struct {
	out  io.Writer
	seen map[string]bool
}

func newCounter(out io.Writer) *counter { return &counter{out: out, seen: map[string]bool{}} }

// process stands for the work of an application.
func (c *counter) process(m *kafka.Message) error {
	value := string(m.Value)
	if c.seen[value] {
		return fmt.Errorf("%q was consumed twice", value)
	}
	c.seen[value] = true
	if len(c.seen) <= 3 {
		fmt.Fprintf(c.out, "   {\"partition\": %d, \"offset\": %d, \"value\": %q}\n", m.TopicPartition.Partition, m.TopicPartition.Offset, value)
	}
	return nil
}

func (c *counter) total() int { return len(c.seen) }

// consumeToEnd is the plain loop: Poll gives messages and events one by one, nil where nothing came in time. The
// offset of what Poll gave is committed in the background (enable.auto.commit), and by Close.
func consumeToEnd(ctx context.Context, t *tour, out io.Writer) (int, error) {
	c, err := t.newConsumer("loop", kafka.ConfigMap{"enable.auto.commit": true, "enable.partition.eof": true})
	if err != nil {
		return 0, err
	}
	defer c.Close()

	count := newCounter(out)
	ended := map[int32]bool{}
	for ctx.Err() == nil {
		switch e := c.Poll(100).(type) {
		case *kafka.Message:
			if err := count.process(e); err != nil {
				return count.total(), err
			}
		case kafka.PartitionEOF: // not an error: a message that is produced later will still come
			fmt.Fprintf(out, "   partition %d ends at offset %d\n", e.Partition, e.Offset)
			ended[e.Partition] = true
			assigned, err := c.Assignment()
			if err != nil {
				return count.total(), err
			}
			if len(ended) == len(assigned) {
				return count.total(), nil
			}
		case kafka.Error: // the client goes on by itself after most errors
			fmt.Fprintf(out, "   %v\n", e)
			if e.IsFatal() {
				return count.total(), e
			}
		}
	}
	return count.total(), ctx.Err()
}

// commitSync commits after every ten messages and waits for the broker's answer. Without arguments Commit commits
// what Poll has given so far.
func commitSync(ctx context.Context, t *tour, out io.Writer) (int, error) {
	c, err := t.newConsumer("sync", kafka.ConfigMap{"enable.auto.commit": false})
	if err != nil {
		return 0, err
	}
	defer c.Close()

	count := newCounter(out)
	for count.total() < allMessages && ctx.Err() == nil {
		m, ok := c.Poll(100).(*kafka.Message)
		if !ok {
			continue
		}
		if err := count.process(m); err != nil {
			return count.total(), err
		}
		if count.total()%commitEvery == 0 {
			offsets, err := c.Commit()
			if err != nil {
				return count.total(), err
			}
			fmt.Fprintf(out, "   committed after %d messages:%s\n", count.total(), partitions(offsets))
		}
	}
	return count.total(), ctx.Err()
}

// commitAsync does not wait: the result of a commit is told to the function on_commit, which runs in Poll.
func commitAsync(ctx context.Context, t *tour, out io.Writer) (int, error) {
	committed := map[int32]kafka.Offset{}
	onCommit := func(err error, offsets []kafka.TopicPartition) {
		if err != nil {
			fmt.Fprintf(out, "   commit failed: %v\n", err)
			return
		}
		fmt.Fprintf(out, "   committed:%s\n", partitions(offsets))
		for _, tp := range offsets {
			if tp.Offset >= 0 { // of the other partitions there was nothing new to commit
				committed[tp.Partition] = tp.Offset
			}
		}
	}
	c, err := t.newConsumer("async", kafka.ConfigMap{"enable.auto.commit": false, "on_commit": onCommit})
	if err != nil {
		return 0, err
	}
	defer c.Close()

	count := newCounter(out)
	for sum(committed) < allMessages && ctx.Err() == nil {
		m, ok := c.Poll(100).(*kafka.Message)
		if !ok {
			continue
		}
		if err := count.process(m); err != nil {
			return count.total(), err
		}
		if count.total()%commitEvery == 0 {
			if err := c.CommitAsync(); err != nil {
				return count.total(), err
			}
		}
	}
	return count.total(), ctx.Err()
}

// sum adds up offsets. All partitions begin at 0 here, so it is the number of messages before those offsets.
func sum(offsets map[int32]kafka.Offset) (n int) {
	for _, o := range offsets {
		n += int(o)
	}
	return n
}

// partitions shows committed offsets: the offset of a partition is that of the next message to read from it. Where
// there was nothing new to commit it is kafka.OffsetInvalid.
func partitions(offsets []kafka.TopicPartition) (s string) {
	for _, tp := range offsets {
		if tp.Offset >= 0 {
			s += fmt.Sprintf(" [%d]@%s", tp.Partition, tp.Offset)
		}
	}
	return s
}
