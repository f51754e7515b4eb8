package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// refuse has the broker answer the next request of a kind with an error.
func refuse(cl *testcluster.Cluster, key kmsg.Key, code int16) {
	cl.ControlKey(int16(key), func(req kmsg.Request) (kmsg.Response, error, bool) {
		resp := req.ResponseKind()
		switch r := req.(type) {
		case *kmsg.ProduceRequest:
			for _, t := range r.Topics {
				topic := kmsg.NewProduceResponseTopic()
				topic.Topic, topic.TopicID = t.Topic, t.TopicID
				for _, p := range t.Partitions {
					partition := kmsg.NewProduceResponseTopicPartition()
					partition.Partition, partition.ErrorCode = p.Partition, code
					topic.Partitions = append(topic.Partitions, partition)
				}
				resp.(*kmsg.ProduceResponse).Topics = append(resp.(*kmsg.ProduceResponse).Topics, topic)
			}
		case *kmsg.AddPartitionsToTxnRequest:
			for _, t := range r.Topics {
				topic := kmsg.NewAddPartitionsToTxnResponseTopic()
				topic.Topic = t.Topic
				for _, p := range t.Partitions {
					partition := kmsg.NewAddPartitionsToTxnResponseTopicPartition()
					partition.Partition, partition.ErrorCode = p, code
					topic.Partitions = append(topic.Partitions, partition)
				}
				resp.(*kmsg.AddPartitionsToTxnResponse).Topics = append(resp.(*kmsg.AddPartitionsToTxnResponse).Topics, topic)
			}
		case *kmsg.TxnOffsetCommitRequest:
			for _, t := range r.Topics {
				topic := kmsg.NewTxnOffsetCommitResponseTopic()
				topic.Topic = t.Topic
				for _, p := range t.Partitions {
					partition := kmsg.NewTxnOffsetCommitResponseTopicPartition()
					partition.Partition, partition.ErrorCode = p.Partition, code
					topic.Partitions = append(topic.Partitions, partition)
				}
				resp.(*kmsg.TxnOffsetCommitResponse).Topics = append(resp.(*kmsg.TxnOffsetCommitResponse).Topics, topic)
			}
		case *kmsg.InitProducerIDRequest:
			resp.(*kmsg.InitProducerIDResponse).ErrorCode = code
		case *kmsg.EndTxnRequest:
			resp.(*kmsg.EndTxnResponse).ErrorCode = code
		case *kmsg.AddOffsetsToTxnRequest:
			resp.(*kmsg.AddOffsetsToTxnResponse).ErrorCode = code
		}
		return resp, nil, true
	})
}

// refuseToAdd has the broker refuse the next partition that is to join a transaction.
func refuseToAdd(cl *testcluster.Cluster, version, code int16) {
	key := kmsg.AddPartitionsToTxn
	if version == 2 { // partitions join with their first message
		key = kmsg.Produce
	}
	refuse(cl, key, code)
}

// TestTransactionRefused has the broker refuse each request of a transaction in every way that matters. The code, what
// it says has to be done, and what then happens were seen of the peer on the same answers.
func TestTransactionRefused(t *testing.T) { eachTransactionVersion(t, testTransactionRefused) }

func testTransactionRefused(t *testing.T, version int16) {
	const (
		fatal = iota // nothing works any more
		abort        // after an abort all works again
		works        // it was tried again
	)
	for _, row := range []struct {
		key    kmsg.Key
		code   *kerr.Error
		then   int
		want   kafka.ErrorCode // of the commit, 0 for the broker's own
		report kafka.ErrorCode // of the message that was on its way
		text   string
	}{
		{kmsg.InitProducerID, kerr.TransactionalIDAuthorizationFailed, fatal, 0, 0, "Fatal error: Failed to acquire transactional PID from broker TxnCoordinator/0: Broker: Transactional Id authorization failed"},
		{kmsg.InitProducerID, kerr.ClusterAuthorizationFailed, fatal, 0, 0, ""},
		{kmsg.InitProducerID, kerr.InvalidTransactionTimeout, fatal, 0, 0, ""},
		{kmsg.InitProducerID, kerr.InvalidProducerEpoch, fatal, kafka.ErrFenced, 0, "Fatal error: Producer fenced by newer instance: " +
			"Failed to acquire transactional PID from broker TxnCoordinator/0: Broker: Producer attempted an operation with an old epoch"},
		{kmsg.InitProducerID, kerr.ProducerFenced, fatal, kafka.ErrFenced, 0, ""},
		{kmsg.InitProducerID, kerr.TopicAuthorizationFailed, works, 0, 0, ""},
		{kmsg.InitProducerID, kerr.UnknownServerError, works, 0, 0, ""},
		{kmsg.InitProducerID, kerr.InvalidProducerIDMapping, works, 0, 0, ""},

		{kmsg.AddPartitionsToTxn, kerr.TopicAuthorizationFailed, abort, 0, kafka.ErrPurgeQueue, ""},
		{kmsg.AddPartitionsToTxn, kerr.InvalidProducerIDMapping, abort, 0, kafka.ErrPurgeQueue, ""},
		{kmsg.AddPartitionsToTxn, kerr.UnknownServerError, abort, 0, kafka.ErrPurgeQueue, ""},
		{kmsg.AddPartitionsToTxn, kerr.UnknownProducerID, abort, 0, kafka.ErrPurgeQueue, ""},
		{kmsg.AddPartitionsToTxn, kerr.TransactionalIDAuthorizationFailed, fatal, 0, kafka.ErrPurgeQueue, "Fatal error: Failed to add partitions to transaction: Broker: Transactional Id authorization failed"},
		{kmsg.AddPartitionsToTxn, kerr.InvalidTxnState, fatal, 0, kafka.ErrPurgeQueue, ""},
		{kmsg.AddPartitionsToTxn, kerr.ProducerFenced, fatal, kafka.ErrFenced, kafka.ErrPurgeQueue, "Fatal error: Failed to add partitions to transaction: Local: This instance has been fenced by a newer instance"},

		{kmsg.Produce, kerr.TopicAuthorizationFailed, abort, 0, kafka.ErrTopicAuthorizationFailed, "ProduceRequest for t [0] failed: Broker: Topic authorization failed: current transaction must be aborted"},
		{kmsg.Produce, kerr.ProducerFenced, abort, 0, kafka.ErrProducerFenced, ""},
		{kmsg.Produce, kerr.InvalidTxnState, abort, 0, kafka.ErrInvalidTxnState, ""},
		{kmsg.Produce, kerr.UnknownProducerID, abort, 0, kafka.ErrUnknownProducerID, ""},
		{kmsg.Produce, kerr.OutOfOrderSequenceNumber, fatal, 0, kafka.ErrOutOfOrderSequenceNumber, ""},
		{kmsg.Produce, kerr.InvalidProducerEpoch, fatal, kafka.ErrFenced, kafka.ErrInvalidProducerEpoch, ""},

		{kmsg.EndTxn, kerr.TopicAuthorizationFailed, abort, 0, 0, "EndTxn commit failed: Broker: Topic authorization failed"},
		{kmsg.EndTxn, kerr.UnknownProducerID, abort, 0, 0, ""},
		{kmsg.EndTxn, kerr.TransactionAbortable, abort, 0, 0, ""},
		{kmsg.EndTxn, kerr.InvalidTxnState, fatal, 0, 0, "Fatal error: Failed to end transaction: Broker: Producer attempted a transactional operation in an invalid state"},
		{kmsg.EndTxn, kerr.InvalidProducerEpoch, fatal, kafka.ErrFenced, 0, "Fatal error: Failed to end transaction: Local: This instance has been fenced by a newer instance"},

		{kmsg.AddOffsetsToTxn, kerr.GroupAuthorizationFailed, abort, 0, 0, ""},
		{kmsg.AddOffsetsToTxn, kerr.ProducerFenced, abort, kafka.ErrFenced, 0, ""},
		{kmsg.AddOffsetsToTxn, kerr.InvalidProducerEpoch, fatal, kafka.ErrFenced, 0, "Fatal error: Failed to add offsets to transaction: Local: This instance has been fenced by a newer instance"},
		{kmsg.AddOffsetsToTxn, kerr.InvalidTxnState, fatal, 0, 0, ""},

		{kmsg.TxnOffsetCommit, kerr.IllegalGeneration, abort, 0, 0, ""},
		{kmsg.TxnOffsetCommit, kerr.StaleMemberEpoch, abort, 0, 0, ""},
		{kmsg.TxnOffsetCommit, kerr.ProducerFenced, abort, kafka.ErrFenced, 0, ""},
		{kmsg.TxnOffsetCommit, kerr.ClusterAuthorizationFailed, fatal, 0, 0, ""},
		{kmsg.TxnOffsetCommit, kerr.InvalidProducerIDMapping, fatal, 0, 0, ""},
	} {
		adds := row.key == kmsg.AddPartitionsToTxn
		if adds && version == 2 && (row.code == kerr.UnknownServerError || row.code == kerr.UnknownProducerID || row.code == kerr.InvalidTxnState) {
			continue // to a produce request that is the leader's own answer
		}
		t.Run(row.key.Name()+"/"+row.code.Message, func(t *testing.T) {
			t.Parallel()
			cl := transactionCluster(t, version, testcluster.Topic("t", 1), testcluster.Topic("before", 1))
			p := newProducer(t, cl.Bootstrap, "transactional.id", "tx", "retry.backoff.ms", 10, "retry.backoff.max.ms", 20)
			want := row.want
			if want == 0 && row.then != works {
				want = kafka.ErrorCode(row.code.Code)
			}
			if row.key == kmsg.InitProducerID {
				refuse(cl, row.key, row.code.Code)
			}
			err := p.InitTransactions(t.Context())
			if row.key != kmsg.InitProducerID {
				must(t, err)
				must(t, p.BeginTransaction())
				produceAll(t, p, "before", "x")
				if row.key == kmsg.Produce {
					produceAll(t, p, "t", "x") // else it would be the partition that is refused
				}
				if adds {
					refuseToAdd(cl, version, row.code.Code)
				} else {
					refuse(cl, row.key, row.code.Code)
				}
				reports := make(chan kafka.Event, 1)
				must(t, p.Produce(message("t", 0, "k", "bad"), reports))
				if got := code(nextReport(t, reports).TopicPartition.Error); got != row.report {
					t.Errorf("report: %v, want %v", got, row.report)
				}
				err = sendOffsets(t, p)
				if row.key != kmsg.AddOffsetsToTxn && row.key != kmsg.TxnOffsetCommit {
					err = p.CommitTransaction(t.Context())
				}
			}
			if got := code(err); got != want {
				t.Fatalf("%v, want %v", err, want)
			}
			if row.then != works {
				if e := err.(kafka.Error); e.IsFatal() != (row.then == fatal) || e.TxnRequiresAbort() != (row.then == abort) || e.IsRetriable() {
					t.Errorf("%v: fatal %t, to be aborted %t, retriable %t", e, e.IsFatal(), e.TxnRequiresAbort(), e.IsRetriable())
				}
				if row.text != "" && err.Error() != row.text {
					t.Errorf("text %q, want %q", err, row.text)
				}
			}
			if row.then == fatal {
				for name, err := range map[string]error{"commit": p.CommitTransaction(t.Context()), "abort": p.AbortTransaction(t.Context()),
					"begin": p.BeginTransaction(), "GetFatalError": p.GetFatalError()} {
					if code(err) != want {
						t.Errorf("%s then: %v, want %v", name, err, want)
					}
				}
				if err := p.Produce(message("t", 0, "k", "v"), nil); code(err) != kafka.ErrFatal {
					t.Errorf("Produce then: %v", err)
				}
				return
			}
			if row.then == abort {
				must(t, p.AbortTransaction(t.Context()))
			}
			for i := range 2 {
				must(t, p.BeginTransaction())
				produceAll(t, p, "t", fmt.Sprint(i))
				must(t, sendOffsets(t, p))
				must(t, p.CommitTransaction(t.Context()))
			}
			if got := committedValues(t, cl, "t"); !slices.Equal(got, []string{"0", "1"}) {
				t.Errorf("committed: %q", got)
			}
			if got := committedValues(t, cl, "before"); row.then == abort && len(got) > 0 {
				t.Errorf("of the aborted transaction was committed: %q", got)
			}
		})
	}
}

func sendOffsets(t *testing.T, p *kafka.Producer) error {
	t.Helper()
	member, err := kafka.NewTestConsumerGroupMetadata("g")
	must(t, err)
	return p.SendOffsetsToTransaction(t.Context(), []kafka.TopicPartition{{Topic: ptr("t"), Partition: 0, Offset: 1}}, member)
}

// TestTransactionAbortRefused has an abort fail: it can be made again, and nothing else.
func TestTransactionAbortRefused(t *testing.T) {
	eachTransactionVersion(t, testTransactionAbortRefused)
}

func testTransactionAbortRefused(t *testing.T, version int16) {
	cl := transactionCluster(t, version, testcluster.Topic("t", 1))
	p := txnProducer(t, cl, "tx")
	must(t, p.BeginTransaction())
	produceAll(t, p, "t", "dropped")
	refuse(cl, kmsg.EndTxn, kerr.UnknownServerError.Code)
	err := p.AbortTransaction(t.Context())
	if e, ok := err.(kafka.Error); !ok || e.Code() != kafka.ErrUnknown || !e.TxnRequiresAbort() || e.IsFatal() || err.Error() != "EndTxn abort failed: Unknown broker error" {
		t.Fatalf("abort: %v", err)
	}
	for name, err := range map[string]error{"commit": p.CommitTransaction(t.Context()), "begin": p.BeginTransaction()} {
		if code(err) != kafka.ErrState || err.Error() != "Operation not valid in state BeginAbort" {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, p.AbortTransaction(t.Context()))
	must(t, p.BeginTransaction())
	produceAll(t, p, "t", "kept")
	must(t, p.CommitTransaction(t.Context()))
	if got := committedValues(t, cl, "t"); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("committed: %q", got)
	}
	refuse(cl, kmsg.EndTxn, kerr.UnknownProducerID.Code)
	must(t, p.BeginTransaction())
	produceAll(t, p, "t", "dropped")
	must(t, p.AbortTransaction(t.Context())) // the broker knows of no producer: there is nothing to abort
}

// TestTransactionRefusedAfterOffsets refuses the message of a transaction that holds offsets: nothing has been written,
// and still the broker has to be told of the end.
func TestTransactionRefusedAfterOffsets(t *testing.T) {
	eachTransactionVersion(t, testTransactionRefusedAfterOffsets)
}

func testTransactionRefusedAfterOffsets(t *testing.T, version int16) {
	cl := transactionCluster(t, version, testcluster.Topic("t", 1))
	p := txnProducer(t, cl, "tx")
	must(t, p.BeginTransaction())
	must(t, sendOffsets(t, p))
	refuseToAdd(cl, version, kerr.TopicAuthorizationFailed.Code)
	reports := make(chan kafka.Event, 1)
	must(t, p.Produce(message("t", 0, "k", "v"), reports))
	nextReport(t, reports)
	must(t, p.AbortTransaction(t.Context()))
	must(t, p.BeginTransaction())
	produceAll(t, p, "t", "kept")
	must(t, p.CommitTransaction(t.Context()))
}

// TestTransactionRefusedMeanwhile makes calls while a transactional producer changes its engine, over and over: they
// must not notice.
func TestTransactionRefusedMeanwhile(t *testing.T) {
	eachTransactionVersion(t, testTransactionRefusedMeanwhile)
}

func testTransactionRefusedMeanwhile(t *testing.T, version int16) {
	cl := transactionCluster(t, version, testcluster.Topic("t", 1))
	p := txnProducer(t, cl, "tx", "statistics.interval.ms", 20)
	ctx, stop := context.WithCancel(t.Context())
	asked := make(chan int)
	for range 3 {
		go func() {
			n := 0
			for ; ctx.Err() == nil; n++ {
				if _, err := p.GetMetadata(nil, true, 30_000); err != nil {
					t.Errorf("GetMetadata: %v", err)
					break
				}
			}
			asked <- n
		}()
	}
	reports := make(chan kafka.Event, 1)
	for i := range 20 {
		must(t, p.BeginTransaction())
		refuseToAdd(cl, version, kerr.TopicAuthorizationFailed.Code)
		must(t, p.Produce(message("t", 0, "k", "v"), reports))
		nextReport(t, reports)
		must(t, p.AbortTransaction(t.Context()))
		must(t, p.BeginTransaction())
		produceAll(t, p, "t", fmt.Sprint(i))
		must(t, p.CommitTransaction(t.Context()))
	}
	stop()
	for range 3 {
		select {
		case n := <-asked:
			if n == 0 {
				t.Error("no call was made meanwhile")
			}
		case <-time.After(time.Minute):
			t.Fatal("a call does not end")
		}
	}
	if got := committedValues(t, cl, "t"); len(got) != 20 {
		t.Errorf("committed: %q", got)
	}
}
