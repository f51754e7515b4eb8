package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka/bench/internal/work"
	"github.com/purego-kafka/kafka/integration/cluster"
)

// broker is where a row's work is done.
type broker interface {
	// row prepares for a row and returns what ends that.
	row(ctx context.Context, r *Row, j *work.Job) (end func(), err error)
	// measurement prepares for one measurement: it sets the job's brokers and topic.
	measurement(ctx context.Context, r *Row, j *work.Job) (end func(), err error)
}

// memoryBroker is kfake, a process for each row. It throws away what is produced, and to consumers it sends the same
// batch for ever.
type memoryBroker struct {
	program string
	address string
}

func (b *memoryBroker) row(ctx context.Context, r *Row, j *work.Job) (func(), error) {
	j.Topic = "bench"
	arg, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, b.program, string(arg))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the broker in memory: %w", err)
	}
	end := func() {
		_ = in.Close()
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		end()
		return nil, fmt.Errorf("the broker in memory did not start: %w", err)
	}
	b.address = strings.TrimSpace(line)
	return end, nil
}

func (b *memoryBroker) measurement(_ context.Context, _ *Row, j *work.Job) (func(), error) {
	j.Brokers, j.Topic = b.address, "bench"
	return func() {}, nil
}

// realBroker is Apache Kafka. Every measurement has a topic of its own to produce to; what is consumed is written once
// for a row.
type realBroker struct {
	c     *cluster.Cluster
	n     int
	topic string // of the row
}

// serverJVM are the flags that Kafka's own script starts a server with.
var serverJVM = []string{"-Xms1g", "-Xmx1g", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
	"-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true"}

func newRealBroker(ctx context.Context) (*realBroker, error) {
	if brokers := os.Getenv("KAFKA_BROKERS"); brokers != "" {
		return &realBroker{c: cluster.Existing(brokers)}, nil
	}
	c, err := cluster.Start(ctx, cluster.Options{Nodes: 1, JVM: serverJVM})
	if err != nil {
		return nil, fmt.Errorf("starting Apache Kafka (or name a cluster in KAFKA_BROKERS): %w", err)
	}
	return &realBroker{c: c}, nil
}

func (b *realBroker) row(ctx context.Context, r *Row, j *work.Job) (func(), error) {
	if !r.consumes() {
		return func() {}, nil
	}
	end, err := b.create(ctx, j)
	if err != nil {
		return nil, err
	}
	b.topic = j.Topic
	if err := b.fill(ctx, j); err != nil {
		end()
		return nil, err
	}
	return end, nil
}

func (b *realBroker) measurement(ctx context.Context, r *Row, j *work.Job) (func(), error) {
	j.Brokers = b.c.Bootstrap(cluster.Plain)
	if r.consumes() {
		j.Topic = b.topic
		return func() {}, nil
	}
	return b.create(ctx, j)
}

// create creates the topics of a job.
func (b *realBroker) create(ctx context.Context, j *work.Job) (end func(), err error) {
	b.n++
	j.Topic = fmt.Sprintf("bench-%d-%d", os.Getpid(), b.n)
	j.Brokers = b.c.Bootstrap(cluster.Plain)
	configs := map[string]string{
		"max.message.bytes": strconv.Itoa(max(j.MaxMessage, 1<<20) * 2),
		// A measurement of large messages has a gigabyte. Deleted soon, most of it never gets to the disk, which would be busy
		// with it during the next measurements: 60 s, the default, is longer than one takes.
		"file.delete.delay.ms": "1000",
	}
	for _, name := range j.TopicNames() {
		if err := b.c.CreateTopic(ctx, name, j.Partitions, configs); err != nil {
			return nil, err
		}
	}
	return func() {
		if admin, err := b.c.Admin(); err == nil {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			_, _ = admin.DeleteTopics(ctx, j.TopicNames()...)
		}
	}, nil
}

// fill writes the messages that are to be consumed.
func (b *realBroker) fill(ctx context.Context, j *work.Job) error {
	codec := map[string]kgo.CompressionCodec{"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}[j.Codec]
	cl, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(j.Brokers, ",")...), kgo.ProducerBatchCompression(codec),
		kgo.ProducerBatchMaxBytes(int32(j.MaxMessage)), kgo.ProducerLinger(5*time.Millisecond))
	if err != nil {
		return err
	}
	defer cl.Close()
	payload := j.Payload()
	failed := make(chan error, 1)
	for i := range j.Messages + j.Messages/10 {
		cl.Produce(ctx, &kgo.Record{Topic: j.Topic, Key: payload.Key(i), Value: payload.Value(i)}, func(_ *kgo.Record, err error) {
			if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	if err := cl.Flush(ctx); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return fmt.Errorf("filling %s: %w", j.Topic, err)
	default:
		return nil
	}
}
