// Package lib stands for a third party's: it was written for confluent-kafka-go and takes its types.
package lib

import "github.com/confluentinc/confluent-kafka-go/v2/kafka"

// Counter counts the messages that pass through a consumer.
type Counter struct {
	*kafka.Consumer
	Messages int
}

// Wrap wraps a consumer.
func Wrap(c *kafka.Consumer) *Counter { return &Counter{Consumer: c} }

// Poll counts messages.
func (c *Counter) Poll(timeoutMs int) kafka.Event {
	ev := c.Consumer.Poll(timeoutMs)
	if _, ok := ev.(*kafka.Message); ok {
		c.Messages++
	}
	return ev
}
