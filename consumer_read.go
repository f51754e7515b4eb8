package kafka

import (
	"context"
	"errors"
	"iter"
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
	return c.queue.takeMessagesLocked(c, batch, limit), nil
}

func isFatal(err error) bool {
	var e Error
	return errors.As(err, &e) && e.fatal
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
			if err != nil && (ctx.Err() != nil && errors.Is(err, ctx.Err()) || c.isClosing()) {
				return
			}
			if !yield(m, err) || err != nil && isFatal(err) {
				return
			}
		}
	}
}
