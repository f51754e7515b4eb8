package kafka

import (
	"context"
	"errors"
	"time"
)

// CommitPolicy says how often [ConsumeAtLeastOnce] commits: after so many messages, or after so much time since the
// first that is not committed, whichever comes first. The zero value commits after every message.
type CommitPolicy struct {
	Messages int
	Interval time.Duration
}

// ConsumeAtLeastOnce hands every message to handle and commits behind it, as policy says: a message is committed only
// after it was handled, so none is lost, and after a crash those since the last commit are handled again. It commits
// what is left when it returns, and before partitions are taken away in a rebalance.
//
// It needs enable.auto.offset.store=false, so that no offset is stored before its message was handled; ErrInvalidArg
// otherwise. It returns the error of handle, whose message is not committed, of a failed commit, or an Error event that
// the consumer does not get over by itself, as it does over lost brokers; nil when ctx ends or the consumer is closed.
func ConsumeAtLeastOnce(ctx context.Context, c *Consumer, policy CommitPolicy, handle func(*Message) error) (err error) {
	if c.autoStore {
		return newErrorf(ErrInvalidArg, "ConsumeAtLeastOnce needs enable.auto.offset.store=false: with true an offset is stored before its message was handled")
	}
	handled := 0 // since the last commit
	var since time.Time
	commit := func() error {
		if handled == 0 {
			return nil
		}
		_, err := c.Commit()
		if goesOn(err) {
			since = time.Now() // what is stored stays so: the next commit takes it along
			return nil
		}
		handled = 0
		if errors.Is(err, ErrNoOffset) || membershipMoved(err) {
			return nil // a rebalance has taken, and committed, what there was; else it comes again
		}
		return err
	}
	defer func() {
		if !c.isClosing() {
			err = errors.Join(err, commit())
		}
	}()
	for {
		wait, cancel := ctx, context.CancelFunc(func() {})
		if handled > 0 && policy.Interval > 0 {
			wait, cancel = context.WithDeadline(ctx, since.Add(policy.Interval))
		}
		m, err := c.ReadMessageContext(wait)
		cancel()
		switch {
		case ctx.Err() != nil || c.isClosing():
			return nil
		case errors.Is(err, context.DeadlineExceeded) && wait != ctx:
			if err := commit(); err != nil {
				return err
			}
			continue
		case goesOn(err):
			continue
		case err != nil:
			return err
		}
		if err := handle(m); err != nil {
			return err
		}
		if _, err := c.StoreMessage(m); err != nil && !membershipMoved(err) {
			return err
		}
		if handled++; handled == 1 {
			since = time.Now()
		}
		if policy.due(handled, since) {
			if err := commit(); err != nil {
				return err
			}
		}
	}
}

// goesOn reports whether an Error event is for information: the consumer gets over it by itself.
func goesOn(err error) bool {
	var e Error
	if !errors.As(err, &e) || e.fatal {
		return false
	}
	switch e.code {
	case ErrTransport, ErrAllBrokersDown, ErrResolve, ErrTimedOut, ErrMaxPollExceeded:
		return true
	}
	return false
}

// membershipMoved reports whether a commit or store failed because a rebalance was faster: whoever has the partition
// now begins behind the last commit.
func membershipMoved(err error) bool {
	for _, code := range []ErrorCode{ErrState, ErrAssignmentLost, ErrRebalanceInProgress, ErrIllegalGeneration, ErrUnknownMemberID, ErrStaleMemberEpoch, ErrFencedMemberEpoch} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

func (p CommitPolicy) due(handled int, since time.Time) bool {
	if p.Messages <= 0 && p.Interval <= 0 {
		return true
	}
	return p.Messages > 0 && handled >= p.Messages || p.Interval > 0 && time.Since(since) >= p.Interval
}

// ConsumeAtMostOnce reads up to batch messages, commits behind them, and only when that succeeded hands them to
// handle: a message is never handed out twice, and after a crash those of the batch in hand are lost. Of partitions
// whose commit failed no message is handed out.
//
// It needs enable.auto.offset.store=false; ErrInvalidArg otherwise. It returns the error of handle, of a failed
// commit, or an Error event that the consumer does not get over by itself, as it does over lost brokers; nil when ctx
// ends or the consumer is closed. A batch whose commit fails because of a rebalance or a lost broker is not handed out,
// and read again by whoever has its partitions then.
func ConsumeAtMostOnce(ctx context.Context, c *Consumer, batch int, handle func([]*Message) error) error {
	if c.autoStore {
		return newErrorf(ErrInvalidArg, "ConsumeAtMostOnce needs enable.auto.offset.store=false: it commits what it hands out, nothing else")
	}
	for {
		msgs, err := c.ReadBatch(ctx, batch)
		if ctx.Err() != nil && len(msgs) == 0 || c.isClosing() {
			return nil
		}
		if goesOn(err) {
			continue
		}
		if err != nil {
			return err
		}
		if err := c.commitBehind(msgs); err != nil {
			if !membershipMoved(err) && !goesOn(err) {
				return err
			}
			c.rewind(msgs) // nobody has seen them: what is still ours comes again
			continue
		}
		if err := handle(msgs); err != nil {
			return err
		}
	}
}

// commitBehind commits the offsets behind a batch. Any partition's failure is the batch's.
func (c *Consumer) commitBehind(msgs []*Message) error {
	result, err := c.CommitOffsets(offsetsBehind(msgs))
	if err != nil {
		return err
	}
	for _, tp := range result {
		if tp.Error != nil {
			return tp.Error
		}
	}
	return nil
}

// offsetsBehind returns, for each partition of a batch, the offset behind its last message.
func offsetsBehind(msgs []*Message) []TopicPartition {
	behind := map[topicPartition]TopicPartition{}
	for _, m := range msgs {
		tp := m.TopicPartition
		tp.Offset++
		behind[topicPartition{*tp.Topic, tp.Partition}] = tp
	}
	list := make([]TopicPartition, 0, len(behind))
	for _, tp := range behind {
		list = append(list, tp)
	}
	return list
}

// exactlyOnceBatch is how many messages go into a transaction at most.
const exactlyOnceBatch = 1000

// ConsumeExactlyOnce reads messages in batches, hands each batch to handle, and produces what that returns, all in one
// transaction with the offsets behind the batch: for those who read with isolation.level=read_committed a message has
// its effect once, whatever fails. A transaction that can't be committed, because the handler, the producer or a
// rebalance says so, is aborted and its messages are read again.
//
// p must have a transactional.id of its own and must not be used for anything else meanwhile; InitTransactions is
// called if it was not. c needs enable.auto.commit=false and isolation.level=read_committed, which is the default;
// ErrInvalidArg otherwise. It returns the error of handle, whose
// batch is aborted and will be read again, or an Error event that the consumer does not get over by itself; nil when
// ctx ends or the consumer is closed.
func ConsumeExactlyOnce(ctx context.Context, c *Consumer, p *Producer, handle func([]*Message) ([]*Message, error)) error {
	if c.autoCommit {
		return newErrorf(ErrInvalidArg, "ConsumeExactlyOnce needs enable.auto.commit=false: offsets are committed by the transaction")
	}
	if !c.readCommitted {
		return newErrorf(ErrInvalidArg, "ConsumeExactlyOnce needs isolation.level=read_committed: else it takes partitions over before "+
			"the transaction of who had them is decided")
	}
	if p.txn == nil {
		return errNotTransactional()
	}
	if err := p.txn.initOnce(ctx); err != nil {
		return err
	}
	for {
		batch, err := c.ReadBatch(ctx, exactlyOnceBatch)
		if ctx.Err() != nil && len(batch) == 0 || c.isClosing() {
			return nil
		}
		if goesOn(err) {
			continue
		}
		if err != nil {
			return err
		}
		if err := transact(ctx, c, p, batch, handle); err != nil {
			return err
		}
	}
}

// transact makes one transaction of a batch. An error ends the consuming; a transaction that had to be aborted and is
// to be tried again is none.
func transact(ctx context.Context, c *Consumer, p *Producer, batch []*Message, handle func([]*Message) ([]*Message, error)) error {
	if err := p.BeginTransaction(); err != nil {
		return err
	}
	out, handlerErr := handle(batch)
	ctx = context.WithoutCancel(ctx) // what was begun is brought to an end
	err := handlerErr
	if err == nil {
		err = p.sendAndCommit(ctx, c, batch, out)
	}
	if err == nil {
		return nil
	}
	var e Error
	if handlerErr == nil && errors.As(err, &e) && (e.fatal || e.retriable) {
		return err // the producer has failed, or nobody knows what became of the transaction
	}
	if abortErr := p.txn.resumed(ctx, p.AbortTransaction); abortErr != nil {
		return errors.Join(err, abortErr)
	}
	c.rewind(batch)
	if handlerErr != nil || !e.txnRequiresAbort {
		return err
	}
	return nil
}

// sendAndCommit produces, adds the offsets behind the batch and commits.
func (p *Producer) sendAndCommit(ctx context.Context, c *Consumer, batch, out []*Message) error {
	reports := make(chan Event, len(out)) // room for all: nobody needs to read it
	room, cancel := context.WithTimeout(ctx, 2*p.txn.limit())
	defer cancel()
	for _, m := range out {
		if err := p.ProduceContext(room, m, reports); err != nil {
			return err
		}
	}
	offsets := offsetsBehind(batch)
	member, err := c.memberOwning(offsets)
	if err != nil {
		return err
	}
	err = p.txn.resumed(ctx, func(ctx context.Context) error { return p.SendOffsetsToTransaction(ctx, offsets, member) })
	var e Error
	if errors.As(err, &e) && e.retriable && e.code == ErrTimedOut {
		e.retriable = false // nothing is committed yet: the broker may have ended the transaction of a process that was halted
		return abortable(e)
	}
	if err != nil {
		return err
	}
	return p.txn.resumed(ctx, p.CommitTransaction)
}

// memberOwning returns the consumer's membership if the partitions are its own. The broker checks whether the member is
// of the group, not what it owns; and without a member's name, as after a lost membership, it does not check at all.
func (c *Consumer) memberOwning(offsets []TopicPartition) (*ConsumerGroupMetadata, error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.manual && !c.ownsLocked(offsets) {
		return nil, abortable(newError(ErrAssignmentLost))
	}
	return c.groupMetadataLocked(), nil
}

// rewind makes the batch's messages come again. Partitions that a rebalance has taken meanwhile are another member's.
func (c *Consumer) rewind(batch []*Message) {
	first := map[topicPartition]bool{}
	var back []TopicPartition
	for _, m := range batch {
		k := topicPartition{*m.TopicPartition.Topic, m.TopicPartition.Partition}
		if !first[k] {
			first[k] = true
			back = append(back, m.TopicPartition)
		}
	}
	_, _ = c.SeekPartitions(back) // its errors are about partitions that are not ours any longer
}
