package kafka

import (
	"context"
	"errors"
	"iter"
	"time"
)

// PollContext waits for the next event until ctx ends, see [Consumer.Poll]. Cancelling ctx wakes it at once; an event
// is either returned or still there for the next call, never lost. It returns a nil event without an error after it
// has run a rebalance callback, and ErrState when the consumer is closed.
func (c *Consumer) PollContext(ctx context.Context) (Event, error) {
	if c.IsClosed() {
		return nil, errClosed()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.poll(ctx, -1)
}

// ReadMessageContext waits for a message until ctx ends. It returns an Error event as the error, and ctx.Err when ctx
// ended; other events are dropped and rebalance callbacks served.
func (c *Consumer) ReadMessageContext(ctx context.Context) (*Message, error) {
	for {
		ev, err := c.PollContext(ctx)
		if err != nil {
			return nil, err
		}
		switch e := ev.(type) {
		case *Message:
			return e, nil
		case Error:
			return nil, e
		}
		if c.isClosing() {
			return nil, errClosed()
		}
	}
}

// ReadBatch returns up to limit messages. It waits for the first until ctx ends and then takes what is there, so that
// a batch is never held back to fill it. An error that comes behind messages of the batch is returned with them.
// When ctx ends before the first message it returns no messages and ctx.Err. limit must be at least 1.
//
// With enable.auto.offset.store the offsets of the whole batch are stored when it is returned.
func (c *Consumer) ReadBatch(ctx context.Context, limit int) ([]*Message, error) {
	if limit < 1 {
		return nil, newErrorf(ErrInvalidArg, "ReadBatch: the limit is %d, it must be at least 1", limit)
	}
	first, err := c.ReadMessageContext(ctx)
	if err != nil {
		return nil, err
	}
	batch := append(make([]*Message, 0, min(limit, 1024)), first)
	// A rebalance ends the batch: what is behind it belongs to another assignment.
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(batch) < limit && len(c.queue.front) == 0 && c.queue.messageNextLocked(c) {
		ev, _ := c.queue.takeLocked(c)
		batch = append(batch, ev.(*Message))
	}
	return batch, nil
}

// Messages returns an iterator over messages, until ctx ends or the consumer is closed:
//
//	for msg, err := range c.Messages(ctx) { ... }
//
// Error events come as errors and do not end it, unless they are fatal. The end of ctx is not an error.
func (c *Consumer) Messages(ctx context.Context) iter.Seq2[*Message, error] {
	return func(yield func(*Message, error) bool) {
		for {
			m, err := c.ReadMessageContext(ctx)
			var e Error
			switch {
			case err == nil:
			case ctx.Err() != nil && errors.Is(err, ctx.Err()), c.isClosing():
				return
			case errors.As(err, &e) && e.fatal:
				yield(nil, err)
				return
			}
			if !yield(m, err) {
				return
			}
		}
	}
}

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
// otherwise. It returns the error of handle, whose message is not committed, of a failed commit, or an Error event;
// nil when ctx ends or the consumer is closed.
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
		handled = 0
		_, err := c.Commit()
		if errors.Is(err, ErrNoOffset) || errors.Is(err, ErrState) {
			return nil // a rebalance has taken, and committed, what there was
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
		case err != nil:
			return err
		}
		if err := handle(m); err != nil {
			return err
		}
		if _, err := c.StoreMessage(m); err != nil && !errors.Is(err, ErrState) {
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
// commit, or an Error event; nil when ctx ends or the consumer is closed.
func ConsumeAtMostOnce(ctx context.Context, c *Consumer, batch int, handle func([]*Message) error) error {
	if c.autoStore {
		return newErrorf(ErrInvalidArg, "ConsumeAtMostOnce needs enable.auto.offset.store=false: it commits what it hands out, nothing else")
	}
	for {
		msgs, err := c.ReadBatch(ctx, batch)
		if ctx.Err() != nil && len(msgs) == 0 || c.isClosing() {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.commitBehind(msgs); err != nil {
			return err
		}
		if err := handle(msgs); err != nil {
			return err
		}
	}
}

// commitBehind commits the offsets behind a batch. Any partition's failure is the batch's.
func (c *Consumer) commitBehind(msgs []*Message) error {
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
	result, err := c.CommitOffsets(list)
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
