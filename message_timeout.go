package kafka

import (
	"context"
	"sync/atomic"
	"time"
)

// maxTimeoutLag is how late at most a message that has timed out is reported, and maxTimeoutShare what part of the
// timeout at most. The peer looks once a second.
const (
	maxTimeoutLag   = time.Second
	maxTimeoutShare = 20
)

// timeouts reports messages that have had no answer within message.timeout.ms. While there are messages it is one
// goroutine, which sleeps until the oldest message's time is over.
type timeouts struct {
	p       *Producer
	timeout time.Duration // 0: messages wait for ever
	awake   atomic.Bool   // there is the goroutine; who makes this true starts it
	again   chan struct{} // of capacity 1: there may be something to do sooner than the goroutine knows
}

// lookAgain makes the goroutine find out anew when it has something to do.
func (t *timeouts) lookAgain() {
	select {
	case t.again <- struct{}{}:
	default:
	}
	t.p.watch()
}

// watch makes sure that a message that was just listed is watched over.
func (p *Producer) watch() {
	if !p.timeouts.awake.Load() && p.timeouts.awake.CompareAndSwap(false, true) {
		p.client.tasks.run(p.timeouts.watch)
	}
}

// watch is the goroutine.
func (t *timeouts) watch(ctx context.Context) {
	lag := min(max(t.timeout/maxTimeoutShare, time.Millisecond), maxTimeoutLag)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		next := t.expire()
		if next == 0 {
			// Whoever lists a message after this sees that there is no goroutine; one listed before is seen by expire.
			t.awake.Store(false)
			if next = t.expire(); next == 0 {
				t.p.blocks.drop()
				return
			}
			if !t.awake.CompareAndSwap(false, true) {
				return // there is another
			}
		}
		timer.Reset(max(next-t.p.clock(), lag))
		select {
		case <-timer.C:
		case <-t.again:
		case <-ctx.Done():
			return
		}
	}
}

// expire reports what has timed out and returns when to look again, 0 if there is nothing to watch.
func (t *timeouts) expire() (next time.Duration) {
	now := t.p.clock()
	t.p.topics.each(func(topic *producerTopic) {
		next = sooner(next, topic.expire(now, t.timeout))
		if parts := topic.parts.Load(); parts != nil {
			for _, part := range *parts {
				next = sooner(next, part.expire(now, t.timeout))
			}
		}
	})
	return next
}

// sooner is the smaller of two times, of which 0 means never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
