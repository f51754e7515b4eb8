// A program with one producer and one consumer, to see how large it gets. confluent-kafka-go's is the same but for the
// import.
package main

import (
	"fmt"
	"os"

	"github.com/purego-kafka/kafka"
)

func main() {
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": os.Args[1]})
	if err != nil {
		panic(err)
	}
	reports := make(chan kafka.Event, 1)
	if err := p.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &os.Args[2], Partition: kafka.PartitionAny}}, reports); err != nil {
		panic(err)
	}
	fmt.Println(<-reports)
	c, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": os.Args[1], "group.id": "size"})
	if err != nil {
		panic(err)
	}
	if err := c.Subscribe(os.Args[2], nil); err != nil {
		panic(err)
	}
	fmt.Println(c.Poll(10000))
}
