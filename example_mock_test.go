package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/purego-kafka/kafka"
)

// orderCounter is an application to test: it counts the messages of a topic until it has seen one that says "end".
func orderCounter(brokers, topic string) (n int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers": brokers, "group.id": "counter", "auto.offset.reset": "earliest",
	})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.Subscribe(topic, nil); err != nil {
		return 0, err
	}
	for msg, err := range c.Messages(ctx) {
		if err != nil {
			return n, err
		}
		if string(msg.Value) == "end" {
			return n, nil
		}
		n++
	}
	return n, ctx.Err()
}

// An application is tested against an embedded cluster: nothing is installed, and no network but loopback is used.
func ExampleNewMockCluster() {
	cluster, err := kafka.NewMockCluster(3)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()
	if err := cluster.CreateTopic("orders", 1, 3); err != nil {
		fmt.Println(err)
		return
	}
	send(cluster, "orders", "apples", "pears", "plums", "end")

	n, err := orderCounter(cluster.BootstrapServers(), "orders")
	fmt.Println(n, "orders, error:", err)
	// Output: 3 orders, error: <nil>
}

// A broker that is down refuses connections. What was produced meanwhile is delivered when it is up again.
func ExampleMockCluster_SetBrokerDown() {
	cluster := newCluster("events")
	defer cluster.Close()
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": cluster.BootstrapServers(), "log_level": 0})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()

	topic := "events"
	msg := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic}, Value: []byte("hello")}
	report := func(m *kafka.Message, err error) { fmt.Println("reported:", m.TopicPartition, err) }

	fmt.Println("down:", cluster.SetBrokerDown(-1))
	fmt.Println("produced:", p.ProduceFunc(msg, report))
	fmt.Println("outstanding:", p.Flush(200))
	fmt.Println("up:", cluster.SetBrokerUp(-1))
	fmt.Println("outstanding:", p.Flush(10_000))
	// Output:
	// down: <nil>
	// produced: <nil>
	// outstanding: 1
	// up: <nil>
	// reported: events[0]@0 <nil>
	// outstanding: 0
}

// The next Produce request (number 0 in the protocol) fails with an error that no retry helps.
func ExampleMockCluster_PushRequestErrors() {
	cluster := newCluster("events")
	defer cluster.Close()
	if err := cluster.PushRequestErrors(0, kafka.ErrTopicAuthorizationFailed); err != nil {
		fmt.Println(err)
		return
	}
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": cluster.BootstrapServers()})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()

	topic := "events"
	for range 2 {
		_, err := p.ProduceSync(context.Background(), &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic}})
		fmt.Println(errors.Is(err, kafka.ErrTopicAuthorizationFailed), err)
	}
	// Output:
	// true Broker: Topic authorization failed
	// false <nil>
}
