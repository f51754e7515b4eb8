package integration_test

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/purego-kafka/kafka"
)

// The variables that make the test binary a consumer, for tests that need one they can kill.
const (
	childMode    = "KAFKA_TEST_CHILD" // a key of childModes
	childBrokers = "KAFKA_TEST_CHILD_BROKERS"
	childGroup   = "KAFKA_TEST_CHILD_GROUP"
	childTopic   = "KAFKA_TEST_CHILD_TOPIC"
	childOut     = "KAFKA_TEST_CHILD_OUT" // a line for each message handled: "partition offset"
	childProto   = "KAFKA_TEST_CHILD_PROTOCOL"
	childCopy    = "KAFKA_TEST_CHILD_COPY" // the topic that "exactly once" writes to
	childTxn     = "KAFKA_TEST_CHILD_TXN"  // its transactional.id
)

// childModes are the ways a child reads, by name; each hands every message to handle until ctx ends.
var childModes = map[string]struct {
	conf kafka.ConfigMap
	loop func(ctx context.Context, c *kafka.Consumer, handle func(*kafka.Message) error) error
}{
	"default": {kafka.ConfigMap{"auto.commit.interval.ms": 20}, pollLoop},
}

// childMain reads the topic until its standard input ends, and returns the exit code.
func childMain() int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent too, however that ends
		cancel()
	}()
	if err := child(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		return 1
	}
	return 0
}

func child(ctx context.Context) error {
	mode, ok := childModes[os.Getenv(childMode)]
	if !ok {
		return fmt.Errorf("%s=%q is no mode", childMode, os.Getenv(childMode))
	}
	out, err := os.OpenFile(os.Getenv(childOut), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	conf := kafka.ConfigMap{
		"bootstrap.servers": os.Getenv(childBrokers),
		"group.id":          os.Getenv(childGroup),
		"auto.offset.reset": "earliest",
	}
	if os.Getenv(childProto) == "consumer" {
		conf["group.protocol"] = "consumer"
	} else {
		conf["session.timeout.ms"] = 6000
		conf["heartbeat.interval.ms"] = 500
	}
	for k, v := range mode.conf {
		conf[k] = v
	}
	c, err := kafka.NewConsumer(&conf)
	if err != nil {
		return err
	}
	if err := c.SubscribeTopics([]string{os.Getenv(childTopic)}, nil); err != nil {
		return err
	}
	err = mode.loop(ctx, c, func(m *kafka.Message) error {
		_, err := fmt.Fprintf(out, "%d %d\n", m.TopicPartition.Partition, m.TopicPartition.Offset) // one write, which a SIGKILL does not cut
		return err
	})
	if closed := c.Close(); err == nil {
		err = closed
	}
	return err
}

// pollLoop is what a program with default settings does.
func pollLoop(ctx context.Context, c *kafka.Consumer, handle func(*kafka.Message) error) error {
	for ctx.Err() == nil {
		switch e := c.Poll(100).(type) {
		case *kafka.Message:
			if err := handle(e); err != nil {
				return err
			}
		case kafka.Error:
			fmt.Fprintln(os.Stderr, "child:", e)
		}
	}
	return nil
}
