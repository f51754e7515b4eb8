// Command transactions doubles numbers, exactly once: it reads them from one topic and writes the results to another,
// and although the first worker fails in the middle of its work, every number is in the results once.
//
//	go run ./examples/transactions
//	go run ./examples/transactions -b localhost:9092
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/purego-kafka/kafka"
)

const numbers = 50

var errCrash = errors.New("failed in the middle of the work")

func main() {
	brokers := flag.String("b", "", "`host:port`, or several with commas, of a Kafka cluster (default: an embedded one)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *brokers, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "transactions:", err)
		os.Exit(1)
	}
}

// job is what its steps have in common.
type job struct {
	brokers          string
	numbers, doubles string // topics of this run alone
}

func run(ctx context.Context, brokers string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if brokers == "" {
		cluster, err := kafka.NewMockCluster(3)
		if err != nil {
			return err
		}
		defer cluster.Close()
		brokers = cluster.BootstrapServers()
	}
	id := fmt.Sprintf("%d-%d", time.Now().UnixMilli(), os.Getpid())
	j := &job{brokers: brokers, numbers: "numbers-" + id, doubles: "doubles-" + id}
	if err := j.produceNumbers(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d numbers produced to %s\n", numbers, j.numbers)

	done, err := j.work(ctx, numbers/2, errCrash)
	if !errors.Is(err, errCrash) {
		return fmt.Errorf("the first worker ended with the error %v, and not with %q", err, errCrash)
	}
	fmt.Fprintf(out, "worker 1: %v; what it had in hand is aborted, %d numbers are done\n", err, done)
	for worker := 2; done < numbers; worker++ {
		if done, err = j.work(ctx, numbers-done, nil); err != nil {
			return fmt.Errorf("worker %d: %w", worker, err)
		}
		fmt.Fprintf(out, "worker %d: %d numbers are done\n", worker, done)
	}
	return j.check(ctx, out)
}

// produceNumbers writes 0, 1, 2, ... to the topic of the numbers.
func (j *job) produceNumbers(ctx context.Context) error {
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": j.brokers})
	if err != nil {
		return err
	}
	defer p.Close()
	for i := range numbers {
		if _, err := p.ProduceSync(ctx, message(&j.numbers, i)); err != nil {
			return err
		}
	}
	return nil
}

func message(topic *string, n int) *kafka.Message {
	return &kafka.Message{
		TopicPartition: kafka.TopicPartition{Topic: topic, Partition: kafka.PartitionAny},
		Value:          strconv.AppendInt(nil, int64(n), 10),
	}
}

// work doubles numbers. After so many it ends: with failure if there is one, so that the numbers in hand are aborted
// and come to the next worker. It returns how many are done, by all workers together.
func (j *job) work(ctx context.Context, limit int, failure error) (done int, err error) {
	p, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": j.brokers,
		"transactional.id":  "doubler-" + j.doubles, // the same for all workers: a new one fences off the old one
	})
	if err != nil {
		return 0, err
	}
	defer p.Close()
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":   j.brokers,
		"group.id":            "doubler-" + j.doubles,
		"auto.offset.reset":   "earliest",
		"enable.auto.commit":  false, // offsets are committed in the transactions
		"queued.min.messages": 10,    // small batches, so that there are several transactions
	})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.Subscribe(j.numbers, nil); err != nil {
		return 0, err
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	seen := 0
	err = kafka.ConsumeExactlyOnce(ctx, c, p, func(batch []*kafka.Message) (results []*kafka.Message, err error) {
		for _, m := range batch {
			n, err := strconv.Atoi(string(m.Value))
			if err != nil {
				return nil, err
			}
			results = append(results, message(&j.doubles, 2*n))
		}
		if seen += len(batch); seen >= limit {
			if failure != nil {
				return nil, failure
			}
			stop() // behind this batch
		}
		return results, nil
	})
	done, committedErr := committed(c)
	return done, errors.Join(err, committedErr)
}

// committed adds up the group's offsets: all partitions begin at 0, so it is how many messages are done with.
func committed(c *kafka.Consumer) (n int, err error) {
	parts, err := c.Assignment()
	if err != nil {
		return 0, err
	}
	offsets, err := c.Committed(parts, 10_000)
	if err != nil {
		return 0, err
	}
	for _, tp := range offsets {
		if tp.Offset >= 0 { // else nothing is committed there yet
			n += int(tp.Offset)
		}
	}
	return n, nil
}

// check reads the results, of committed transactions only, and sees that each is there once.
func (j *job) check(ctx context.Context, out io.Writer) error {
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":    j.brokers,
		"group.id":             "check-" + j.doubles,
		"auto.offset.reset":    "earliest",
		"isolation.level":      "read_committed",
		"enable.partition.eof": true,
	})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Subscribe(j.doubles, nil); err != nil {
		return err
	}
	times := map[string]int{}
	ended := map[int32]bool{}
	for assigned := 1; len(ended) < assigned; {
		ev, err := c.PollContext(ctx)
		if err != nil {
			return err
		}
		switch e := ev.(type) {
		case *kafka.Message:
			times[string(e.Value)]++
		case kafka.PartitionEOF:
			ended[e.Partition] = true
			parts, err := c.Assignment()
			if err != nil {
				return err
			}
			assigned = len(parts)
		}
	}
	for i := range numbers {
		if n := times[strconv.Itoa(2*i)]; n != 1 {
			return fmt.Errorf("%d is in the results %d times", 2*i, n)
		}
	}
	if len(times) != numbers {
		return fmt.Errorf("%d different results, expected %d", len(times), numbers)
	}
	fmt.Fprintf(out, "%d results, each of them once\n", len(times))
	return nil
}
