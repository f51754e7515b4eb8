// Command app is a program written for confluent-kafka-go, with a library that is as well.
package main

import (
	"fmt"
	"log"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"example.com/lib"
)

func main() {
	cluster, err := kafka.NewMockCluster(1)
	if err != nil {
		log.Fatal(err)
	}
	defer cluster.Close()
	topic := "greetings"
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": cluster.BootstrapServers()})
	if err != nil {
		log.Fatal(err)
	}
	for i := 0; i < 3; i++ {
		err := p.Produce(&kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny},
			Value:          []byte(fmt.Sprint(i)),
		}, nil)
		if err != nil {
			log.Fatal(err)
		}
	}
	for i := 0; i < 3; i++ {
		switch ev := (<-p.Events()).(type) {
		case *kafka.Message:
			if ev.TopicPartition.Error != nil {
				log.Fatal(ev.TopicPartition.Error)
			}
		case kafka.Error:
			log.Fatal(ev)
		}
	}
	p.Close()
	c, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": cluster.BootstrapServers(), "group.id": "g", "auto.offset.reset": "earliest"})
	if err != nil {
		log.Fatal(err)
	}
	counter := lib.Wrap(c)
	if err := counter.Subscribe(topic, nil); err != nil {
		log.Fatal(err)
	}
	for polls := 0; counter.Messages < 3 && polls < 300; polls++ {
		counter.Poll(100)
	}
	if err := counter.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("messages", counter.Messages)
}
