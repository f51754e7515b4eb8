package kafka_test

import (
	"context"
	"log"
	"time"

	"github.com/purego-kafka/kafka"
)

// newCluster returns an embedded cluster with a topic of one partition that holds these values.
func newCluster(topic string, values ...string) *kafka.MockCluster {
	cluster, err := kafka.NewMockCluster(1)
	if err == nil {
		err = cluster.CreateTopic(topic, 1, 1)
	}
	if err != nil {
		log.Fatal(err)
	}
	send(cluster, topic, values...)
	return cluster
}

// send produces these values to partition 0 of a topic.
func send(cluster *kafka.MockCluster, topic string, values ...string) {
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": cluster.BootstrapServers()})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	for _, v := range values {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_, err := p.ProduceSync(ctx, &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic}, Value: []byte(v)})
		cancel()
		if err != nil {
			log.Fatal(err)
		}
	}
}

// newConsumer returns a consumer of a cluster that begins with the oldest message, with further keys and values.
func newConsumer(cluster *kafka.MockCluster, group string, more kafka.ConfigMap) *kafka.Consumer {
	conf := kafka.ConfigMap{
		"bootstrap.servers": cluster.BootstrapServers(), "group.id": group, "auto.offset.reset": "earliest",
	}
	for k, v := range more {
		conf[k] = v
	}
	c, err := kafka.NewConsumer(&conf)
	if err != nil {
		log.Fatal(err)
	}
	return c
}
