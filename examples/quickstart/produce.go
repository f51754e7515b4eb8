package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/purego-kafka/kafka"
)

// newProducer makes a producer. The configuration keys are those of librdkafka, see CONFIGURATION.md.
func (t *tour) newProducer() (*kafka.Producer, error) {
	return kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers":  t.brokers,
		"client.id":          "quickstart",
		"message.timeout.ms": 10_000, // what can't be delivered in this time is reported as failed
	})
}

// message makes message number i. Messages with the same key go to the same partition.
func (t *tour) message(i int) *kafka.Message {
	return &kafka.Message{
		TopicPartition: kafka.TopicPartition{Topic: &t.topic, Partition: kafka.PartitionAny},
		Key:            fmt.Appendf(nil, "key %d", i%7),
		Value:          fmt.Appendf(nil, "message %d", i),
	}
}

// produceAsync hands messages over without waiting for any of them. What became of a message is told to a callback,
// which runs in Poll: on this goroutine, so that it needs no lock.
func produceAsync(ctx context.Context, t *tour, out io.Writer) (int, error) {
	p, err := t.newProducer()
	if err != nil {
		return 0, err
	}
	defer p.Close()

	delivered, reports := 0, 0
	var failed error
	acked := func(m *kafka.Message, err error) {
		reports++
		if err != nil {
			failed = fmt.Errorf("failed to deliver %q: %w", m.Value, err)
			return
		}
		delivered++
		if delivered <= 3 {
			fmt.Fprintf(out, "   delivered %q to partition %d at offset %d\n", m.Value, m.TopicPartition.Partition, m.TopicPartition.Offset)
		}
	}
	for i := range asyncMessages {
		err := p.ProduceFunc(t.message(i), acked)
		for errors.Is(err, kafka.ErrQueueFull) { // the producer has all it can hold: serve reports until there is room
			p.Poll(100)
			err = p.ProduceFunc(t.message(i), acked)
		}
		if err != nil {
			return delivered, err
		}
		p.Poll(0) // serves the callbacks of what has been delivered meanwhile, and does not wait
	}
	for reports < asyncMessages && ctx.Err() == nil {
		p.Poll(1000) // waits for up to a second, and returns as soon as a callback has run
	}
	fmt.Fprintf(out, "   %d of %d delivered\n", delivered, asyncMessages)
	return delivered, errors.Join(failed, ctx.Err())
}

// produceSync waits for each message before it produces the next. It is simple, and slow: a round trip for every
// message. Where Flush is called once, before Close, it waits for all that is outstanding.
func produceSync(_ context.Context, t *tour, out io.Writer) (int, error) {
	p, err := t.newProducer()
	if err != nil {
		return 0, err
	}
	defer p.Close()

	delivered := 0
	for i := range syncMessages {
		var failed error
		err := p.ProduceFunc(t.message(asyncMessages+i), func(_ *kafka.Message, err error) { failed = err })
		if err != nil {
			return delivered, err
		}
		if left := p.Flush(10_000); left > 0 { // runs the callback, too
			return delivered, fmt.Errorf("%d messages are still outstanding after ten seconds", left)
		}
		if failed != nil {
			return delivered, failed
		}
		delivered++
	}
	fmt.Fprintf(out, "   %d of %d delivered, one by one\n", delivered, syncMessages)
	return delivered, nil
}
