package kafka_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
)

// Beyond the peer's mock: groups and transactions as brokers have them.

// TestMockGroup: two members share the partitions, and the one that stays takes over all of them.
func TestMockGroup(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			mc := newMock(t, 3)
			if err := mc.CreateTopic("t", 4, 1); err != nil {
				t.Fatal(err)
			}
			join := func() *kafka.Consumer {
				conf := kafka.ConfigMap{
					"bootstrap.servers": mc.BootstrapServers(), "group.id": "g", "group.protocol": protocol,
				}
				if protocol == "classic" {
					conf["heartbeat.interval.ms"] = 100 // the broker says it itself in the other protocol
				}
				c, err := kafka.NewConsumer(&conf)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { c.Close() })
				if err := c.Subscribe("t", nil); err != nil {
					t.Fatal(err)
				}
				return c
			}
			a, b := join(), join()
			awaitOwned(t, map[*kafka.Consumer]int{a: 2, b: 2})
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			awaitOwned(t, map[*kafka.Consumer]int{b: 4})
		})
	}
}

// awaitOwned polls the consumers until they own so many partitions.
func awaitOwned(t *testing.T, want map[*kafka.Consumer]int) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		right := true
		for c, n := range want {
			c.Poll(20)
			owned, err := c.Assignment()
			if err != nil {
				t.Fatal(err)
			}
			right = right && len(owned) == n
		}
		switch {
		case right:
			return
		case time.Now().After(end):
			t.Fatalf("the members do not own what they should after 20 s: %v", want)
		}
	}
}

// TestMockTransactions: who reads committed messages only does not see those of an aborted transaction.
func TestMockTransactions(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 3)
	if err := mc.CreateTopic("t", 1, 3); err != nil {
		t.Fatal(err)
	}
	p, err := kafka.NewProducer(&kafka.ConfigMap{
		"bootstrap.servers": mc.BootstrapServers(), "transactional.id": "x", "go.delivery.reports": false,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	must("init", p.InitTransactions(ctx))
	topic := "t"
	for i, end := range []func(context.Context) error{p.CommitTransaction, p.AbortTransaction, p.CommitTransaction} {
		must("begin", p.BeginTransaction())
		must("produce", p.Produce(&kafka.Message{
			TopicPartition: kafka.TopicPartition{Topic: &topic}, Value: fmt.Append(nil, i),
		}, nil))
		must("flush", p.FlushContext(ctx)) // an abort drops what was not sent yet
		must("end", end(ctx))
	}
	for isolation, want := range map[string]string{"read_committed": "02", "read_uncommitted": "012"} {
		c, err := kafka.NewConsumer(&kafka.ConfigMap{
			"bootstrap.servers": mc.BootstrapServers(), "group.id": isolation, "isolation.level": isolation,
			"auto.offset.reset": "earliest", "enable.partition.eof": true,
		})
		must("consumer", err)
		must("subscribe", c.Subscribe(topic, nil))
		var got string
		for ended := false; !ended; {
			ev, err := c.PollContext(ctx)
			must("poll", err)
			switch e := ev.(type) {
			case *kafka.Message:
				got += string(e.Value)
			case kafka.PartitionEOF:
				ended = true
			}
		}
		if got != want {
			t.Errorf("%s: messages %s, want %s", isolation, got, want)
		}
		must("close", c.Close())
	}
}

// TestMockTransactionErrors: clients speak the version of the transaction protocol that the peer's mock cluster has, so that
// a test can refuse a partition, and of two producers with one id the first is fenced, whatever it does.
func TestMockTransactionErrors(t *testing.T) {
	t.Parallel()
	mc := newMock(t, 1)
	must(t, mc.CreateTopic("t", 1, 1))
	begin := func() *kafka.Producer {
		p := newProducer(t, mc.BootstrapServers(), "transactional.id", "x")
		must(t, p.InitTransactions(t.Context()))
		must(t, p.BeginTransaction())
		return p
	}
	first := begin()
	must(t, mc.PushRequestErrors(kmsg.AddPartitionsToTxn.Int16(), kafka.ErrTopicAuthorizationFailed))
	reports := make(chan kafka.Event, 1)
	must(t, first.Produce(message("t", 0, "k", "v"), reports))
	wantCode(t, "report", nextReport(t, reports).TopicPartition.Error, kafka.ErrPurgeQueue)
	wantCode(t, "commit", first.CommitTransaction(t.Context()), kafka.ErrTopicAuthorizationFailed)
	must(t, first.AbortTransaction(t.Context()))
	must(t, first.BeginTransaction())
	produceAll(t, first, "t", "v")
	begin()
	wantCode(t, "abort of a fenced producer", first.AbortTransaction(t.Context()), kafka.ErrFenced)
}
