package kafka_test

import (
	"context"
	"fmt"
	"time"

	"github.com/purego-kafka/kafka"
)

// committed returns what a group has committed in partition 0 of a topic.
func committed(c *kafka.Consumer, topic string) kafka.Offset {
	offsets, err := c.Committed([]kafka.TopicPartition{{Topic: &topic, Partition: 0}}, 10_000)
	if err != nil {
		fmt.Println(err)
		return kafka.OffsetInvalid
	}
	return offsets[0].Offset
}

// Commit without automatic commits: it commits behind all messages that were handed out, and waits for the answer.
func ExampleConsumer_Commit() {
	cluster := newCluster("letters", "a", "b", "c")
	defer cluster.Close()
	c := newConsumer(cluster, "readers", kafka.ConfigMap{"enable.auto.commit": false})
	defer c.Close()
	if err := c.Subscribe("letters", nil); err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		if _, err := c.ReadMessage(10 * time.Second); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println("before:", committed(c, "letters"))
	offsets, err := c.Commit()
	fmt.Println(offsets, err)
	fmt.Println("after:", committed(c, "letters"))
	// Output:
	// before: unset
	// [letters[0]@2] <nil>
	// after: 2
}

// CommitAsync does not wait: its result is told to the function on_commit, which runs in Poll.
func ExampleConsumer_CommitAsync() {
	cluster := newCluster("letters", "a", "b", "c")
	defer cluster.Close()
	done := false
	c := newConsumer(cluster, "readers", kafka.ConfigMap{
		"enable.auto.commit": false,
		"on_commit": func(err error, offsets []kafka.TopicPartition) {
			fmt.Println(offsets, err)
			done = true
		},
	})
	defer c.Close()
	if err := c.Subscribe("letters", nil); err != nil {
		fmt.Println(err)
		return
	}
	for end := time.Now().Add(10 * time.Second); !done && time.Now().Before(end); {
		if msg, ok := c.Poll(100).(*kafka.Message); ok && msg.TopicPartition.Offset == 2 {
			if err := c.CommitAsync(); err != nil {
				fmt.Println(err)
				return
			}
		}
	}
	// Output: [letters[0]@3] <nil>
}

// With enable.auto.offset.store=false the application says which messages it is done with; Close and the automatic
// commits in the background commit behind these.
func ExampleConsumer_StoreMessage() {
	cluster := newCluster("letters", "good", "bad", "good")
	defer cluster.Close()
	conf := kafka.ConfigMap{"enable.auto.offset.store": false}
	c := newConsumer(cluster, "readers", conf)
	if err := c.Subscribe("letters", nil); err != nil {
		fmt.Println(err)
		return
	}
	for {
		msg, err := c.ReadMessage(10 * time.Second)
		if err != nil {
			fmt.Println(err)
			return
		}
		if string(msg.Value) == "bad" {
			break // and give up: this message is for the next consumer
		}
		if _, err := c.StoreMessage(msg); err != nil {
			fmt.Println(err)
			return
		}
	}
	c.Close()

	next := newConsumer(cluster, "readers", conf)
	defer next.Close()
	fmt.Println("committed:", committed(next, "letters"))
	// Output: committed: 1
}

// At least once: a message is committed after it was handled. Here by threes, and what is left in the end.
func ExampleConsumeAtLeastOnce() {
	cluster := newCluster("letters", "a", "b", "c", "d")
	defer cluster.Close()
	c := newConsumer(cluster, "readers", kafka.ConfigMap{"enable.auto.commit": false, "enable.auto.offset.store": false})
	defer c.Close()
	if err := c.Subscribe("letters", nil); err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	policy := kafka.CommitPolicy{Messages: 3, Interval: 5 * time.Second}
	err := kafka.ConsumeAtLeastOnce(ctx, c, policy, func(msg *kafka.Message) error {
		fmt.Printf("%s, committed before it: %s\n", msg.Value, committed(c, "letters"))
		if msg.TopicPartition.Offset == 3 {
			stop()
		}
		return nil
	})
	fmt.Println("in the end:", committed(c, "letters"), err)
	// Output:
	// a, committed before it: unset
	// b, committed before it: unset
	// c, committed before it: unset
	// d, committed before it: 3
	// in the end: 4 <nil>
}

// At most once: a batch is committed before it is handled, and is not handled when that failed.
func ExampleConsumeAtMostOnce() {
	cluster := newCluster("letters", "a", "b", "c", "d")
	defer cluster.Close()
	c := newConsumer(cluster, "readers", kafka.ConfigMap{"enable.auto.commit": false, "enable.auto.offset.store": false})
	defer c.Close()
	if err := c.Subscribe("letters", nil); err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	err := kafka.ConsumeAtMostOnce(ctx, c, 1, func(batch []*kafka.Message) error {
		for _, msg := range batch {
			fmt.Printf("%s, committed: %s\n", msg.Value, committed(c, "letters"))
			if msg.TopicPartition.Offset == 3 {
				stop()
			}
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// a, committed: 1
	// b, committed: 2
	// c, committed: 3
	// d, committed: 4
	// <nil>
}
