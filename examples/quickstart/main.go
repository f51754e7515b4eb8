// Command quickstart is a tour of the package: it produces messages, sees them reported, and consumes and commits
// them in every way there is. It needs nothing but Go: the Kafka cluster is embedded, unless -b names a real one.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -b localhost:9092
//
// Read produce.go first, then consume.go, then delivery.go.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/purego-kafka/kafka"
)

// How many messages the tour produces in the two ways, and so how many each of its consumers must see.
const (
	asyncMessages = 20
	syncMessages  = 10
	allMessages   = asyncMessages + syncMessages
)

func main() {
	brokers := flag.String("b", "", "`host:port`, or several with commas, of a Kafka cluster (default: an embedded one)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *brokers, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// tour is what its steps have in common.
type tour struct {
	brokers string // the value of bootstrap.servers
	topic   string // a topic of this run alone, and the beginning of its groups' names
}

// step is a stop of the tour: it returns how many messages it handled.
type step struct {
	title string
	want  int
	run   func(ctx context.Context, t *tour, out io.Writer) (int, error)
}

// run takes the tour and says in the end whether all counts are right.
func run(ctx context.Context, brokers string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute) // a cluster that does not answer must not hold us up for good
	defer cancel()
	if brokers == "" {
		cluster, err := kafka.NewMockCluster(3)
		if err != nil {
			return err
		}
		defer cluster.Close()
		brokers = cluster.BootstrapServers()
		fmt.Fprintln(out, "Embedded cluster of 3 brokers at", brokers)
	}
	t := &tour{brokers: brokers, topic: fmt.Sprintf("quickstart-%d-%d", time.Now().UnixMilli(), os.Getpid())}
	fmt.Fprintf(out, "Topic %s: created by producing to it\n", t.topic)

	steps := []step{
		{"Produce asynchronously, reports come to a callback in Poll", asyncMessages, produceAsync},
		{"Produce and wait with Flush", syncMessages, produceSync},
		{"Consume in a loop to the end of every partition, commit by itself", allMessages, consumeToEnd},
		{"Consume, commit synchronously every 10 messages", allMessages, commitSync},
		{"Consume, commit asynchronously every 10 messages, results come to on_commit", allMessages, commitAsync},
		{"At least once: process, then commit", allMessages, atLeastOnce},
		{"At most once: commit a batch, then process it", allMessages, atMostOnce},
	}
	results := make([]result, len(steps))
	for i := range 2 { // producing comes first
		if results[i] = steps[i].take(ctx, t); results[i].err != nil {
			return report(out, steps[:i+1], results[:i+1])
		}
	}
	// Each of the consumers is a group of its own, so that each sees all messages, and all can run at the same time.
	// A real cluster lets a new group wait three seconds for more members: this way that happens once.
	done := make(chan struct{})
	for i := 2; i < len(steps); i++ {
		go func() {
			results[i] = steps[i].take(ctx, t)
			done <- struct{}{}
		}()
	}
	for range len(steps) - 2 {
		<-done
	}
	return report(out, steps, results)
}

// result is what became of a step.
type result struct {
	output bytes.Buffer
	count  int
	took   time.Duration
	err    error
}

func (s step) take(ctx context.Context, t *tour) (r result) {
	begin := time.Now()
	r.count, r.err = s.run(ctx, t, &r.output)
	r.took = time.Since(begin)
	return r
}

// report prints what the steps said, and their counts.
func report(out io.Writer, steps []step, results []result) error {
	for i := range steps {
		fmt.Fprintf(out, "\n%d. %s\n%s", i+1, steps[i].title, results[i].output.String())
	}
	fmt.Fprintf(out, "\n%8s %8s %8s\n", "expected", "messages", "seconds")
	var wrong []error
	for i, s := range steps {
		r := &results[i]
		fmt.Fprintf(out, "%8d %8d %8.2f  %s\n", s.want, r.count, r.took.Seconds(), s.title)
		switch {
		case r.err != nil:
			wrong = append(wrong, fmt.Errorf("%s: %w", s.title, r.err))
		case r.count != s.want:
			wrong = append(wrong, fmt.Errorf("%s: %d messages, expected %d", s.title, r.count, s.want))
		}
	}
	if len(wrong) == 0 {
		fmt.Fprintln(out, "\nAll counts are right.")
	}
	return errors.Join(wrong...)
}
