package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// eachTransactionVersion runs a test with each version of the transaction protocol.
func eachTransactionVersion(t *testing.T, test func(t *testing.T, version int16)) {
	t.Parallel()
	for version := int16(1); version <= 2; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			t.Parallel()
			test(t, version)
		})
	}
}

// transactionCluster makes a cluster of one broker with a version of the transaction protocol.
func transactionCluster(t *testing.T, version int16, opts ...kfake.Opt) *testcluster.Cluster {
	t.Helper()
	cl := testcluster.New(t, 1, opts...)
	cl.SetFeature(t, "transaction.version", version)
	return cl
}

// txnProducer makes a transactional producer that is ready for BeginTransaction.
func txnProducer(t *testing.T, cl *testcluster.Cluster, id string, kv ...any) *kafka.Producer {
	t.Helper()
	p := newProducer(t, cl.Bootstrap, append([]any{"transactional.id", id}, kv...)...)
	must(t, p.InitTransactions(t.Context()))
	return p
}

// produceAll produces values to partition 0 and waits for their delivery.
func produceAll(t *testing.T, p *kafka.Producer, topic string, values ...string) {
	t.Helper()
	reports := make(chan kafka.Event, len(values))
	for _, v := range values {
		must(t, p.Produce(message(topic, 0, "k", v), reports))
	}
	for range values {
		must(t, nextReport(t, reports).TopicPartition.Error)
	}
}

// committedValues reads a partition as those see it who read committed data only.
func committedValues(t *testing.T, cl *testcluster.Cluster, topic string) (values []string) {
	t.Helper()
	c := startConsumer(t, cl, kafka.ConfigMap{"enable.partition.eof": true, "isolation.level": "read_committed"})
	must(t, c.Assign([]kafka.TopicPartition{{Topic: &topic, Partition: 0, Offset: kafka.OffsetBeginning}}))
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		switch ev := c.Poll(100).(type) {
		case *kafka.Message:
			values = append(values, string(ev.Value))
		case kafka.PartitionEOF:
			return values
		}
	}
	t.Fatalf("no end of %s in time, but %q", topic, values)
	return nil
}

func TestTransactionCommitAndAbort(t *testing.T) {
	eachTransactionVersion(t, testTransactionCommitAndAbort)
}

func testTransactionCommitAndAbort(t *testing.T, version int16) {
	cl := transactionCluster(t, version, testcluster.Topic("t", 1))
	p := txnProducer(t, cl, "tx")
	for _, c := range []struct {
		value  string
		commit bool
	}{{"first", true}, {"second", false}, {"third", true}} {
		must(t, p.BeginTransaction())
		produceAll(t, p, "t", c.value)
		if c.commit {
			must(t, p.CommitTransaction(t.Context()))
		} else {
			must(t, p.AbortTransaction(t.Context()))
		}
	}
	must(t, p.BeginTransaction())
	must(t, p.CommitTransaction(t.Context())) // empty ones end as well
	must(t, p.BeginTransaction())
	must(t, p.AbortTransaction(t.Context()))
	if got, want := committedValues(t, cl, "t"), []string{"first", "third"}; !slices.Equal(got, want) {
		t.Errorf("committed: %q, want %q", got, want)
	}
}

// TestTransactionStates makes every call where it may not be made.
func TestTransactionStates(t *testing.T) { eachTransactionVersion(t, testTransactionStates) }

func testTransactionStates(t *testing.T, version int16) {
	cl := transactionCluster(t, version, testcluster.Topic("t", 1))
	md, err := kafka.NewTestConsumerGroupMetadata("g")
	must(t, err)
	offsets := []kafka.TopicPartition{{Topic: ptr("t"), Offset: 1}}
	calls := map[string]func(*kafka.Producer) error{
		"init":   func(p *kafka.Producer) error { return p.InitTransactions(t.Context()) },
		"begin":  func(p *kafka.Producer) error { return p.BeginTransaction() },
		"send":   func(p *kafka.Producer) error { return p.SendOffsetsToTransaction(t.Context(), offsets, md) },
		"commit": func(p *kafka.Producer) error { return p.CommitTransaction(t.Context()) },
		"abort":  func(p *kafka.Producer) error { return p.AbortTransaction(t.Context()) },
	}
	fresh := newProducer(t, cl.Bootstrap, "transactional.id", "fresh")
	ready := txnProducer(t, cl, "ready")
	open := txnProducer(t, cl, "open")
	must(t, open.BeginTransaction())
	plain := newProducer(t, cl.Bootstrap)
	closed := newProducer(t, cl.Bootstrap, "transactional.id", "closed")
	closed.Close()
	for _, c := range []struct {
		name  string
		p     *kafka.Producer
		calls []string
		code  kafka.ErrorCode
		text  string
	}{
		{"fresh", fresh, []string{"begin", "send", "commit", "abort"}, kafka.ErrState, "Operation not valid in state Init"},
		{"ready", ready, []string{"init", "send", "commit", "abort"}, kafka.ErrState, "Operation not valid in state Ready"},
		{"open", open, []string{"init", "begin"}, kafka.ErrState, "Operation not valid in state InTransaction"},
		{"plain", plain, []string{"init", "begin", "send", "commit", "abort"}, kafka.ErrNotConfigured, "The Transactional API requires transactional.id to be configured"},
		{"closed", closed, []string{"init", "begin", "send", "commit", "abort"}, kafka.ErrState, "Operation not allowed on closed client"},
	} {
		for _, call := range c.calls {
			err := calls[call](c.p)
			if !errors.Is(err, c.code) || err.Error() != c.text {
				t.Errorf("%s of a %s producer: %v, want %q", call, c.name, err, c.text)
			}
		}
	}
	if err := fresh.Produce(message("t", 0, "k", "v"), nil); !errors.Is(err, kafka.ErrState) {
		t.Errorf("Produce outside a transaction: %v", err)
	}
	if err := open.SendOffsetsToTransaction(t.Context(), nil, md); !errors.Is(err, kafka.ErrInvalidArg) {
		t.Errorf("no offsets: %v", err)
	}
	if err := open.SendOffsetsToTransaction(t.Context(), offsets, nil); !errors.Is(err, kafka.ErrInvalidArg) {
		t.Errorf("no metadata: %v", err)
	}
}

// TestTransactionResumes lets InitTransactions run into its deadline, and takes it up again.
func TestTransactionResumes(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1)
	release := make(chan struct{})
	cl.ControlKey(int16(kmsg.InitProducerID), func(kmsg.Request) (kmsg.Response, error, bool) {
		cl.KeepControl()
		cl.SleepControl(func() { <-release })
		return nil, nil, false
	})
	p := newProducer(t, cl.Bootstrap, "transactional.id", "tx")
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := p.InitTransactions(short)
	var e kafka.Error
	if !errors.As(err, &e) || e.Code() != kafka.ErrTimedOut || !e.IsRetriable() || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a deadline: %v", err)
	}
	if err := p.BeginTransaction(); !errors.Is(err, kafka.ErrConflict) {
		t.Errorf("another call meanwhile: %v", err)
	}
	close(release)
	must(t, p.InitTransactions(t.Context()))
	must(t, p.BeginTransaction())
	must(t, p.AbortTransaction(t.Context()))
}

func TestTransactionFenced(t *testing.T) { eachTransactionVersion(t, testTransactionFenced) }

func testTransactionFenced(t *testing.T, version int16) {
	cl := transactionCluster(t, version, testcluster.Topic("t", 1))
	old := txnProducer(t, cl, "tx")
	must(t, old.BeginTransaction())
	produceAll(t, old, "t", "old")
	fresh := txnProducer(t, cl, "tx")
	err := old.CommitTransaction(t.Context())
	var e kafka.Error
	if !errors.As(err, &e) || e.Code() != kafka.ErrFenced || !e.IsFatal() {
		t.Fatalf("commit of a fenced producer: %v", err)
	}
	if err := old.GetFatalError(); !errors.Is(err, kafka.ErrFenced) {
		t.Errorf("GetFatalError: %v", err)
	}
	if err := old.Produce(message("t", 0, "k", "v"), nil); !errors.Is(err, kafka.ErrFatal) {
		t.Errorf("Produce after that: %v", err)
	}
	must(t, fresh.BeginTransaction())
	produceAll(t, fresh, "t", "fresh")
	must(t, fresh.CommitTransaction(t.Context()))
	if got, want := committedValues(t, cl, "t"), []string{"fresh"}; !slices.Equal(got, want) {
		t.Errorf("committed: %q, want %q", got, want)
	}
}

// TestTransactionFailedMessage has one message fail: the transaction can only be aborted.
func TestTransactionFailedMessage(t *testing.T) {
	eachTransactionVersion(t, testTransactionFailedMessage)
}

func testTransactionFailedMessage(t *testing.T, version int16) {
	cl := transactionCluster(t, version, testcluster.Topic("t", 1))
	p := txnProducer(t, cl, "tx")
	must(t, p.BeginTransaction())
	cl.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r := req.(*kmsg.ProduceRequest)
		resp := r.ResponseKind().(*kmsg.ProduceResponse)
		topic := kmsg.NewProduceResponseTopic()
		topic.Topic, topic.TopicID = r.Topics[0].Topic, r.Topics[0].TopicID
		partition := kmsg.NewProduceResponseTopicPartition()
		partition.ErrorCode = kerr.MessageTooLarge.Code
		topic.Partitions = append(topic.Partitions, partition)
		resp.Topics = append(resp.Topics, topic)
		return resp, nil, true
	})
	reports := make(chan kafka.Event, 1)
	must(t, p.Produce(message("t", 0, "k", "v"), reports))
	if err := nextReport(t, reports).TopicPartition.Error; !errors.Is(err, kafka.ErrMsgSizeTooLarge) {
		t.Fatalf("report: %v", err)
	}
	err := p.CommitTransaction(t.Context())
	var e kafka.Error
	if !errors.As(err, &e) || e.Code() != kafka.ErrMsgSizeTooLarge || !e.TxnRequiresAbort() {
		t.Fatalf("commit: %v", err)
	}
	if again := p.CommitTransaction(t.Context()); !errors.Is(again, kafka.ErrMsgSizeTooLarge) {
		t.Errorf("commit again: %v", again)
	}
	must(t, p.AbortTransaction(t.Context()))
	must(t, p.BeginTransaction())
	produceAll(t, p, "t", "after")
	must(t, p.CommitTransaction(t.Context()))
}

// TestTransactionAbortPurges aborts while messages wait: they are reported as purged.
func TestTransactionAbortPurges(t *testing.T) { eachTransactionVersion(t, testTransactionAbortPurges) }

func testTransactionAbortPurges(t *testing.T, version int16) {
	cl := transactionCluster(t, version, testcluster.Topic("t", 1))
	p := txnProducer(t, cl, "tx", "linger.ms", 10_000)
	must(t, p.BeginTransaction())
	reports := make(chan kafka.Event, 5)
	for i := range 5 {
		must(t, p.Produce(message("t", 0, "k", fmt.Sprint(i)), reports))
	}
	must(t, p.AbortTransaction(t.Context()))
	for range 5 {
		if err := nextReport(t, reports).TopicPartition.Error; !errors.Is(err, kafka.ErrPurgeQueue) {
			t.Errorf("report: %v", err)
		}
	}
	if got := committedValues(t, cl, "t"); len(got) > 0 {
		t.Errorf("committed: %q", got)
	}
}

// TestTransactionKinds has one producer make transactions of all kinds in all orders: with records, with offsets, with
// both, with nothing, committed and aborted. With version 2 of the protocol the epoch moves with some of them.
func TestTransactionKinds(t *testing.T) { eachTransactionVersion(t, testTransactionKinds) }

func testTransactionKinds(t *testing.T, version int16) {
	cl := transactionCluster(t, version, testcluster.Topic("t", 1), testcluster.Topic("out", 1))
	var mu sync.Mutex
	asked := map[string]int{} // requests, by name and version
	cl.ControlKey(-1, func(req kmsg.Request) (kmsg.Response, error, bool) {
		cl.KeepControl()
		mu.Lock()
		defer mu.Unlock()
		asked[fmt.Sprint(kmsg.Key(req.Key()).Name(), " ", req.GetVersion())]++
		return nil, nil, false
	})
	p := txnProducer(t, cl, "tx")
	md, err := kafka.NewTestConsumerGroupMetadata("g")
	must(t, err)
	c := startConsumer(t, cl, kafka.ConfigMap{"group.id": "g", "enable.auto.commit": false})
	const records, offsets, commits, kinds = 1, 2, 4, 8
	want, kept := kafka.OffsetInvalid, []string(nil)
	n := 0
	transaction := func(kind int) {
		n++
		must(t, p.BeginTransaction())
		if kind&records != 0 {
			produceAll(t, p, "out", fmt.Sprint(n))
		}
		if kind&offsets != 0 {
			must(t, p.SendOffsetsToTransaction(t.Context(), []kafka.TopicPartition{{Topic: ptr("t"), Offset: kafka.Offset(n)}, {Topic: ptr("t"), Offset: kafka.OffsetInvalid}}, md))
		}
		if kind&commits == 0 {
			must(t, p.AbortTransaction(t.Context()))
			return
		}
		must(t, p.CommitTransaction(t.Context()))
		if kind&records != 0 {
			kept = append(kept, fmt.Sprint(n))
		}
		if kind&offsets != 0 {
			want = kafka.Offset(n)
		}
	}
	for first := range kinds {
		for second := range kinds {
			transaction(first)
			transaction(second)
			got, err := c.Committed([]kafka.TopicPartition{{Topic: ptr("t")}}, 10_000)
			must(t, err)
			if got[0].Offset != want {
				t.Fatalf("after kinds %03b and %03b: committed %v, want %v", first, second, got[0].Offset, want)
			}
		}
	}
	if got := committedValues(t, cl, "out"); !slices.Equal(got, kept) {
		t.Errorf("committed: %q, want %q", got, kept)
	}
	mu.Lock()
	defer mu.Unlock()
	// Half of all kinds have records, a quarter have offsets alone.
	adds, ends4, ends5 := n/2, n*3/4, 0
	if version == 2 {
		adds, ends4, ends5 = 0, n/4, n/2
	}
	if asked["AddPartitionsToTxn 3"] != adds || asked["EndTxn 4"] != ends4 || asked["EndTxn 5"] != ends5 {
		t.Errorf("AddPartitionsToTxn 3 was asked %d times, EndTxn 4 %d times, EndTxn 5 %d times, want %d, %d, %d of %v",
			asked["AddPartitionsToTxn 3"], asked["EndTxn 4"], asked["EndTxn 5"], adds, ends4, ends5, asked)
	}
}

// TestConsumeExactlyOnce moves messages from a topic to another, with a handler that fails and a member that is fenced
// out in between: every message has its effect once.
func TestConsumeExactlyOnce(t *testing.T) {
	t.Parallel()
	const n = 200
	cl := testcluster.New(t, 1, testcluster.Topic("in", 2), testcluster.Topic("out", 1))
	filler := newProducer(t, cl.Bootstrap)
	reports := make(chan kafka.Event, n)
	for i := range n {
		must(t, filler.Produce(message("in", int32(i%2), "k", fmt.Sprint(i)), reports))
	}
	for range n {
		must(t, nextReport(t, reports).TopicPartition.Error)
	}
	group := newGroup()
	boom := errors.New("boom")
	moved := 0 // in transactions that the handler did not fail
	for round, fails := range []int{40, 90, -1} {
		c := startConsumer(t, cl, kafka.ConfigMap{"group.id": group, "enable.auto.commit": false, "queued.min.messages": 20})
		p := newProducer(t, cl.Bootstrap, "transactional.id", "mover", "linger.ms", 0)
		must(t, c.Subscribe("in", nil))
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		seen := 0
		err := kafka.ConsumeExactlyOnce(ctx, c, p, func(batch []*kafka.Message) (out []*kafka.Message, err error) {
			for _, m := range batch {
				if seen++; seen == fails {
					return nil, boom
				}
				out = append(out, message("out", 0, "k", "did "+string(m.Value)))
			}
			if moved += len(batch); moved == n {
				cancel() // the transaction at hand is still brought to its end
			}
			return out, nil
		})
		cancel()
		if fails > 0 && !errors.Is(err, boom) || fails < 0 && err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		p.Close()
		closeSoon(t, c)
	}
	got := committedValues(t, cl, "out")
	slices.Sort(got)
	if unique := slices.Compact(slices.Clone(got)); len(got) != n || len(unique) != n {
		t.Errorf("%d messages, %d different, want %d", len(got), len(unique), n)
	}
}

func ptr[T any](v T) *T { return &v }

// TestConsumeExactlyOnceLostMembership has the group forget the member while a batch is with the handler. Another
// member may have read the batch by then, so it must not be committed: the consumer reads it again.
func TestConsumeExactlyOnceLostMembership(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("in", 1), testcluster.Topic("out", 1))
	fill(t, cl, "in", 0, 0, 3)
	c := startConsumer(t, cl, kafka.ConfigMap{"enable.auto.commit": false, "partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 1000})
	must(t, c.Subscribe("in", nil))
	p := newProducer(t, cl.Bootstrap, "transactional.id", "mover", "linger.ms", 0)
	forget := func() {
		was, err := c.GetConsumerGroupMetadata()
		must(t, err)
		cl.ControlKey(int16(kmsg.JoinGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
			resp := req.ResponseKind().(*kmsg.JoinGroupResponse)
			resp.ErrorCode = kerr.UnknownMemberID.Code
			return resp, nil, true
		})
		cl.ControlKey(int16(kmsg.Heartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
			resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
			resp.ErrorCode = kerr.RebalanceInProgress.Code
			return resp, nil, true
		})
		eventually(t, nil, "the membership is lost", func() bool {
			now, err := c.GetConsumerGroupMetadata()
			must(t, err)
			return !reflect.DeepEqual(now, was)
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	seen := map[string]int{}
	err := kafka.ConsumeExactlyOnce(ctx, c, p, func(batch []*kafka.Message) (out []*kafka.Message, err error) {
		if len(seen) == 0 {
			forget()
		} else if batch[len(batch)-1].TopicPartition.Offset == 2 {
			cancel() // the transaction at hand is still brought to its end
		}
		for _, m := range batch {
			at := fmt.Sprint(m.TopicPartition.Offset)
			seen[at]++
			out = append(out, message("out", 0, "k", at))
		}
		return out, nil
	})
	must(t, err)
	if seen["0"] != 2 {
		t.Errorf("the first message was handled %d times, want 2: %v", seen["0"], seen)
	}
	if got, want := committedValues(t, cl, "out"), []string{"0", "1", "2"}; !slices.Equal(got, want) {
		t.Errorf("committed: %q, want %q", got, want)
	}
}

func TestConsumeExactlyOnceArguments(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1)
	plain, tx := newProducer(t, cl.Bootstrap), newProducer(t, cl.Bootstrap, "transactional.id", "tx")
	for _, row := range []struct {
		name string
		conf kafka.ConfigMap
		p    *kafka.Producer
		want kafka.ErrorCode
	}{
		{"commits by itself", nil, tx, kafka.ErrInvalidArg},
		{"reads what is not committed", kafka.ConfigMap{"enable.auto.commit": false, "isolation.level": "read_uncommitted"}, tx, kafka.ErrInvalidArg},
		{"no transactions", kafka.ConfigMap{"enable.auto.commit": false}, plain, kafka.ErrNotConfigured},
	} {
		err := kafka.ConsumeExactlyOnce(t.Context(), startConsumer(t, cl, row.conf), row.p, func([]*kafka.Message) ([]*kafka.Message, error) {
			t.Error("the handler was called")
			return nil, nil
		})
		wantCode(t, row.name, err, row.want)
	}
}

// TestTransactionOffsetsRunOutOfTime: the broker keeps refusing the offsets until the deadline. Its error is the result
// and asks for an abort, behind which the producer goes on.
func TestTransactionOffsetsRunOutOfTime(t *testing.T) {
	eachTransactionVersion(t, testTransactionOffsetsRunOutOfTime)
}

func testTransactionOffsetsRunOutOfTime(t *testing.T, version int16) {
	cl := transactionCluster(t, version, testcluster.Topic("t", 1))
	p := txnProducer(t, cl, "tx")
	md, err := kafka.NewTestConsumerGroupMetadata("g")
	must(t, err)
	offsets := []kafka.TopicPartition{{Topic: ptr("t"), Offset: 1}}
	must(t, p.BeginTransaction())
	refused := cl.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.TxnOffsetCommit}, Err: kerr.UnknownTopicOrPartition, Count: -1})
	// On a machine that is busy the broker may not get round to its first answer in time: then there is none to tell.
	var e kafka.Error
	for limit := 300 * time.Millisecond; ; limit *= 4 {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		err = p.SendOffsetsToTransaction(ctx, offsets, md)
		cancel()
		if !errors.Is(err, kafka.ErrTimedOut) || limit > patience {
			break
		}
	}
	if !errors.As(err, &e) || e.Code() != kafka.ErrUnknownTopicOrPart || !e.TxnRequiresAbort() {
		t.Errorf("SendOffsetsToTransaction: %v, want ErrUnknownTopicOrPart that requires an abort", err)
	}
	refused.Remove()
	must(t, p.AbortTransaction(t.Context()))
	must(t, p.BeginTransaction())
	must(t, p.SendOffsetsToTransaction(t.Context(), offsets, md))
	must(t, p.CommitTransaction(t.Context()))
}

// TestTransactionOffsetsEndRetried hinders the end of a transaction that holds nothing but offsets, in the ways that time
// heals. The request is the client's own, and not the engine's, so is the search for the coordinator.
func TestTransactionOffsetsEndRetried(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		hinder func(*testcluster.Cluster)
	}{
		{"nothing", func(*testcluster.Cluster) {}},
		{"busy", func(cl *testcluster.Cluster) { refuse(cl, kmsg.EndTxn, kerr.ConcurrentTransactions.Code) }},
		{"loading", func(cl *testcluster.Cluster) { refuse(cl, kmsg.EndTxn, kerr.CoordinatorLoadInProgress.Code) }},
		{"not the coordinator", func(cl *testcluster.Cluster) { refuse(cl, kmsg.EndTxn, kerr.NotCoordinator.Code) }},
		{"closed connection", func(cl *testcluster.Cluster) {
			cl.ControlKey(int16(kmsg.EndTxn), func(kmsg.Request) (kmsg.Response, error, bool) { return nil, io.EOF, true })
		}},
		{"another coordinator", func(cl *testcluster.Cluster) {
			if err := cl.RemoveNode(cl.CoordinatorFor("tx")); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 3, testcluster.Topic("t", 1))
			p := txnProducer(t, cl, "tx", "retry.backoff.ms", 10)
			for range 2 {
				must(t, p.BeginTransaction())
				must(t, sendOffsets(t, p))
				row.hinder(cl)
				must(t, p.CommitTransaction(t.Context()))
				c := startConsumer(t, cl, kafka.ConfigMap{"group.id": "g"})
				got, err := c.Committed([]kafka.TopicPartition{{Topic: ptr("t")}}, 10_000)
				must(t, err)
				if got[0].Offset != 1 {
					t.Errorf("committed: %v, want 1", got[0].Offset)
				}
			}
		})
	}
}

// TestTransactionVersionMoves has the cluster go from version 1 of the transaction protocol to version 2, as at the end of an
// upgrade. The producer hears of it with its next connection, and does not notice.
func TestTransactionVersionMoves(t *testing.T) {
	t.Parallel()
	cl := transactionCluster(t, 1, testcluster.Topic("t", 1))
	p := txnProducer(t, cl, "tx", "retry.backoff.ms", 10)
	added := make(chan struct{}, 100)
	cl.ControlKey(int16(kmsg.AddPartitionsToTxn), func(kmsg.Request) (kmsg.Response, error, bool) {
		cl.KeepControl()
		added <- struct{}{}
		return nil, nil, false
	})
	n := 0
	transactions := func() {
		for range 4 {
			n++
			must(t, p.BeginTransaction())
			if n%2 == 0 {
				produceAll(t, p, "t", fmt.Sprint(n))
			} else {
				must(t, sendOffsets(t, p))
			}
			must(t, p.CommitTransaction(t.Context()))
		}
	}
	transactions()
	cl.SetFeature(t, "transaction.version", 2)
	before := len(added)
	must(t, p.BeginTransaction())
	cl.ControlKey(int16(kmsg.AddOffsetsToTxn), func(kmsg.Request) (kmsg.Response, error, bool) { return nil, io.EOF, true })
	must(t, sendOffsets(t, p)) // over a new connection
	must(t, p.CommitTransaction(t.Context()))
	transactions()
	if after := len(added); before != 2 || after != before {
		t.Errorf("AddPartitionsToTxn was asked %d times with version 1 and %d times after, want 2 and 0", before, after-before)
	}
	if got := committedValues(t, cl, "t"); !slices.Equal(got, []string{"2", "4", "6", "8"}) {
		t.Errorf("committed: %q", got)
	}
}
