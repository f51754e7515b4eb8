package main

import (
	"context"

	"github.com/purego-kafka/kafka"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

// What this library has beside the peer's calls.
func init() {
	works["produce-func"] = produceFunc
	works["consume-batch"] = consumeBatch
	works["consume-iter"] = consumeIter
}

func produceFunc(j *work.Job, m *work.Meter) error {
	p, err := newProducer(j)
	if err != nil {
		return err
	}
	defer p.Close()
	count := work.NewCount(j)
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			p.Poll(100)
			select {
			case <-done:
				return
			default:
			}
		}
	}()
	onDelivery := func(_ *kafka.Message, err error) { count.Add(err) }
	return count.Produce(j, m, sender(j, p, func(msg *kafka.Message) error { return p.ProduceFunc(msg, onDelivery) }))
}

func consumeBatch(j *work.Job, m *work.Meter) error {
	c, err := newSubscriber(j)
	if err != nil {
		return err
	}
	defer c.Close()
	consumed := work.Consumed{Job: j, Meter: m}
	for {
		batch, err := c.ReadBatch(context.Background(), 1000)
		if err != nil {
			return err
		}
		if consumed.Add(len(batch)) {
			return nil
		}
	}
}

func consumeIter(j *work.Job, m *work.Meter) error {
	c, err := newSubscriber(j)
	if err != nil {
		return err
	}
	defer c.Close()
	consumed := work.Consumed{Job: j, Meter: m}
	for _, err := range c.Messages(context.Background()) {
		if err != nil {
			return err
		}
		if consumed.Add(1) {
			break
		}
	}
	return nil
}
