// Worker for segmentio/kafka-go: its Writer and its Reader. Messages have bytes of their own, because the asynchronous
// Writer keeps them.
package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

func main() {
	work.Main(work.Works{"produce": produce, "latency": latency, "consume": consume, "idle": idle})
}

var codecs = map[string]kafka.Compression{"gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd}

func newWriter(j *work.Job) *kafka.Writer {
	w := &kafka.Writer{
		Addr:         kafka.TCP(strings.Split(j.Brokers, ",")...),
		BatchSize:    j.BatchMessages,
		BatchBytes:   int64(max(j.BatchBytes, j.MaxMessage)),
		BatchTimeout: time.Duration(max(j.Linger, 1)) * time.Millisecond,
		RequiredAcks: kafka.RequiredAcks(j.Acks),
		Compression:  codecs[j.Codec],
	}
	if j.Keys > 0 {
		w.Balancer = kafka.CRC32Balancer{}
	}
	return w
}

func produce(j *work.Job, m *work.Meter) error {
	w := newWriter(j)
	defer w.Close()
	count := work.NewCount(j)
	var mu sync.Mutex // guards count: partitions complete at the same time
	var queued atomic.Int64
	w.Async = true
	w.Completion = func(msgs []kafka.Message, err error) {
		queued.Add(-int64(len(msgs)))
		mu.Lock()
		defer mu.Unlock()
		for range msgs {
			count.Add(err)
		}
	}
	payload, topics := j.Payload(), j.TopicNames()
	return count.Produce(j, m, func(i int) error {
		for queued.Load() >= int64(j.QueueMessages) { // the Writer has no bound of its own
			work.QueueFull()
		}
		queued.Add(1)
		return w.WriteMessages(context.Background(), newMessage(topics[i%len(topics)], payload, i))
	})
}

func newMessage(topic string, payload *work.Payload, i int) kafka.Message {
	return kafka.Message{Topic: topic, Key: bytes.Clone(payload.Key(i)), Value: bytes.Clone(payload.Value(i))}
}

func latency(j *work.Job, m *work.Meter) error {
	w := newWriter(j)
	w.BatchSize = 1 // it always waits for a batch, which is then full
	defer w.Close()
	payload := j.Payload()
	return work.Latencies(j, m, func(i int) error {
		return w.WriteMessages(context.Background(), newMessage(j.Topic, payload, i))
	})
}

func idle(j *work.Job, m *work.Meter) error {
	payload := j.Payload()
	for i := range j.Clients {
		w := newWriter(j)
		w.Transport = &kafka.Transport{} // else all share one
		defer w.Close()
		if err := w.WriteMessages(context.Background(), newMessage(j.Topic, payload, i)); err != nil {
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
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers:        strings.Split(j.Brokers, ","),
		GroupID:        j.Group,
		Topic:          j.Topic,
		StartOffset:    kafka.FirstOffset,
		MinBytes:       j.FetchMinBytes,
		MaxBytes:       j.FetchPartitionBytes,
		MaxWait:        time.Duration(j.FetchWait) * time.Millisecond,
		QueueCapacity:  j.FetchQueueMessages,
		CommitInterval: 5 * time.Second,
		IsolationLevel: kafka.ReadCommitted,
	})
	defer r.Close()
	consumed := work.Consumed{Job: j, Meter: m}
	for {
		if _, err := r.ReadMessage(context.Background()); err != nil {
			return err
		}
		if consumed.Add(1) {
			return nil
		}
	}
}
