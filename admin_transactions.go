package kafka

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DescribeProducersAdminOption is an option of DescribeProducers: [SetAdminRequestTimeout].
type DescribeProducersAdminOption interface {
	AdminOption
	supportsDescribeProducers()
}

func (AdminOptionRequestTimeout) supportsDescribeProducers() {}

// ProducerState is what a partition knows of an idempotent or transactional producer. All of this file is an addition
// to the peer's API.
type ProducerState struct {
	ProducerID            int64
	ProducerEpoch         int32
	LastSequence          int32     // -1 where there is none
	LastTimestamp         time.Time // of its last message; zero where there is none
	CoordinatorEpoch      int32     // -1 where there is none
	CurrentTxnStartOffset Offset    // where its open transaction begins; OffsetInvalid where it has none
}

// PartitionProducers are the producers of one partition. Where the partition's Error is set there are none.
type PartitionProducers struct {
	TopicPartition TopicPartition
	Producers      []ProducerState
}

// DescribeProducersResult is what DescribeProducers returns, in the order of the request.
type DescribeProducersResult struct {
	Partitions []PartitionProducers
}

// DescribeProducers describes the idempotent and transactional producers of partitions: a transaction that hangs shows
// here. See [AdminClient] for how calls wait. ErrInvalidArg: an empty list, a partition twice.
func (a *AdminClient) DescribeProducers(ctx context.Context, partitions []TopicPartition, options ...DescribeProducersAdminOption) (result DescribeProducersResult, err error) {
	call, err := begin(ctx, a, waitResponse, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	if err := checkPartitions(partitions, "Duplicate partitions not allowed"); err != nil {
		return result, err
	}
	if len(partitions) == 0 {
		return result, newErrorf(ErrInvalidArg, "No partitions to describe")
	}
	exist, err := call.client.lookUp(call.ctx, topicNames(partitions))
	if err != nil {
		return result, call.leadersFail(err)
	}
	req := kmsg.NewPtrDescribeProducersRequest()
	found := map[topicPartition]PartitionProducers{}
	for topic, ids := range partitionsByTopic(partitions) {
		t := kmsg.NewDescribeProducersRequestTopic()
		t.Topic = topic
		for _, id := range ids {
			if err := exist.check(topic, id); err != nil {
				found[topicPartition{topic, id}] = PartitionProducers{TopicPartition: TopicPartition{Error: *err}}
				continue
			}
			t.Partitions = append(t.Partitions, id)
		}
		if len(t.Partitions) > 0 {
			req.Topics = append(req.Topics, t)
		}
	}
	var shards []kgo.ResponseShard
	if len(req.Topics) > 0 {
		shards = call.client.ask(call.ctx, req)
	}
	for _, s := range shards {
		if s.Err != nil {
			if call.ctx.Err() != nil {
				return DescribeProducersResult{}, call.leadersFail(s.Err)
			}
			for _, t := range s.Req.(*kmsg.DescribeProducersRequest).Topics {
				for _, p := range t.Partitions {
					found[topicPartition{t.Topic, p}] = PartitionProducers{TopicPartition: TopicPartition{Error: itemLocalError(s.Err)}}
				}
			}
			continue
		}
		for _, t := range s.Resp.(*kmsg.DescribeProducersResponse).Topics {
			for _, p := range t.Partitions {
				found[topicPartition{t.Topic, p.Partition}] = partitionProducers(p)
			}
		}
	}
	for _, p := range partitions {
		f, ok := found[topicPartition{*p.Topic, p.Partition}]
		if !ok {
			f.TopicPartition.Error = missing("partition", p.String())
		}
		f.TopicPartition.Topic, f.TopicPartition.Partition = p.Topic, p.Partition
		result.Partitions = append(result.Partitions, f)
	}
	return result, nil
}

func partitionProducers(p kmsg.DescribeProducersResponseTopicPartition) (out PartitionProducers) {
	if p.ErrorCode != 0 {
		out.TopicPartition.Error = itemError(p.ErrorCode, p.ErrorMessage)
		return out
	}
	out.Producers = []ProducerState{}
	for _, ap := range p.ActiveProducers {
		s := ProducerState{
			ProducerID: ap.ProducerID, ProducerEpoch: ap.ProducerEpoch, LastSequence: ap.LastSequence,
			CoordinatorEpoch: ap.CoordinatorEpoch, CurrentTxnStartOffset: OffsetInvalid,
		}
		if ap.LastTimestamp >= 0 {
			s.LastTimestamp = time.UnixMilli(ap.LastTimestamp)
		}
		if ap.CurrentTxnStartOffset >= 0 {
			s.CurrentTxnStartOffset = Offset(ap.CurrentTxnStartOffset)
		}
		out.Producers = append(out.Producers, s)
	}
	return out
}

// ListTransactionsAdminOption is an option of ListTransactions: [SetAdminRequestTimeout].
type ListTransactionsAdminOption interface {
	AdminOption
	supportsListTransactions()
}

func (AdminOptionRequestTimeout) supportsListTransactions() {}

// TransactionFilter picks transactions: those in one of the states, such as "Ongoing", and of one of the producers. An
// empty list picks all.
type TransactionFilter struct {
	States      []string
	ProducerIDs []int64
}

// TransactionListing is one transactional id.
type TransactionListing struct {
	TransactionalID string
	ProducerID      int64
	State           string // Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort, Dead, PrepareEpochFence
	Coordinator     Node
}

// ListTransactionsResult is what ListTransactions returns: what the filter picks, sorted by TransactionalID, and the
// errors of brokers that could not be asked, nil where there are none.
type ListTransactionsResult struct {
	Transactions []TransactionListing
	Errors       []error
}

// ListTransactions asks every broker for the transactional ids that it coordinates. See [AdminClient] for how calls
// wait. What goes wrong at a broker, a timeout too, is in the result's Errors.
func (a *AdminClient) ListTransactions(ctx context.Context, filter TransactionFilter, options ...ListTransactionsAdminOption) (result ListTransactionsResult, err error) {
	call, err := begin(ctx, a, waitBroker, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	req := kmsg.NewPtrListTransactionsRequest()
	req.StateFilters, req.ProducerIDFilters = filter.States, filter.ProducerIDs
	result.Transactions = []TransactionListing{}
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil {
			if call.app.Err() != nil {
				return ListTransactionsResult{}, call.app.Err()
			}
			result.Errors = append(result.Errors, call.itemFail(s.Err))
			continue
		}
		resp := s.Resp.(*kmsg.ListTransactionsResponse)
		if resp.ErrorCode != 0 {
			result.Errors = append(result.Errors, itemError(resp.ErrorCode, nil))
			continue
		}
		if len(resp.UnknownStateFilters) > 0 {
			result.Errors = append(result.Errors, newErrorf(ErrInvalidArg, "Broker %d knows no transaction state %q", s.Meta.NodeID, strings.Join(resp.UnknownStateFilters, ", ")))
		}
		for _, t := range resp.TransactionStates {
			result.Transactions = append(result.Transactions, TransactionListing{
				TransactionalID: t.TransactionalID, ProducerID: t.ProducerID, State: t.TransactionState, Coordinator: nodeOf(s.Meta),
			})
		}
	}
	slices.SortFunc(result.Transactions, func(a, b TransactionListing) int { return strings.Compare(a.TransactionalID, b.TransactionalID) })
	return result, nil
}

// DescribeTransactionsAdminOption is an option of DescribeTransactions: [SetAdminRequestTimeout].
type DescribeTransactionsAdminOption interface {
	AdminOption
	supportsDescribeTransactions()
}

func (AdminOptionRequestTimeout) supportsDescribeTransactions() {}

// TransactionDescription is one transactional id. Where Error is set only TransactionalID is, too.
type TransactionDescription struct {
	TransactionalID string
	Error           Error
	State           string // as in TransactionListing
	ProducerID      int64
	ProducerEpoch   int16
	Timeout         time.Duration    // after which the coordinator aborts it
	Start           time.Time        // of the open transaction; zero where there is none
	TopicPartitions []TopicPartition // that the open transaction has written to
	Coordinator     Node
}

// DescribeTransactionsResult is what DescribeTransactions returns, in the order of the request.
type DescribeTransactionsResult struct {
	Transactions []TransactionDescription
}

// DescribeTransactions describes transactional ids. See [AdminClient] for how calls wait; an id that got no answer in
// time has ErrTimedOut as its Error. ErrInvalidArg: an empty list, an id given twice.
func (a *AdminClient) DescribeTransactions(ctx context.Context, transactionalIDs []string, options ...DescribeTransactionsAdminOption) (result DescribeTransactionsResult, err error) {
	call, err := begin(ctx, a, waitBroker, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	if len(transactionalIDs) == 0 {
		return result, newErrorf(ErrInvalidArg, "No transactions to describe")
	}
	if len(distinct(transactionalIDs)) != len(transactionalIDs) {
		return result, newErrorf(ErrInvalidArg, "Duplicate transactional ids not allowed")
	}
	req := kmsg.NewPtrDescribeTransactionsRequest()
	req.TransactionalIDs = transactionalIDs
	found := map[string]TransactionDescription{}
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil {
			for _, id := range s.Req.(*kmsg.DescribeTransactionsRequest).TransactionalIDs {
				found[id] = TransactionDescription{Error: call.itemFail(s.Err)}
			}
			continue
		}
		for _, t := range s.Resp.(*kmsg.DescribeTransactionsResponse).TransactionStates {
			found[t.TransactionalID] = transaction(nodeOf(s.Meta), t)
		}
	}
	if call.app.Err() != nil {
		return result, call.app.Err()
	}
	for _, id := range transactionalIDs {
		d, ok := found[id]
		if !ok {
			d.Error = missing("transactional id", id)
		}
		d.TransactionalID = id
		result.Transactions = append(result.Transactions, d)
	}
	return result, nil
}

func transaction(coordinator Node, t kmsg.DescribeTransactionsResponseTransactionState) TransactionDescription {
	d := TransactionDescription{Error: itemError(t.ErrorCode, nil)}
	if t.ErrorCode != 0 {
		return d
	}
	d.State, d.ProducerID, d.ProducerEpoch, d.Coordinator = t.State, t.ProducerID, t.ProducerEpoch, coordinator
	d.Timeout = time.Duration(t.TimeoutMillis) * time.Millisecond
	if t.StartTimestamp >= 0 {
		d.Start = time.UnixMilli(t.StartTimestamp)
	}
	for _, rt := range t.Topics {
		for _, p := range rt.Partitions {
			d.TopicPartitions = append(d.TopicPartitions, TopicPartition{Topic: &rt.Topic, Partition: p})
		}
	}
	return d
}
