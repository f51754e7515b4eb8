package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// sendOffsets adds a group's offsets to the transaction: it registers the group with the transaction's coordinator,
// once for a transaction, and then hands the offsets to the group's.
func (t *transactions) sendOffsets(ctx context.Context, offsets []TopicPartition, member groupMember) error {
	began := time.Now()
	id, epoch, err := t.p.client.engine().ProducerID(ctx)
	if err != nil {
		return t.offsetsNotAdded(ctx, began, err)
	}
	t.mu.Lock()
	added := t.offsets[member.group]
	t.mu.Unlock()
	if !added {
		req := kmsg.NewPtrAddOffsetsToTxnRequest()
		req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Group = t.id, id, epoch, member.group
		err := t.retry(ctx, func() error {
			resp, err := req.RequestWith(ctx, t.p.client)
			if err != nil {
				return err
			}
			return kerr.ErrorForCode(resp.ErrorCode)
		})
		if err != nil {
			return t.offsetsNotAdded(ctx, began, err)
		}
		t.mu.Lock()
		if t.offsets == nil {
			t.offsets = map[string]bool{}
		}
		t.offsets[member.group] = true
		t.mu.Unlock()
	}

	req := kmsg.NewPtrTxnOffsetCommitRequest()
	req.TransactionalID, req.ProducerID, req.ProducerEpoch = t.id, id, epoch
	req.Group, req.Generation, req.MemberID, req.InstanceID = member.group, member.generation, member.member, member.instance
	at := map[string]int{}
	for _, tp := range offsets {
		i, ok := at[*tp.Topic]
		if !ok {
			i = len(req.Topics)
			at[*tp.Topic] = i
			topic := kmsg.NewTxnOffsetCommitRequestTopic()
			topic.Topic = *tp.Topic
			req.Topics = append(req.Topics, topic)
		}
		p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
		p.Partition, p.Offset, p.Metadata = tp.Partition, int64(tp.Offset), tp.Metadata
		if tp.LeaderEpoch != nil {
			p.LeaderEpoch = *tp.LeaderEpoch
		}
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, p)
	}
	var broker kgo.BrokerMetadata
	var failures []string
	var answer error
	err = t.retry(ctx, func() error {
		shards := t.p.client.RequestSharded(ctx, req)
		if len(shards) != 1 {
			return fmt.Errorf("the group's coordinator gave %d answers", len(shards))
		}
		if shards[0].Err != nil {
			return shards[0].Err
		}
		broker = shards[0].Meta
		failures = nil
		var first error
		for _, topic := range shards[0].Resp.(*kmsg.TxnOffsetCommitResponse).Topics {
			for _, p := range topic.Partitions {
				err := kerr.ErrorForCode(p.ErrorCode)
				if err == nil {
					continue
				}
				failures = append(failures, fmt.Sprintf("%s((null))[%d](%s)", topic.Topic, p.Partition, codeError(p.ErrorCode)))
				if first == nil || kerr.IsRetriable(first) {
					first = err
				}
			}
		}
		answer = first
		return first
	})
	if err == nil {
		return nil
	}
	if ctx.Err() != nil && answer != nil { // time ran out in the middle of another try
		err = answer
	}
	text := ""
	if len(failures) > 0 {
		text = fmt.Sprintf("Failed to commit offsets to transaction on broker %s:%d/%d: %s (after %dms)",
			broker.Host, broker.Port, broker.NodeID, strings.Join(failures, ", "), time.Since(began).Milliseconds())
	}
	return t.offsetsNotCommitted(ctx, text, err)
}

// retry makes a request of a transaction until it succeeds, ends with an error that time does not heal, or ctx ends.
// The coordinator says for a while after a transaction's end that it is still at it, see txnRetry.
func (t *transactions) retry(ctx context.Context, request func() error) error {
	for try := 1; ; try++ {
		err := request()
		busy := errors.Is(err, kerr.ConcurrentTransactions)
		if err == nil || !busy && brokerRefused(err) {
			return err
		}
		pause := t.p.client.backoff(try)
		if busy {
			pause = min(pause, txnRetry<<min(try-1, 20))
		}
		if !sleep(ctx, pause) {
			return err
		}
	}
}

// endTxnSameEpoch is a request to end a transaction in the last version that does not move the producer's epoch.
type endTxnSameEpoch struct{ *kmsg.EndTxnRequest }

// MaxVersion is part of kmsg.Request.
func (endTxnSameEpoch) MaxVersion() int16 { return 4 }

// endTxn ends a transaction that holds nothing but offsets. The engine has no part in it, so the producer's epoch must
// stay as the engine knows it.
func (t *transactions) endTxn(ctx context.Context, commit bool) error {
	id, epoch, err := t.p.client.engine().ProducerID(ctx)
	if err != nil && (commit || !brokerRefused(err)) { // the broker aborts also for an id that the engine has given up
		return err
	}
	req := endTxnSameEpoch{kmsg.NewPtrEndTxnRequest()}
	req.TransactionalID, req.ProducerID, req.ProducerEpoch, req.Commit = t.id, id, epoch, commit
	coordinator := t.p.writes.coordinator()
	err = t.retry(ctx, func() error {
		resp, err := t.p.client.requestOf(ctx, coordinator, req)
		if err == nil {
			err = kerr.ErrorForCode(resp.(*kmsg.EndTxnResponse).ErrorCode)
		}
		if err != nil && !errors.Is(err, kerr.ConcurrentTransactions) && !brokerRefused(err) {
			coordinator = t.coordinator(ctx) // it may be another one by now
		}
		return err
	})
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.offsets = nil
	return nil
}

// coordinator returns the id of the broker that coordinates the transactions, or -1.
func (t *transactions) coordinator(ctx context.Context) int32 {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req := kmsg.NewPtrFindCoordinatorRequest()
	req.CoordinatorType, req.CoordinatorKey, req.CoordinatorKeys = 1, t.id, []string{t.id}
	resp, err := req.RequestWith(ctx, t.p.client)
	switch {
	case err != nil:
		return -1
	case len(resp.Coordinators) > 0:
		return resp.Coordinators[0].NodeID
	}
	return resp.NodeID
}
