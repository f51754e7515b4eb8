// Worker for IBM/sarama. Messages are new ones with bytes of their own, because the producer keeps them.
package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

func main() {
	work.Main(work.Works{"produce": produce, "latency": latency, "consume": consume, "idle": idle})
}

var codecs = map[string]sarama.CompressionCodec{
	"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
	"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
}

func newConfig(j *work.Job) *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.V2_8_0_0
	c.Producer.RequiredAcks = sarama.RequiredAcks(j.Acks)
	c.Producer.Return.Successes = true
	c.Producer.Compression = codecs[j.Codec]
	c.Producer.MaxMessageBytes = max(j.BatchBytes, j.MaxMessage)
	if j.Linger > 0 {
		c.Producer.Flush.Frequency = time.Duration(j.Linger) * time.Millisecond
		c.Producer.Flush.Bytes = j.BatchBytes
		c.Producer.Flush.MaxMessages = j.BatchMessages
	}
	if j.Idempotent {
		c.Producer.Idempotent = true
		c.Net.MaxOpenRequests = 1 // sarama insists
	}
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Interval = 5 * time.Second
	c.Consumer.Fetch.Min = int32(j.FetchMinBytes)
	c.Consumer.Fetch.Default = int32(j.FetchPartitionBytes)
	c.Consumer.MaxWaitTime = time.Duration(j.FetchWait) * time.Millisecond
	c.Consumer.IsolationLevel = sarama.ReadCommitted
	return c
}

func newMessage(topic string, payload *work.Payload, i int) *sarama.ProducerMessage {
	msg := &sarama.ProducerMessage{Topic: topic, Value: sarama.ByteEncoder(bytes.Clone(payload.Value(i)))}
	if key := payload.Key(i); key != nil {
		msg.Key = sarama.ByteEncoder(bytes.Clone(key))
	}
	return msg
}

func produce(j *work.Job, m *work.Meter) error {
	p, err := sarama.NewAsyncProducer(strings.Split(j.Brokers, ","), newConfig(j))
	if err != nil {
		return err
	}
	defer p.AsyncClose()
	count := work.NewCount(j)
	go func() {
		for {
			select {
			case msg := <-p.Successes():
				if msg == nil {
					return
				}
				count.Add(nil)
			case e := <-p.Errors():
				if e == nil {
					return
				}
				count.Add(e.Err)
			}
		}
	}()
	payload, topics := j.Payload(), j.TopicNames()
	// Its own queues are short; Input blocks when they are full.
	return count.Produce(j, m, func(i int) error {
		p.Input() <- newMessage(topics[i%len(topics)], payload, i)
		return nil
	})
}

func latency(j *work.Job, m *work.Meter) error {
	p, err := sarama.NewSyncProducer(strings.Split(j.Brokers, ","), newConfig(j))
	if err != nil {
		return err
	}
	defer p.Close()
	payload := j.Payload()
	return work.Latencies(j, m, func(i int) error {
		_, _, err := p.SendMessage(newMessage(j.Topic, payload, i))
		return err
	})
}

func idle(j *work.Job, m *work.Meter) error {
	payload, topics := j.Payload(), j.TopicNames()
	for i := range j.Clients {
		p, err := sarama.NewSyncProducer(strings.Split(j.Brokers, ","), newConfig(j))
		if err != nil {
			return err
		}
		defer p.Close()
		if _, _, err := p.SendMessage(newMessage(topics[0], payload, i)); err != nil {
			return err
		}
	}
	work.Settle()
	m.Start()
	work.Idle(j)
	m.Stop(0)
	return nil
}

func consume(j *work.Job, m *work.Meter) error {
	group, err := sarama.NewConsumerGroup(strings.Split(j.Brokers, ","), j.Group, newConfig(j))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := &consumer{counted: work.Consumed{Job: j, Meter: m}, done: cancel}
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{j.Topic}, c); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return nil
}

// consumer has a goroutine for each partition, which is how sarama hands messages out.
type consumer struct {
	done func()

	mu      sync.Mutex // guards counted
	counted work.Consumed
}

func (*consumer) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*consumer) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (c *consumer) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case msg, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			session.MarkMessage(msg, "")
			c.mu.Lock()
			done := c.counted.Add(1)
			c.mu.Unlock()
			if done {
				c.done()
				return nil
			}
		case <-session.Context().Done():
			return nil
		}
	}
}
