package integration_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/integration/cluster"
)

// soon is a context for a call that has to end.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// txnProducer makes a producer that is ready to begin a transaction.
func txnProducer(t testing.TB, c *cluster.Cluster, id string, more ...kafka.ConfigMap) *kafka.Producer {
	t.Helper()
	p := newProducer(t, with(c, append([]kafka.ConfigMap{{"transactional.id": id}}, more...)...))
	must(t, p.InitTransactions(soon(t)))
	return p
}

// write produces values to partition 0 and waits for their delivery.
func write(t testing.TB, p *kafka.Producer, topic string, values ...string) {
	t.Helper()
	for _, v := range values {
		if r := send(t, p, &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte(v)}); r.TopicPartition.Error != nil {
			t.Fatalf("report of %s: %v", v, r.TopicPartition.Error)
		}
	}
}

// visible waits until no transaction is open on partition 0 of a topic, and returns what readers of an isolation level
// see there.
func visible(t testing.TB, c *cluster.Cluster, topic, level string) (seen []string) {
	t.Helper()
	await(t, patience, "no transaction is open on "+topic, func() bool { return decided(t, c, topic) })
	r := newConsumer(t, with(c, groupOf(t), manual, kafka.ConfigMap{"isolation.level": level, "enable.partition.eof": true}))
	assign(t, r, at(topic, 0, kafka.OffsetBeginning))
	pollUntil(t, r, patience, "the end of "+topic, func(ev kafka.Event) bool {
		switch e := ev.(type) {
		case *kafka.Message:
			seen = append(seen, string(e.Value))
		case kafka.PartitionEOF:
			return true
		case kafka.Error:
			t.Errorf("error event %d: %v", e.Code(), e)
		}
		return false
	})
	closeConsumer(t, r)
	return seen
}

// decided reports whether all transactions on a topic have ended.
func decided(t testing.TB, c *cluster.Cluster, topic string) bool {
	t.Helper()
	ends, err := admin(t, c).ListEndOffsets(t.Context(), topic)
	must(t, err)
	stable, err := admin(t, c).ListCommittedOffsets(t.Context(), topic)
	must(t, err)
	for p, end := range ends[topic] {
		if o, ok := stable.Lookup(topic, p); !ok || o.Err != nil || o.Offset != end.Offset {
			return false
		}
	}
	return len(ends[topic]) > 0
}

// stable returns the group's offset of a partition when no transaction has another one under way.
func stable(t testing.TB, c *cluster.Cluster, group, topic string, p int32) kafka.Offset {
	t.Helper()
	r := newConsumer(t, with(c, kafka.ConfigMap{"group.id": group}, manual))
	got, err := r.Committed([]kafka.TopicPartition{partition(topic, p)}, 20_000)
	if err != nil || got[0].Error != nil {
		t.Fatalf("Committed: %v, %v", got, err)
	}
	closeConsumer(t, r)
	return got[0].Offset
}

// wantError checks the code of an error and what it says has to be done.
func wantError(t testing.TB, what string, err error, want kafka.ErrorCode, fatal, abort bool) {
	t.Helper()
	if got := code(t, err); got != want {
		t.Fatalf("%s: %d %v, want %d %v", what, got, err, want, want)
	}
	if e := err.(kafka.Error); e.IsFatal() != fatal || e.TxnRequiresAbort() != abort || e.IsRetriable() {
		t.Errorf("%s: %v: fatal %t, to be aborted %t, retriable %t; want %t, %t, false", what, e, e.IsFatal(), e.TxnRequiresAbort(), e.IsRetriable(), fatal, abort)
	}
}

// TestTransactions runs on the version of the transaction protocol that is the release's own, TestTransactionsVersion1
// on the one before.
func TestTransactions(t *testing.T) {
	t.Parallel()
	c := forTransactions(t)
	if want := int16(2); c.Version != "" && !before4(c) && transactionVersion(t, c) != want {
		t.Errorf("the broker's transaction.version is %d, want %d", transactionVersion(t, c), want)
	}
	testTransactions(t, c)
}

func TestTransactionsVersion1(t *testing.T) {
	t.Parallel()
	if c := broker(t); before4(c) {
		t.Skipf("Kafka %s has one version of the transaction protocol, which TestTransactions has seen", c.Version)
	}
	c := version1(t)
	if got := transactionVersion(t, c); got != 1 {
		t.Fatalf("the broker's transaction.version is %d", got)
	}
	testTransactions(t, c)
}

// transactionVersion asks a broker for its level of the feature.
func transactionVersion(t testing.TB, c *cluster.Cluster) int16 {
	t.Helper()
	client, err := c.Client()
	must(t, err)
	req := kmsg.NewPtrApiVersionsRequest()
	req.ClientSoftwareName, req.ClientSoftwareVersion = "integration", "1"
	answer, err := client.Request(t.Context(), req)
	must(t, err)
	for _, f := range answer.(*kmsg.ApiVersionsResponse).FinalizedFeatures {
		if f.Name == "transaction.version" {
			return f.MaxVersionLevel
		}
	}
	return 0
}

func testTransactions(t *testing.T, c *cluster.Cluster) {
	t.Logf("transaction.version is %d", transactionVersion(t, c))
	for _, row := range []struct {
		name string
		test func(*testing.T, *cluster.Cluster)
	}{
		{"what they hold", testTransactionKinds},
		{"fenced", testTransactionFenced},
		{"offsets of a stale member", func(t *testing.T, c *cluster.Cluster) { testTransactionStaleMember(t, c, "classic") }},
		{"offsets of a stale member, consumer protocol", func(t *testing.T, c *cluster.Cluster) {
			if before4(c) {
				c = broker(t) // the other one has no such groups, and hardly any transaction ends here meanwhile
			}
			testTransactionStaleMember(t, c, "consumer")
		}},
		{"timeout", testTransactionTimeout},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			row.test(t, c)
		})
	}
}

// All that a transaction may hold, committed and aborted, in all orders with one producer. Version 2 of the protocol
// moves the producer's epoch with some of them. Of the records that are aborted, half may not even have been sent.
func testTransactionKinds(t *testing.T, c *cluster.Cluster) {
	in, out, group := newTopic(t, c, 1), newTopic(t, c, 1), unique(t, "group")
	p := txnProducer(t, c, unique(t, "tx"))
	member, err := kafka.NewTestConsumerGroupMetadata(group)
	must(t, err)
	reader := newConsumer(t, with(c, kafka.ConfigMap{"group.id": group}, manual))
	const records, offsets, commits, kinds = 1, 2, 4, 8
	var valid []string
	n, offset := 0, kafka.OffsetInvalid
	transaction := func(kind int) error {
		n++
		must(t, p.BeginTransaction())
		value := fmt.Sprint(n)
		switch {
		case kind&records == 0:
		case kind&commits != 0:
			write(t, p, out, value)
			valid = append(valid, value)
		case n%2 == 0:
			write(t, p, out, "aborted")
		default:
			must(t, p.Produce(&kafka.Message{TopicPartition: partition(out, 0), Value: []byte("aborted")}, make(chan kafka.Event, 1)))
		}
		if kind&offsets != 0 {
			must(t, p.SendOffsetsToTransaction(soon(t), []kafka.TopicPartition{at(in, 0, kafka.Offset(n)), at(in, 0, kafka.OffsetInvalid)}, member))
			if kind&commits != 0 {
				offset = kafka.Offset(n)
			}
		}
		if kind&commits != 0 {
			return p.CommitTransaction(soon(t))
		}
		return p.AbortTransaction(soon(t))
	}
	for first := range kinds {
		for second := range kinds {
			for _, kind := range []int{first, second} {
				if err := transaction(kind); err != nil {
					t.Fatalf("kind %03b, of %03b and %03b: %v", kind, first, second, err)
				}
			}
			got, err := reader.Committed([]kafka.TopicPartition{partition(in, 0)}, 20_000)
			if err != nil || got[0].Offset != offset {
				t.Fatalf("after kinds %03b and %03b: %v, %v; want offset %v", first, second, got, err, offset)
			}
		}
	}
	if got := visible(t, c, out, "read_committed"); !slices.Equal(got, valid) {
		t.Errorf("read_committed sees %v, want %v", got, valid)
	}
	all := visible(t, c, out, "read_uncommitted")
	if got := slices.DeleteFunc(slices.Clone(all), func(v string) bool { return v == "aborted" }); !slices.Equal(got, valid) {
		t.Errorf("read_uncommitted sees %v, want %v and what was aborted", got, valid)
	}
	if len(all) < len(valid)+kinds { // a quarter of 128 was aborted with records, and half of those waited for them
		t.Errorf("read_uncommitted sees %d messages, of which %d are committed", len(all), len(valid))
	}
}

// A second producer with the same transactional.id ends the first, whatever that does next, and its transaction.
func testTransactionFenced(t *testing.T, c *cluster.Cluster) {
	for _, row := range []struct {
		name string
		next func(t *testing.T, p *kafka.Producer, topic string) error
	}{
		{"commit", func(t *testing.T, p *kafka.Producer, _ string) error { return p.CommitTransaction(soon(t)) }},
		{"abort", func(t *testing.T, p *kafka.Producer, _ string) error { return p.AbortTransaction(soon(t)) }},
		{"offsets", func(t *testing.T, p *kafka.Producer, topic string) error {
			member, err := kafka.NewTestConsumerGroupMetadata(unique(t, "group"))
			must(t, err)
			return p.SendOffsetsToTransaction(soon(t), []kafka.TopicPartition{at(topic, 0, 1)}, member)
		}},
		{"produce", func(t *testing.T, p *kafka.Producer, topic string) error {
			r := send(t, p, &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte("late")})
			if r.TopicPartition.Error == nil {
				t.Error("the message of the fenced producer was written")
			}
			return p.CommitTransaction(soon(t))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			topic, id := newTopic(t, c, 1), unique(t, "tx")
			old := txnProducer(t, c, id)
			must(t, old.BeginTransaction())
			write(t, old, topic, "old")
			fresh := txnProducer(t, c, id)
			wantError(t, row.name, row.next(t, old, topic), kafka.ErrFenced, true, false)
			if got := code(t, old.GetFatalError()); got != kafka.ErrFenced {
				t.Errorf("GetFatalError: %v", old.GetFatalError())
			}
			if got := code(t, old.Produce(&kafka.Message{TopicPartition: partition(topic, 0)}, nil)); got != kafka.ErrFatal {
				t.Errorf("Produce of the fenced producer: %v", got)
			}
			must(t, fresh.BeginTransaction())
			write(t, fresh, topic, "fresh")
			must(t, fresh.CommitTransaction(soon(t)))
			if got := visible(t, c, topic, "read_committed"); !slices.Equal(got, []string{"fresh"}) {
				t.Errorf("read_committed sees %v", got)
			}
		})
	}
}

// The broker refuses the offsets of a member of an earlier generation, and of one that has left. The transaction is
// then aborted, and the producer goes on.
func testTransactionStaleMember(t *testing.T, c *cluster.Cluster, protocol string) {
	in, out, group := newTopic(t, c, 2), newTopic(t, c, 1), unique(t, "group")
	conf := with(c, manual, kafka.ConfigMap{"group.id": group, "group.protocol": protocol})
	if protocol == "classic" {
		_ = conf.SetKey("session.timeout.ms", 6000)
		_ = conf.SetKey("heartbeat.interval.ms", 300)
	}
	first := join(t, conf, in)
	await(t, patience, "the first member holds all", func() bool { return len(first.holds()) == 2 })
	early, err := first.c.GetConsumerGroupMetadata()
	must(t, err)
	second := join(t, conf, in)
	await(t, patience, "each member holds one", func() bool { return len(first.holds()) == 1 && len(second.holds()) == 1 })
	// Brokers from 4.3 on take the offsets of an earlier member epoch for what the member has had all along.
	moved := int32(0)
	if second.holds()[0] == placeOf(partition(in, 1)) {
		moved = 1
	}
	left, err := first.c.GetConsumerGroupMetadata()
	must(t, err)
	p := txnProducer(t, c, unique(t, "tx"))
	refused := func(what string, member *kafka.ConsumerGroupMetadata, want kafka.ErrorCode) {
		t.Helper()
		must(t, p.BeginTransaction())
		write(t, p, out, what)
		offsets := []kafka.TopicPartition{at(in, moved, 7)}
		wantError(t, what, p.SendOffsetsToTransaction(soon(t), offsets, member), want, false, true)
		wantError(t, what+", then commit", p.CommitTransaction(soon(t)), want, false, true)
		must(t, p.AbortTransaction(soon(t)))
	}
	refused("an earlier generation", early, kafka.ErrIllegalGeneration)
	first.leave()
	refused("a member that left", left, kafka.ErrUnknownMemberID)
	await(t, patience, "the second member holds all", func() bool { return len(second.holds()) == 2 })
	if got := stable(t, c, group, in, moved); got != kafka.OffsetInvalid {
		t.Errorf("offset %v is committed", got)
	}
	member, err := second.c.GetConsumerGroupMetadata()
	must(t, err)
	must(t, p.BeginTransaction())
	write(t, p, out, "in time")
	must(t, p.SendOffsetsToTransaction(soon(t), []kafka.TopicPartition{at(in, moved, 8)}, member))
	must(t, p.CommitTransaction(soon(t)))
	if got := stable(t, c, group, in, moved); got != 8 {
		t.Errorf("offset %v is committed, want 8", got)
	}
	if got := visible(t, c, out, "read_committed"); !slices.Equal(got, []string{"in time"}) {
		t.Errorf("read_committed sees %v", got)
	}
}

// The broker aborts a transaction that is open for too long, and fences its producer.
func testTransactionTimeout(t *testing.T, c *cluster.Cluster) {
	topic, id := newTopic(t, c, 1), unique(t, "tx")
	short := kafka.ConfigMap{"transaction.timeout.ms": 1000}
	late := func() *kafka.Producer {
		p := txnProducer(t, c, id, short)
		must(t, p.BeginTransaction())
		write(t, p, topic, "late")
		await(t, patience, "the broker has aborted the transaction", func() bool { return decided(t, c, topic) })
		return p
	}
	wantError(t, "commit", late().CommitTransaction(soon(t)), kafka.ErrFenced, true, false)
	next := late()
	if err := next.AbortTransaction(soon(t)); transactionVersion(t, c) < 2 {
		wantError(t, "abort", err, kafka.ErrFenced, true, false)
		next = txnProducer(t, c, id, short)
	} else { // the end of the transaction that was asked for is there
		must(t, err)
	}
	must(t, next.BeginTransaction())
	write(t, next, topic, "in time")
	must(t, next.CommitTransaction(soon(t)))
	if got := visible(t, c, topic, "read_committed"); !slices.Equal(got, []string{"in time"}) {
		t.Errorf("read_committed sees %v", got)
	}
}
