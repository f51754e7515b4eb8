// Command transactions consumes, transforms and produces exactly once: words go in, and for each its length comes out,
// in transactions that hold the results and the offsets of what was read.
//
//	go run ./examples/transactions                     with the embedded broker
//	go run ./examples/transactions -b localhost:9092   with a real one
//
// Half way the work fails, as it would when a process crashes. Its transaction is aborted, and the next worker begins
// behind the last committed one: no word is lost and none counts twice.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/purego-kafka/kafka"
)

const text = "it was the best of times it was the worst of times it was the age of wisdom it was the age of foolishness"

func main() {
	brokers := flag.String("b", "", "bootstrap servers; none starts an embedded broker")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if *brokers == "" {
		cluster, err := kafka.NewMockCluster(1)
		if err != nil {
			log.Fatal(err)
		}
		defer cluster.Close()
		*brokers = cluster.BootstrapServers()
	}
	if err := run(ctx, *brokers); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, brokers string) error {
	name := fmt.Sprintf("words-%d", time.Now().UnixNano())
	words := strings.Fields(text)
	if err := produce(ctx, brokers, name, words); err != nil {
		return err
	}
	moved := 0
	for worker, crashAfter := range []int{len(words) / 2, -1} {
		if err := work(ctx, brokers, name, crashAfter, len(words), &moved); err != nil {
			fmt.Printf("worker %d: %v: its transaction is aborted\n", worker+1, err)
		} else {
			fmt.Printf("worker %d: done\n", worker+1)
		}
	}
	got, err := count(ctx, brokers, name+"-lengths")
	if err != nil {
		return err
	}
	fmt.Printf("%d words in, %d committed results out\n", len(words), got)
	if got != len(words) {
		return errors.New("the numbers differ")
	}
	return nil
}

// produce sends the words and waits for each to be delivered.
func produce(ctx context.Context, brokers, topic string, words []string) error {
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": brokers})
	if err != nil {
		return err
	}
	defer p.Close()
	for _, w := range words {
		if _, err := p.ProduceSync(ctx, message(topic, w)); err != nil {
			return err
		}
	}
	return nil
}

func message(topic, value string) *kafka.Message {
	return &kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny}, Value: []byte(value)}
}

// work moves words in transactions of a few each, until all are moved or it crashes.
func work(ctx context.Context, brokers, name string, crashAfter, total int, moved *int) error {
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":   brokers,
		"group.id":            name,
		"auto.offset.reset":   "earliest",
		"enable.auto.commit":  false, // offsets are part of the transactions
		"queued.min.messages": 5,     // so that it takes several
	})
	if err != nil {
		return err
	}
	defer c.Close()
	p, err := kafka.NewProducer(&kafka.ConfigMap{"bootstrap.servers": brokers, "transactional.id": name})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := c.Subscribe(name, nil); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return kafka.ConsumeExactlyOnce(ctx, c, p, func(batch []*kafka.Message) ([]*kafka.Message, error) {
		var results []*kafka.Message
		for _, m := range batch {
			if crashAfter--; crashAfter == 0 {
				return nil, errors.New("crashed")
			}
			results = append(results, message(name+"-lengths", fmt.Sprintf("%s %d", m.Value, len(m.Value))))
		}
		if *moved += len(batch); *moved == total {
			cancel() // all are read; the transaction at hand is still brought to its end
		}
		return results, nil
	})
}

// count reads the committed results.
func count(ctx context.Context, brokers, topic string) (n int, err error) {
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":    brokers,
		"group.id":             topic,
		"auto.offset.reset":    "earliest",
		"isolation.level":      "read_committed", // the default: results of aborted transactions are not seen
		"enable.partition.eof": true,
	})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.Subscribe(topic, nil); err != nil {
		return 0, err
	}
	ended := map[int32]bool{}
	for ctx.Err() == nil {
		switch e := c.Poll(100).(type) {
		case *kafka.Message:
			n++
		case kafka.PartitionEOF:
			ended[e.Partition] = true
			assigned, err := c.Assignment()
			if err != nil || len(ended) == len(assigned) {
				return n, err
			}
		case kafka.Error:
			if e.IsFatal() {
				return n, e
			}
		}
	}
	return n, ctx.Err()
}
