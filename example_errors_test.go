package kafka_test

import (
	"errors"
	"fmt"

	"github.com/purego-kafka/kafka"
)

// Errors are told apart by their code, wrapped or not.
func ExampleError_Is() {
	cluster := newCluster("letters")
	defer cluster.Close()
	err := cluster.CreateTopic("letters", 1, 1)
	err = fmt.Errorf("setting up: %w", err)
	fmt.Println(err)
	fmt.Println(errors.Is(err, kafka.ErrTopicAlreadyExists), errors.Is(err, kafka.ErrTimedOut))
	// Output:
	// setting up: Broker: Topic already exists
	// true false
}

// Code, and what it means for the client: after a fatal error it has to be closed.
func ExampleError() {
	_, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": "localhost:9092"})
	var e kafka.Error
	if errors.As(err, &e) {
		fmt.Println(e.Code() == kafka.ErrInvalidArg, e.IsFatal(), e.IsTimeout())
		fmt.Println(e)
	}
	// Output:
	// true false false
	// Required property group.id not set
}
