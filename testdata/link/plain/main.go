// Command plain uses all clients and not the embedded broker, which must not be part of it then.
package main

import "github.com/purego-kafka/kafka"

func main() {
	conf := &kafka.ConfigMap{"bootstrap.servers": "localhost:9092", "group.id": "g"}
	if p, err := kafka.NewProducer(conf); err == nil {
		p.Close()
	}
	if c, err := kafka.NewConsumer(conf); err == nil {
		c.Close()
	}
	if a, err := kafka.NewAdminClient(conf); err == nil {
		a.Close()
	}
}
