package kafka_test

import (
	"context"
	"fmt"
	"time"

	"github.com/purego-kafka/kafka"
)

// The loop that every consumer is made of. Poll returns nil when nothing came in time.
func ExampleConsumer_Poll() {
	cluster := newCluster("letters", "a", "b", "c")
	defer cluster.Close()
	c := newConsumer(cluster, "readers", kafka.ConfigMap{"enable.partition.eof": true})
	defer c.Close()
	if err := c.SubscribeTopics([]string{"letters"}, nil); err != nil {
		fmt.Println(err)
		return
	}
	for running := true; running; {
		switch e := c.Poll(100).(type) {
		case *kafka.Message:
			fmt.Printf("%s: %s\n", e.TopicPartition, e.Value)
		case kafka.PartitionEOF:
			fmt.Printf("%s[%d] ends at offset %d\n", *e.Topic, e.Partition, e.Offset)
			running = false
		case kafka.Error:
			fmt.Println(e)
			running = !e.IsFatal()
		}
	}
	// Output:
	// letters[0]@0: a
	// letters[0]@1: b
	// letters[0]@2: c
	// letters[0] ends at offset 3
}

// ReadMessage returns messages and errors, and drops all other events.
func ExampleConsumer_ReadMessage() {
	cluster := newCluster("letters", "a")
	defer cluster.Close()
	c := newConsumer(cluster, "readers", nil)
	defer c.Close()
	if err := c.Subscribe("letters", nil); err != nil {
		fmt.Println(err)
		return
	}
	msg, err := c.ReadMessage(10 * time.Second)
	fmt.Println(msg, err)
	msg, err = c.ReadMessage(50 * time.Millisecond)
	fmt.Println(msg == nil, err, err.(kafka.Error).IsTimeout())
	// Output:
	// letters[0]@0 <nil>
	// true Local: Timed out true
}

// An iterator over messages, which ends with its context.
func ExampleConsumer_Messages() {
	cluster := newCluster("letters", "a", "b", "c")
	defer cluster.Close()
	c := newConsumer(cluster, "readers", nil)
	defer c.Close()
	if err := c.Subscribe("letters", nil); err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for msg, err := range c.Messages(ctx) {
		if err != nil {
			fmt.Println(err)
			continue // the consumer goes on by itself; after a fatal error the loop ends
		}
		fmt.Printf("%s ", msg.Value)
		if msg.TopicPartition.Offset == 2 {
			stop()
		}
	}
	// Output: a b c
}

// Messages by the batch: as many as are there, up to a limit.
func ExampleConsumer_ReadBatch() {
	cluster := newCluster("letters", "a", "b", "c", "d", "e")
	defer cluster.Close()
	c := newConsumer(cluster, "readers", nil)
	defer c.Close()
	if err := c.Subscribe("letters", nil); err != nil {
		fmt.Println(err)
		return
	}
	for read := 0; read < 5; {
		batch, err := c.ReadBatch(context.Background(), 5)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, msg := range batch {
			fmt.Printf("%s ", msg.Value)
		}
		read += len(batch)
	}
	// Output: a b c d e
}

// A consumer can choose its partitions itself. It still needs a group.id, for what it commits.
func ExampleConsumer_Assign() {
	cluster := newCluster("letters", "a", "b", "c", "d")
	defer cluster.Close()
	c := newConsumer(cluster, "readers", nil)
	defer c.Close()
	topic := "letters"
	err := c.Assign([]kafka.TopicPartition{{Topic: &topic, Partition: 0, Offset: kafka.OffsetTail(2)}}) // the last two
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		msg, err := c.ReadMessage(10 * time.Second)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s ", msg.Value)
	}
	// Output: c d
}

// A paused partition delivers nothing until it is resumed.
func ExampleConsumer_Pause() {
	cluster := newCluster("letters", "a", "b")
	defer cluster.Close()
	c := newConsumer(cluster, "readers", nil)
	defer c.Close()
	topic := "letters"
	parts := []kafka.TopicPartition{{Topic: &topic, Partition: 0, Offset: kafka.OffsetBeginning}}
	if err := c.Assign(parts); err != nil {
		fmt.Println(err)
		return
	}
	read := func() {
		if msg, err := c.ReadMessage(10 * time.Second); err == nil {
			fmt.Printf("%s\n", msg.Value)
		}
	}
	read()
	fmt.Println("pause:", c.Pause(parts), c.Poll(50))
	fmt.Println("resume:", c.Resume(parts))
	read()
	// Output:
	// a
	// pause: <nil> <nil>
	// resume: <nil>
	// b
}
