// Code generated from this library's program, with another import line (go generate). DO NOT EDIT.

// The worker of this library. That of confluent-kafka-go is the same file with another import line.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

var works = work.Works{
	"produce":      produceEvents,
	"produce-chan": produceChan,
	"transactions": transactions,
	"latency":      latency,
	"end-to-end":   endToEnd,
	"idle":         idle,
	"consume":      consumePoll,
	"lag":          lag,
}

func main() { work.Main(works) }

func newProducer(j *work.Job) (*kafka.Producer, error) {
	conf := kafka.ConfigMap{
		"bootstrap.servers":            j.Brokers,
		"linger.ms":                    j.Linger,
		"acks":                         j.Acks,
		"enable.idempotence":           j.Idempotent,
		"compression.type":             j.Codec,
		"batch.size":                   j.BatchBytes,
		"batch.num.messages":           j.BatchMessages,
		"queue.buffering.max.messages": j.QueueMessages,
		"queue.buffering.max.kbytes":   j.QueueKB,
		"message.max.bytes":            j.MaxMessage,
	}
	if j.InFlight > 0 {
		conf["max.in.flight"] = j.InFlight
	}
	if j.Work == "transactions" {
		conf["transactional.id"] = j.Group
	}
	return kafka.NewProducer(&conf)
}

// newSubscriber makes a consumer of the job's topic.
func newSubscriber(j *work.Job) (*kafka.Consumer, error) {
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":          j.Brokers,
		"group.id":                   j.Group,
		"auto.offset.reset":          "earliest",
		"fetch.min.bytes":            j.FetchMinBytes,
		"fetch.wait.max.ms":          j.FetchWait,
		"fetch.max.bytes":            j.FetchBytes,
		"max.partition.fetch.bytes":  j.FetchPartitionBytes,
		"queued.min.messages":        j.FetchQueueMessages,
		"queued.max.messages.kbytes": j.FetchQueueKB,
	})
	if err != nil {
		return nil, err
	}
	if err := c.Subscribe(j.Topic, nil); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// sender returns a function that produces the i-th message.
func sender(j *work.Job, p *kafka.Producer, produce func(*kafka.Message) error) func(i int) error {
	payload := j.Payload()
	topics := j.TopicNames()
	msg := kafka.Message{TopicPartition: kafka.TopicPartition{Partition: kafka.PartitionAny}}
	return func(i int) error {
		msg.TopicPartition.Topic = &topics[i%len(topics)]
		msg.Key, msg.Value = payload.Key(i), payload.Value(i)
		for {
			err := produce(&msg)
			if err == nil {
				return nil
			}
			if e, ok := err.(kafka.Error); !ok || e.Code() != kafka.ErrQueueFull {
				return err
			}
			work.QueueFull()
		}
	}
}

func produceEvents(j *work.Job, m *work.Meter) error {
	p, err := newProducer(j)
	if err != nil {
		return err
	}
	defer p.Close()
	count := work.NewCount(j)
	go func() {
		for ev := range p.Events() {
			switch e := ev.(type) {
			case *kafka.Message:
				count.Add(e.TopicPartition.Error)
			case kafka.Error:
				fmt.Println(e)
			}
		}
	}()
	return count.Produce(j, m, sender(j, p, func(msg *kafka.Message) error { return p.Produce(msg, nil) }))
}

func produceChan(j *work.Job, m *work.Meter) error {
	p, err := newProducer(j)
	if err != nil {
		return err
	}
	defer p.Close()
	reports := make(chan kafka.Event, 10000)
	count := work.NewCount(j)
	go func() {
		for ev := range reports {
			count.Add(ev.(*kafka.Message).TopicPartition.Error)
		}
	}()
	return count.Produce(j, m, sender(j, p, func(msg *kafka.Message) error { return p.Produce(msg, reports) }))
}

// transactionSize is how many messages a transaction has.
const transactionSize = 1000

func transactions(j *work.Job, m *work.Meter) error {
	p, err := newProducer(j)
	if err != nil {
		return err
	}
	defer p.Close()
	count := work.NewCount(j)
	go func() {
		for ev := range p.Events() {
			if msg, ok := ev.(*kafka.Message); ok {
				count.Add(msg.TopicPartition.Error)
			}
		}
	}()
	ctx := context.Background()
	if err := p.InitTransactions(ctx); err != nil {
		return err
	}
	send := sender(j, p, func(msg *kafka.Message) error { return p.Produce(msg, nil) })
	return count.Produce(j, m, func(i int) error {
		if i%transactionSize == 0 {
			if err := p.BeginTransaction(); err != nil {
				return err
			}
		}
		if err := send(i); err != nil {
			return err
		}
		if (i+1)%transactionSize == 0 {
			return p.CommitTransaction(ctx)
		}
		return nil
	})
}

func latency(j *work.Job, m *work.Meter) error {
	p, err := newProducer(j)
	if err != nil {
		return err
	}
	defer p.Close()
	reports := make(chan kafka.Event, 1)
	send := sender(j, p, func(msg *kafka.Message) error { return p.Produce(msg, reports) })
	return work.Latencies(j, m, func(i int) error {
		if err := send(i); err != nil {
			return err
		}
		return (<-reports).(*kafka.Message).TopicPartition.Error
	})
}

// endToEnd produces a message every millisecond and measures until Poll returns it. The warm-up covers joining.
func endToEnd(j *work.Job, m *work.Meter) error {
	p, err := newProducer(j)
	if err != nil {
		return err
	}
	defer p.Close()
	go func() {
		for range p.Events() {
		}
	}()
	c, err := newSubscriber(j)
	if err != nil {
		return err
	}
	defer c.Close()
	done := make(chan struct{})
	defer close(done)
	go work.EveryMillisecond(done, func(value []byte) {
		_ = p.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &j.Topic, Partition: kafka.PartitionAny}, Value: value}, nil)
	}, j.Bytes)
	for n := 0; n < j.Warm+j.Messages; {
		msg, ok := c.Poll(1000).(*kafka.Message)
		if !ok {
			continue
		}
		if n++; n == j.Warm {
			m.Start()
		}
		if n > j.Warm {
			m.Latency(time.Duration(time.Now().UnixNano() - int64(binary.BigEndian.Uint64(msg.Value))))
		}
	}
	m.Stop(j.Messages)
	return nil
}

// idle makes producers that have each sent a message, and then does nothing.
func idle(j *work.Job, m *work.Meter) error {
	for i := range j.Clients {
		p, err := newProducer(j)
		if err != nil {
			return err
		}
		defer p.Close()
		reports := make(chan kafka.Event, 1)
		send := sender(j, p, func(msg *kafka.Message) error { return p.Produce(msg, reports) })
		if err := send(i); err != nil {
			return err
		}
		if err := (<-reports).(*kafka.Message).TopicPartition.Error; err != nil {
			return err
		}
	}
	work.Settle()
	m.Start()
	work.Idle(j)
	m.Stop(0)
	return nil
}

func consumePoll(j *work.Job, m *work.Meter) error {
	c, err := newSubscriber(j)
	if err != nil {
		return err
	}
	defer c.Close()
	consumed := work.Consumed{Job: j, Meter: m}
	for {
		switch e := c.Poll(1000).(type) {
		case *kafka.Message:
			if consumed.Add(1) {
				return nil
			}
		case kafka.Error:
			return e
		}
	}
}

// lag is a consumer that takes a message now and then and has far more to read than it can keep.
func lag(j *work.Job, m *work.Meter) error {
	c, err := newSubscriber(j)
	if err != nil {
		return err
	}
	defer c.Close()
	for {
		if _, ok := c.Poll(1000).(*kafka.Message); ok {
			break
		}
	}
	m.Start()
	for end := time.Now().Add(time.Duration(j.Seconds) * time.Second); time.Now().Before(end); {
		c.Poll(100)
		time.Sleep(time.Millisecond)
	}
	m.Stop(0)
	return nil
}
