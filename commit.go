package kafka

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// commitRequest is one commit on its way: of a call, of the timer, or before a revocation.
type commitRequest struct {
	list   []TopicPartition // as given, with offsets < 0 where there is nothing to commit
	event  bool             // the result goes to the application as OffsetsCommitted
	done   chan struct{}    // closed when result and err are set; nil where no one waits
	result []TopicPartition
	err    error
}

// commitQueue is what commitLoop works off. Commits of a group are sent one at a time, in order, so that a slow one
// can't overtake and undo a newer one. Consumer.mu guards it.
type commitQueue struct {
	pending []*commitRequest
	sending bool          // a batch is on its way
	kick    chan struct{} // capacity 1
}

// Commit commits what is stored of the assignment and has moved since the last commit, and waits for the answer. The
// result has every assigned partition, with OffsetInvalid where there was nothing to commit.
//
// ErrNoOffset: there is nothing to commit. ErrAssignmentLost: the membership was lost, see AssignmentLost. Else the
// broker's error, with no result, when no partition could be committed or one does not exist; any other error of a
// partition is in the result.
func (c *Consumer) Commit() ([]TopicPartition, error) { return c.CommitOffsets(nil) }

// CommitMessage commits the offset behind a message, see [Consumer.CommitOffsets]. ErrInvalidArg: the message has an
// error.
func (c *Consumer) CommitMessage(m *Message) ([]TopicPartition, error) {
	if m == nil {
		return nil, newErrorf(ErrInvalidArg, "CommitMessage needs a message, not nil")
	}
	if m.TopicPartition.Error != nil {
		return nil, newErrorf(ErrInvalidArg, "Can't commit errored message")
	}
	tp := m.TopicPartition
	tp.Offset++
	return c.CommitOffsets([]TopicPartition{tp})
}

// CommitOffsets commits these offsets, each the offset of the next message to be read, and waits for the answer.
// Partitions need not be assigned and offsets may be lower than before. nil commits as Commit does; a list without an
// offset >= 0 is ErrNoOffset.
func (c *Consumer) CommitOffsets(offsets []TopicPartition) ([]TopicPartition, error) {
	return c.CommitContext(context.Background(), offsets)
}

// CommitContext is CommitOffsets until ctx ends. The error is then that of ctx, and the commit may still be made.
func (c *Consumer) CommitContext(ctx context.Context, offsets []TopicPartition) ([]TopicPartition, error) {
	req, err := c.newCommit(offsets)
	if err != nil {
		return nil, err
	}
	req.done = make(chan struct{})
	c.submit(req)
	select {
	case <-req.done:
		if req.err != nil {
			return nil, req.err
		}
		return req.result, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.client.tasks.ctx.Done():
		return nil, errClosed()
	}
}

// CommitAsync commits like CommitOffsets, without arguments like Commit, but does not wait: the result is an
// OffsetsCommitted event and, where it is set, a call of on_commit. Commits that wait for an earlier one are sent
// together; each has its own result.
func (c *Consumer) CommitAsync(offsets ...TopicPartition) error {
	req, err := c.newCommit(offsets)
	if err != nil {
		return err
	}
	req.event = true
	c.submit(req)
	return nil
}

// newCommit checks what is to be committed; nil means what is stored.
func (c *Consumer) newCommit(offsets []TopicPartition) (*commitRequest, error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	if c.client.fatalError() != nil {
		return nil, newError(ErrFatal)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.group.lost {
		return nil, newError(ErrAssignmentLost)
	}
	if offsets == nil {
		if req := c.storedLocked(keysOf(c.assignment), false); req != nil {
			return req, nil
		}
		return nil, newError(ErrNoOffset)
	}
	some := false
	for _, tp := range offsets {
		if tp.Topic == nil {
			return nil, newErrorf(ErrInvalidArg, "the partition to commit has no topic")
		}
		some = some || tp.Offset >= 0
	}
	if !some {
		return nil, newError(ErrNoOffset)
	}
	return &commitRequest{list: plainOffsets(offsets)}, nil
}

// plainOffsets is a copy of a list in which empty metadata and negative epochs are none, as they are to a broker.
func plainOffsets(offsets []TopicPartition) []TopicPartition {
	list := append([]TopicPartition{}, offsets...)
	for i := range list {
		if m := list[i].Metadata; m != nil && *m == "" {
			list[i].Metadata = nil
		}
		if e := list[i].LeaderEpoch; e != nil && *e < 0 {
			list[i].LeaderEpoch = nil
		}
	}
	return list
}

// storedLocked makes a commit of what is stored of these partitions and lies behind what is committed; nil where
// nothing does. So an automatic commit never goes backwards. Of partitions that are given back it is also made where
// the same is committed already, as in the peer: the application gets its event.
func (c *Consumer) storedLocked(keys []topicPartition, givenBack bool) *commitRequest {
	list := make([]TopicPartition, len(keys))
	some := false
	for i, k := range keys {
		p := c.partitionLocked(k.topic, k.id)
		list[i] = TopicPartition{Topic: p.topic, Partition: p.id, Offset: OffsetInvalid}
		if p.stored.after(p.committed) || givenBack && !p.committed.after(p.stored) {
			list[i].Offset, list[i].Metadata, list[i].LeaderEpoch = p.stored.offset, p.stored.metadata, epochPtr(p.stored.epoch)
			some = some || p.stored.offset >= 0 // a logical one only comes back in the result
		}
	}
	if !some {
		return nil
	}
	return &commitRequest{list: list}
}

// submit queues a commit.
func (c *Consumer) submit(req *commitRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.submitLocked(req)
}

func (c *Consumer) submitLocked(req *commitRequest) {
	c.commits.pending = append(c.commits.pending, req)
	select {
	case c.commits.kick <- struct{}{}:
	default:
	}
}

// commitAndWait commits before a revocation or at Close.
func (c *Consumer) commitAndWait(ctx context.Context, req *commitRequest) {
	req.done = make(chan struct{})
	c.submit(req)
	select {
	case <-req.done:
	case <-ctx.Done():
	}
}

// finalCommit commits, at Close, what a manual assignment has stored. A member's was committed before it left the group.
func (c *Consumer) finalCommit(ctx context.Context, member bool) {
	if !c.autoCommit {
		return
	}
	c.mu.Lock()
	req := c.storedLocked(keysOf(c.assignment), !member)
	c.mu.Unlock()
	if req != nil {
		c.commitAndWait(ctx, req)
	}
}

// commitLoop sends commits, one at a time, and makes the automatic ones.
func (c *Consumer) commitLoop(ctx context.Context) {
	var tick <-chan time.Time
	if interval := c.client.conf.ms("auto.commit.interval.ms"); c.autoCommit && interval > 0 {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-c.commits.kick:
		case <-tick:
			c.autoCommitNow()
		case <-ctx.Done():
			c.abandonCommits()
			return
		}
		for {
			batch := c.takeCommits()
			if len(batch) == 0 {
				break
			}
			c.send(ctx, batch)
		}
	}
}

// autoCommitNow queues an automatic commit of the assignment, unless the group is in the middle of something.
func (c *Consumer) autoCommitNow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.group.lost && !c.closing {
		c.autoCommitLocked(c.assignment, false)
	}
}

// autoCommitLocked queues an automatic commit of what these partitions have stored.
func (c *Consumer) autoCommitLocked(partitions []*partition, givenBack bool) {
	if !c.autoCommit {
		return
	}
	if req := c.storedLocked(keysOf(partitions), givenBack); req != nil {
		req.event = true
		c.submitLocked(req)
	}
}

func keysOf(partitions []*partition) []topicPartition {
	keys := make([]topicPartition, len(partitions))
	for i, p := range partitions {
		keys[i] = p.key()
	}
	return keys
}

// takeCommits takes the first commit, and with it those behind it that can go in the same request: none of a partition
// twice, so that each has the result of its own offset.
func (c *Consumer) takeCommits() (batch []*commitRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commits.sending = len(c.commits.pending) > 0
	seen := map[topicPartition]bool{}
	for i, req := range c.commits.pending {
		for _, tp := range req.list {
			if seen[topicPartition{*tp.Topic, tp.Partition}] {
				c.commits.pending = c.commits.pending[i:]
				return batch
			}
		}
		for _, tp := range req.list {
			seen[topicPartition{*tp.Topic, tp.Partition}] = true
		}
		batch = append(batch, req)
	}
	c.commits.pending = nil
	return batch
}

func (c *Consumer) abandonCommits() {
	for {
		batch := c.takeCommits()
		if len(batch) == 0 {
			return
		}
		for _, req := range batch {
			c.finishCommit(req, nil, errClosed())
		}
	}
}

// send commits a batch and gives each request its result.
func (c *Consumer) send(ctx context.Context, batch []*commitRequest) {
	results, err := c.sendCommit(ctx, batch)
	for _, req := range batch {
		c.finishCommit(req, results, err)
	}
}

// Tries of a commit that meets a rebalance or a moving coordinator, before its error is the result.
const commitTries = 5

func (c *Consumer) sendCommit(ctx context.Context, batch []*commitRequest) (results map[topicPartition]error, err error) {
	for try := 1; ; try++ {
		results, err = c.sendCommitOnce(ctx, batch)
		retry := false
		for _, e := range results {
			// A member epoch that moved while the commit was on its way is current in the next try; the rest is the
			// engine's to retry, but it looks at the first partition only.
			retry = retry || errors.Is(e, kerr.StaleMemberEpoch) || errors.Is(e, kerr.UnstableOffsetCommit) ||
				errors.Is(e, kerr.CoordinatorLoadInProgress) || errors.Is(e, kerr.CoordinatorNotAvailable) || errors.Is(e, kerr.NotCoordinator) ||
				(errors.Is(e, kerr.IllegalGeneration) || errors.Is(e, kerr.RebalanceInProgress)) && c.stillOwns(batch)
		}
		if err != nil || !retry || try == commitTries || !sleep(ctx, c.client.backoff(try)) {
			return results, err
		}
	}
}

// stillOwns reports whether all partitions of a batch are the member's own in its present generation. Under a
// cooperative protocol a member rejoins while the application goes on, and its commits may meet that.
func (c *Consumer) stillOwns(batch []*commitRequest) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.manual {
		return false
	}
	for _, r := range batch {
		if !c.ownsLocked(r.list) {
			return false
		}
	}
	return true
}

// ownsLocked reports whether the consumer is a member of its group and all partitions with an offset are its own.
func (c *Consumer) ownsLocked(list []TopicPartition) bool {
	if c.group.lost || c.group.generation < 0 {
		return false
	}
	for _, tp := range list {
		if tp.Offset >= 0 && !slices.Contains(c.group.owned, topicPartition{*tp.Topic, tp.Partition}) {
			return false
		}
	}
	return true
}

func (c *Consumer) sendCommitOnce(ctx context.Context, batch []*commitRequest) (map[topicPartition]error, error) {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group = c.groupID
	c.mu.Lock()
	req.Generation, req.MemberID = c.group.generation, c.group.memberID
	if former := c.group.former; c.group.generation < 0 && former.id != "" {
		req.Generation, req.MemberID = former.generation, former.id
	} else if c.manual || c.group.generation < 0 {
		req.Generation, req.MemberID = -1, ""
	} else if c.instanceID != "" {
		req.InstanceID = &c.instanceID
	}
	c.mu.Unlock()
	at := map[string]int{}
	for _, r := range batch {
		for _, tp := range r.list {
			if tp.Offset < 0 {
				continue
			}
			i, ok := at[*tp.Topic]
			if !ok {
				t := kmsg.NewOffsetCommitRequestTopic()
				t.Topic = *tp.Topic
				i = len(req.Topics)
				at[*tp.Topic] = i
				req.Topics = append(req.Topics, t)
			}
			p := kmsg.NewOffsetCommitRequestTopicPartition()
			p.Partition, p.Offset, p.Metadata = tp.Partition, int64(tp.Offset), tp.Metadata
			if p.Metadata == nil {
				p.Metadata = kmsg.StringPtr("")
			}
			if tp.LeaderEpoch != nil {
				p.LeaderEpoch = *tp.LeaderEpoch
			}
			req.Topics[i].Partitions = append(req.Topics[i].Partitions, p)
		}
	}
	bounded, cancel := context.WithTimeout(ctx, c.client.requestTimeout())
	defer cancel()
	resp, err := req.RequestWith(bounded, c.client)
	if err != nil {
		return nil, err
	}
	results := map[topicPartition]error{}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			results[topicPartition{t.Topic, p.Partition}] = kerr.ErrorForCode(p.ErrorCode)
		}
	}
	return results, nil
}

// finishCommit works out the result of one request and hands it to whom it is for.
func (c *Consumer) finishCommit(req *commitRequest, results map[topicPartition]error, err error) {
	req.result = make([]TopicPartition, len(req.list))
	failed, sent := 0, 0
	var first error
	c.mu.Lock()
	for i, tp := range req.list {
		req.result[i] = tp
		req.result[i].Error = nil
		if tp.Offset < 0 {
			continue
		}
		sent++
		k := topicPartition{*tp.Topic, tp.Partition}
		e, answered := results[k]
		switch {
		case err != nil:
			e = err
		case !answered:
			e = kerr.UnknownTopicOrPartition
		}
		if e != nil {
			failed++
			if first == nil || errors.Is(e, kerr.UnknownTopicOrPartition) {
				first = e
			}
			req.result[i].Error = toError(e)
			continue
		}
		if p := c.partitions[k]; p != nil {
			epoch := int32(-1)
			if tp.LeaderEpoch != nil {
				epoch = *tp.LeaderEpoch
			}
			p.committed = offsetAndEpoch{tp.Offset, epoch, tp.Metadata}
		}
	}
	// As in the peer: a partition that does not exist makes the whole call fail, although the others are committed.
	if sent > 0 && failed == sent || errors.Is(first, kerr.UnknownTopicOrPartition) {
		req.err = toError(first)
	}
	if req.event && !c.closing {
		c.queue.pushLocked(func(c *Consumer) Event {
			if c.onCommit != nil {
				c.onCommit(req.err, req.result)
			}
			return OffsetsCommitted{req.err, req.result}
		})
	}
	c.mu.Unlock()
	if req.done != nil {
		close(req.done)
	}
}

// StoreOffsets stores offsets to be committed by the next automatic commit or Commit: each the offset of the next
// message to be read. It needs enable.auto.offset.store=false and partitions that are assigned; the result has the
// error of each: ErrState where it is not assigned, ErrUnknownPartition where the consumer does not use its topic. The
// call fails with the last of these errors only when none could be stored. It does not block.
func (c *Consumer) StoreOffsets(offsets []TopicPartition) (storedOffsets []TopicPartition, err error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	stored := plainOffsets(offsets)
	if c.autoStore {
		return stored, newError(ErrInvalidArg)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	good := 0
	for i := range stored {
		tp := &stored[i]
		if tp.Topic == nil {
			tp.Error = newErrorf(ErrInvalidArg, "the partition to store has no topic")
		} else if p := c.namedLocked(*tp.Topic, tp.Partition); p == nil {
			tp.Error = newError(ErrUnknownPartition)
		} else if !p.assigned && tp.Offset >= 0 { // a logical one is never committed
			tp.Error = newError(ErrState)
		} else {
			epoch := int32(-1)
			if tp.LeaderEpoch != nil {
				epoch = *tp.LeaderEpoch
			}
			p.stored = offsetAndEpoch{tp.Offset, epoch, tp.Metadata}
			tp.Error = nil
			good++
			continue
		}
		err = tp.Error
	}
	if good > 0 {
		err = nil
	}
	return stored, err
}

// StoreMessage stores the offset behind a message, see [Consumer.StoreOffsets]. ErrInvalidArg: the message has an
// error, or a negative offset or epoch.
func (c *Consumer) StoreMessage(m *Message) (storedOffsets []TopicPartition, err error) {
	switch {
	case m == nil:
		return nil, newErrorf(ErrInvalidArg, "StoreMessage needs a message, not nil")
	case m.TopicPartition.Error != nil:
		return nil, newErrorf(ErrInvalidArg, "Can't store errored message")
	case m.TopicPartition.Offset < 0:
		return nil, newErrorf(ErrInvalidArg, "Can't store message with offset less than 0")
	case m.TopicPartition.LeaderEpoch != nil && *m.TopicPartition.LeaderEpoch < 0:
		return nil, newErrorf(ErrInvalidArg, "Can't store message with leader epoch less than 0")
	}
	tp := m.TopicPartition
	tp.Offset++
	return c.StoreOffsets([]TopicPartition{tp})
}
