// Command consumer prints the messages of a topic as a member of a group, until Ctrl-C. Started more than once with
// the same group, the members share the partitions.
//
//	go run ./examples/consumer -b localhost:9092 -t demo -g readers
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/purego-kafka/kafka"
)

func main() {
	brokers := flag.String("b", "localhost:9092", "bootstrap servers, `host:port[,host:port...]`")
	topic := flag.String("t", "demo", "topic")
	group := flag.String("g", "readers", "consumer group")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := consume(ctx, *brokers, *topic, *group); err != nil {
		fmt.Fprintln(os.Stderr, "consumer:", err)
		os.Exit(1)
	}
}

func consume(ctx context.Context, brokers, topic, group string) error {
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":        brokers,
		"group.id":                 group,
		"auto.offset.reset":        "smallest", // where the group has committed nothing yet
		"enable.partition.eof":     true,
		"allow.auto.create.topics": true,
	})
	if err != nil {
		return err
	}
	if err := c.SubscribeTopics([]string{topic}, rebalanced); err != nil {
		c.Close()
		return err
	}
	for ctx.Err() == nil {
		switch e := c.Poll(100).(type) {
		case *kafka.Message:
			fmt.Printf("%s: %s\n", e.TopicPartition, e.Value)
		case kafka.PartitionEOF:
			fmt.Fprintf(os.Stderr, "%% %s [%d] reached its end at offset %s\n", *e.Topic, e.Partition, e.Offset)
		case kafka.Error:
			fmt.Fprintln(os.Stderr, "%", e)
			if e.IsFatal() { // after any other error the consumer goes on by itself
				c.Close()
				return e
			}
		}
	}
	return c.Close() // commits the final offsets and leaves the group, so that others take over at once
}

// rebalanced only tells what happens: the consumer takes and gives up the partitions by itself.
func rebalanced(_ *kafka.Consumer, ev kafka.Event) error {
	fmt.Fprintln(os.Stderr, "%", ev)
	return nil
}
