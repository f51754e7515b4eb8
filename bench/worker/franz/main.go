// Worker for raw franz-go, the engine of this library: what its users could write by hand. Produced records are new
// ones with bytes of their own, because the engine keeps them until they are written.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

func main() {
	work.Main(work.Works{
		"produce":       produceChan, // there is no channel of events: the promise sends to one
		"produce-chan":  produceChan,
		"produce-func":  producePromise,
		"transactions":  transactions,
		"latency":       latency,
		"end-to-end":    endToEnd,
		"idle":          idle,
		"consume":       consume,
		"consume-batch": consume,
		"consume-iter":  consume,
		"lag":           lag,
	})
}

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func newProducer(j *work.Job) (*kgo.Client, error) {
	acks := map[int]kgo.Acks{-1: kgo.AllISRAcks(), 0: kgo.NoAck(), 1: kgo.LeaderAck()}[j.Acks]
	opts := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(j.Brokers, ",")...),
		kgo.ProducerLinger(time.Duration(j.Linger) * time.Millisecond),
		kgo.RequiredAcks(acks),
		kgo.ProducerBatchCompression(codecs[j.Codec]),
		kgo.ProducerBatchMaxBytes(int32(max(j.BatchBytes, j.MaxMessage))),
		kgo.MaxBufferedRecords(j.QueueMessages),
		kgo.MaxBufferedBytes(j.QueueKB << 10),
	}
	if !j.Idempotent {
		inFlight := j.InFlight
		if inFlight == 0 {
			inFlight = 1_000_000
		}
		opts = append(opts, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(inFlight))
	}
	if j.Work == "transactions" {
		opts = append(opts, kgo.TransactionalID(j.Group))
	}
	return kgo.NewClient(opts...)
}

func newConsumer(j *work.Job) (*kgo.Client, error) {
	return kgo.NewClient(
		kgo.SeedBrokers(strings.Split(j.Brokers, ",")...),
		kgo.ConsumerGroup(j.Group),
		kgo.ConsumeTopics(j.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMinBytes(int32(j.FetchMinBytes)),
		kgo.FetchMaxWait(time.Duration(j.FetchWait)*time.Millisecond),
		kgo.FetchMaxBytes(int32(j.FetchBytes)),
		kgo.FetchMaxPartitionBytes(int32(j.FetchPartitionBytes)),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.AutoCommitInterval(5*time.Second),
	)
}

// sender returns a function that produces the i-th message. Produce blocks while the queue is full.
func sender(j *work.Job, cl *kgo.Client, promise func(*kgo.Record, error)) func(i int) error {
	payload := j.Payload()
	topics := j.TopicNames()
	ctx := context.Background()
	return func(i int) error {
		r := &kgo.Record{Topic: topics[i%len(topics)], Key: clone(payload.Key(i)), Value: clone(payload.Value(i))}
		cl.Produce(ctx, r, promise)
		return nil
	}
}

func clone(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}

type report struct {
	r   *kgo.Record
	err error
}

func produceChan(j *work.Job, m *work.Meter) error {
	cl, err := newProducer(j)
	if err != nil {
		return err
	}
	defer cl.Close()
	count := work.NewCount(j)
	return count.Produce(j, m, sender(j, cl, reportTo(count)))
}

// reportTo returns a promise that sends what became of a record to a goroutine that counts.
func reportTo(count *work.Count) func(*kgo.Record, error) {
	reports := make(chan report, 10000)
	go func() {
		for r := range reports {
			count.Add(r.err)
		}
	}()
	return func(r *kgo.Record, err error) { reports <- report{r, err} }
}

func producePromise(j *work.Job, m *work.Meter) error {
	cl, err := newProducer(j)
	if err != nil {
		return err
	}
	defer cl.Close()
	count := work.NewCount(j)
	return count.Produce(j, m, sender(j, cl, func(_ *kgo.Record, err error) { count.Add(err) }))
}

// transactionSize is how many messages a transaction has.
const transactionSize = 1000

func transactions(j *work.Job, m *work.Meter) error {
	cl, err := newProducer(j)
	if err != nil {
		return err
	}
	defer cl.Close()
	ctx := context.Background()
	count := work.NewCount(j)
	send := sender(j, cl, reportTo(count))
	return count.Produce(j, m, func(i int) error {
		if i%transactionSize == 0 {
			if err := cl.BeginTransaction(); err != nil {
				return err
			}
		}
		if err := send(i); err != nil {
			return err
		}
		if (i+1)%transactionSize == 0 {
			if err := cl.Flush(ctx); err != nil {
				return err
			}
			return cl.EndTransaction(ctx, kgo.TryCommit)
		}
		return nil
	})
}

func latency(j *work.Job, m *work.Meter) error {
	cl, err := newProducer(j)
	if err != nil {
		return err
	}
	defer cl.Close()
	reports := make(chan error, 1)
	send := sender(j, cl, func(_ *kgo.Record, err error) { reports <- err })
	return work.Latencies(j, m, func(i int) error {
		if err := send(i); err != nil {
			return err
		}
		return <-reports
	})
}

func endToEnd(j *work.Job, m *work.Meter) error {
	p, err := newProducer(j)
	if err != nil {
		return err
	}
	defer p.Close()
	c, err := newConsumer(j)
	if err != nil {
		return err
	}
	defer c.Close()
	done := make(chan struct{})
	defer close(done)
	ctx := context.Background()
	go work.EveryMillisecond(done, func(value []byte) {
		p.Produce(ctx, &kgo.Record{Topic: j.Topic, Value: value}, nil)
	}, j.Bytes)
	for n := 0; n < j.Warm+j.Messages; {
		fetches := c.PollFetches(ctx)
		if err := fetchError(fetches); err != nil {
			return err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			if n++; n == j.Warm {
				m.Start()
			}
			if n > j.Warm && n <= j.Warm+j.Messages {
				m.Latency(time.Duration(time.Now().UnixNano() - int64(binary.BigEndian.Uint64(r.Value))))
			}
		})
	}
	m.Stop(j.Messages)
	return nil
}

func idle(j *work.Job, m *work.Meter) error {
	for i := range j.Clients {
		cl, err := newProducer(j)
		if err != nil {
			return err
		}
		defer cl.Close()
		reports := make(chan error, 1)
		send := sender(j, cl, func(_ *kgo.Record, err error) { reports <- err })
		if err := send(i); err != nil {
			return err
		}
		if err := <-reports; err != nil {
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
	cl, err := newConsumer(j)
	if err != nil {
		return err
	}
	defer cl.Close()
	consumed := work.Consumed{Job: j, Meter: m}
	for done := false; !done; {
		fetches := cl.PollFetches(context.Background())
		if err := fetchError(fetches); err != nil {
			return err
		}
		fetches.EachRecord(func(*kgo.Record) { done = consumed.Add(1) })
	}
	return nil
}

func lag(j *work.Job, m *work.Meter) error {
	cl, err := newConsumer(j)
	if err != nil {
		return err
	}
	defer cl.Close()
	for cl.PollRecords(context.Background(), 1).NumRecords() == 0 {
	}
	m.Start()
	for end := time.Now().Add(time.Duration(j.Seconds) * time.Second); time.Now().Before(end); {
		cl.PollRecords(context.Background(), 1)
		time.Sleep(time.Millisecond)
	}
	m.Stop(0)
	return nil
}

// fetchError is the first error of a fetch. The first fetches may find a leader that is not known yet.
func fetchError(f kgo.Fetches) error {
	for _, e := range f.Errors() {
		if errors.Is(e.Err, context.Canceled) {
			continue
		}
		return fmt.Errorf("%s [%d]: %w", e.Topic, e.Partition, e.Err)
	}
	return nil
}
