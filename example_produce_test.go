package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/purego-kafka/kafka"
)

// exampleProducer makes a producer on an embedded cluster of one broker. The function that it returns ends both.
func exampleProducer(more kafka.ConfigMap) (*kafka.Producer, func()) {
	cluster, err := kafka.NewMockCluster(1)
	if err != nil {
		panic(err)
	}
	conf := kafka.ConfigMap{"bootstrap.servers": cluster.BootstrapServers(), "linger.ms": 0}
	for k, v := range more {
		conf[k] = v
	}
	p, err := kafka.NewProducer(&conf)
	if err != nil {
		panic(err)
	}
	return p, func() { p.Close(); cluster.Close() }
}

func ExampleProducer_Produce() {
	p, end := exampleProducer(nil)
	defer end()

	topic := "orders"
	reports := make(chan kafka.Event, 1)
	err := p.Produce(&kafka.Message{
		TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 0},
		Key:            []byte("customer 7"),
		Value:          []byte("two pizzas"),
	}, reports)
	if err != nil {
		fmt.Println("not taken:", err)
		return
	}
	report := (<-reports).(*kafka.Message)
	fmt.Println(report.TopicPartition, report.TopicPartition.Error)
	// Output: orders[0]@0 <nil>
}

// Reports that no channel was given for come on Events, beside errors of the client.
func ExampleProducer_Events() {
	p, end := exampleProducer(nil)
	defer end()

	done := make(chan bool)
	go func() {
		defer close(done)
		for event := range p.Events() {
			switch e := event.(type) {
			case *kafka.Message:
				fmt.Println(e, e.Opaque)
			case kafka.Error:
				fmt.Println("the client says:", e)
			}
		}
	}()
	topic := "orders"
	for i := range 2 {
		_ = p.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 1}, Value: []byte("v"), Opaque: i}, nil)
	}
	p.Flush(10_000)
	p.Close()
	<-done
	// Output:
	// orders[1]@0 0
	// orders[1]@1 1
}

// Callbacks run in Poll or Flush, on the goroutine that calls it.
func ExampleProducer_ProduceFunc() {
	p, end := exampleProducer(nil)
	defer end()

	topic := "orders"
	for _, value := range []string{"one", "two"} {
		err := p.ProduceFunc(&kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 0}, Value: []byte(value),
		}, func(m *kafka.Message, err error) {
			fmt.Println(string(m.Value), m, err)
		})
		if err != nil {
			fmt.Println("not taken:", err)
		}
		p.Poll(0) // runs the callbacks of messages before this one, if there are any
	}
	fmt.Println("left:", p.Flush(10_000))
	// Output:
	// one orders[0]@0 <nil>
	// two orders[0]@1 <nil>
	// left: 0
}

func ExampleProducer_ProduceSync() {
	p, end := exampleProducer(nil)
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	topic := "orders"
	report, err := p.ProduceSync(ctx, &kafka.Message{
		TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 3}, Value: []byte("v"),
	})
	fmt.Println(report, err)
	// Output: orders[3]@0 <nil>
}

// A full queue is an error of Produce; ProduceContext waits instead.
func ExampleProducer_ProduceContext() {
	p, end := exampleProducer(kafka.ConfigMap{"queue.buffering.max.messages": 1})
	defer end()

	topic := "orders"
	m := &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 0}, Value: []byte("v")}
	reports := make(chan kafka.Event, 100)
	full := false
	for range 100 {
		if err := p.Produce(m, reports); errors.Is(err, kafka.ErrQueueFull) {
			full = true
			if err := p.ProduceContext(context.Background(), m, reports); err != nil {
				fmt.Println(err)
			}
		}
	}
	p.Flush(10_000)
	fmt.Println("was full:", full, "- reports:", len(reports))
	// Output: was full: true - reports: 100
}

func ExampleProducer_ProduceChannel() {
	p, end := exampleProducer(nil)
	defer end()

	topic := "orders"
	p.ProduceChannel() <- &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 0}, Value: []byte("v")}
	for event := range p.Events() {
		if m, ok := event.(*kafka.Message); ok {
			fmt.Println(m)
			break
		}
	}
	// Output: orders[0]@0
}

func ExampleProducer_Purge() {
	p, end := exampleProducer(kafka.ConfigMap{"linger.ms": 60_000})
	defer end()

	topic := "orders"
	reports := make(chan kafka.Event, 1)
	_ = p.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 0}, Value: []byte("v")}, reports)
	fmt.Println(p.Purge(kafka.PurgeQueue | kafka.PurgeInFlight))
	fmt.Println((<-reports).(*kafka.Message).TopicPartition.Error)
	// Output:
	// <nil>
	// Local: Purged in queue
}

// Close does not wait for what was not sent, but reports it.
func ExampleProducer_Close() {
	p, end := exampleProducer(kafka.ConfigMap{"linger.ms": 60_000})
	defer end()

	topic := "orders"
	_ = p.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 0}, Value: []byte("v")}, nil)
	p.Close()
	for event := range p.Events() {
		if m, ok := event.(*kafka.Message); ok {
			fmt.Println(m.TopicPartition.Error)
		}
	}
	// Output: Local: Purged in queue
}
