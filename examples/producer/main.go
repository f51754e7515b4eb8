// Command producer sends every line of standard input as a message, until the end of input or Ctrl-C.
//
//	go run ./examples/producer -b localhost:9092 -t demo
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/purego-kafka/kafka"
)

func main() {
	brokers := flag.String("b", "localhost:9092", "bootstrap servers, `host:port[,host:port...]`")
	topic := flag.String("t", "demo", "topic; it is created where it does not exist")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := produce(ctx, *brokers, *topic); err != nil {
		fmt.Fprintln(os.Stderr, "producer:", err)
		os.Exit(1)
	}
}

func produce(ctx context.Context, brokers, topic string) error {
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	p, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": brokers,
		"client.id":         hostname,
	})
	if err != nil {
		return err
	}
	defer p.Close()

	failed := 0
	acked := func(m *kafka.Message, err error) { // called by Poll and Flush
		if err != nil {
			failed++
			fmt.Fprintf(os.Stderr, "Failed to deliver message: %s: %v\n", m.Value, err)
			return
		}
		fmt.Printf("Message produced: %s to %s\n", m.Value, m.TopicPartition)
	}
	lines := readLines()
	serve := time.NewTicker(100 * time.Millisecond)
	defer serve.Stop()
	for open := true; open && ctx.Err() == nil; p.Poll(0) {
		select {
		case <-ctx.Done():
		case <-serve.C: // nothing typed: reports may have come
		case line, ok := <-lines:
			if open = ok; !ok {
				continue
			}
			if err := send(p, topic, line, acked); err != nil {
				return err
			}
		}
	}
	// What is still on its way gets ten seconds.
	if left := p.Flush(10_000); left > 0 {
		return fmt.Errorf("%d messages were not delivered in time", left)
	}
	if failed > 0 {
		return fmt.Errorf("%d messages were not delivered", failed)
	}
	return nil
}

// send produces one message. Where the producer's queue is full it serves reports until there is room again.
func send(p *kafka.Producer, topic, line string, acked func(*kafka.Message, error)) error {
	for {
		err := p.ProduceFunc(&kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny},
			Value:          []byte(line),
		}, acked)
		if !errors.Is(err, kafka.ErrQueueFull) {
			return err
		}
		p.Poll(1000)
	}
}

// readLines reads standard input in the background: a read can't be interrupted by Ctrl-C.
func readLines() <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			lines <- in.Text()
		}
		if err := in.Err(); err != nil {
			fmt.Fprintln(os.Stderr, "producer: reading:", err)
		}
	}()
	return lines
}
