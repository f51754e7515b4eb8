package kafka

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// unreadInterval is how often Flush looks whether the application has read the reports that it waits for.
const unreadInterval = 5 * time.Millisecond

// Len returns how many messages and reports are under way: in ProduceChannel, in the producer, and as reports that
// nobody has read from Events or taken with Poll. Errors, statistics and logs do not count. 0 once closed.
func (p *Producer) Len() int {
	if p.client.closed.Load() {
		return 0
	}
	return p.source.len() + int(p.source.taken.Load()) + int(p.queue.messages()) + p.events.unread() + p.calls.unserved()
}

// Flush sends what waits, without regard to linger.ms, and waits until Len is 0 or timeoutMs is over. It returns Len
// at the deadline, or 0. It runs the callbacks that Poll would run. With 0 or less it returns at once.
//
// Reports on Events have to be read by another goroutine meanwhile.
func (p *Producer) Flush(timeoutMs int) int {
	if timeoutMs <= 0 || p.client.closed.Load() {
		return p.Len()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(timeoutMs)*time.Millisecond)
	defer cancel()
	if p.flush(ctx) == nil {
		return 0
	}
	return p.Len()
}

// FlushContext is Flush until ctx ends. The error is then that of ctx.
func (p *Producer) FlushContext(ctx context.Context) error {
	if err := p.client.verify(); err != nil {
		return err
	}
	return p.flush(ctx)
}

func (p *Producer) flush(ctx context.Context) error {
	p.calls.serve()
	if p.Len() == 0 {
		return nil
	}
	p.flushing.start()
	defer p.flushing.end()
	tick := time.NewTicker(unreadInterval)
	defer tick.Stop()
	for {
		drained := p.drained.listen()
		p.calls.serve()
		if p.Len() == 0 {
			p.drained.ignore()
			return nil
		}
		// What is read from a channel gives no sign, so as long as that is all, look now and then.
		var unread <-chan time.Time
		if p.queue.messages() == 0 || p.source.len() > 0 {
			unread = tick.C
		}
		select {
		case <-drained:
		case <-unread:
		case <-p.calls.ready:
		case <-p.client.tasks.ctx.Done():
		case <-ctx.Done():
			p.drained.ignore()
			return ctx.Err()
		}
		p.drained.ignore()
	}
}

// flushQueued is flush without regard to reports that the application has not read: it waits for those that are not on
// their channel yet.
func (p *Producer) flushQueued(ctx context.Context) error {
	p.flushing.start()
	defer p.flushing.end()
	for {
		drained := p.drained.listen()
		if p.queue.messages() == 0 {
			p.drained.ignore()
			return nil
		}
		select {
		case <-drained:
			p.drained.ignore()
		case <-ctx.Done():
			p.drained.ignore()
			return ctx.Err()
		}
	}
}

// flushing keeps the engine from lingering while any Flush runs. Its goroutine stays once there was one, as a transaction
// has one at its end.
type flushing struct {
	p      *Producer
	active atomic.Int32  // calls of Flush
	more   chan struct{} // something was handed to the engine, or a Flush has begun

	mu     sync.Mutex // guards all below, and changes of active
	serves bool
	ctx    context.Context // of the calls that are active, until the last one ends
	cancel context.CancelFunc
}

// start begins a Flush, which end ends.
func (f *flushing) start() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.serves {
		f.serves = f.p.client.tasks.run(f.serve)
	}
	if f.active.Add(1) == 1 {
		f.ctx, f.cancel = context.WithCancel(f.p.client.tasks.ctx)
	}
	f.p.hurry()
}

func (f *flushing) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.active.Add(-1) == 0 {
		f.cancel()
	}
}

// serve has the engine flush whenever there is something new, until the client ends.
func (f *flushing) serve(ctx context.Context) {
	for {
		select {
		case <-f.more:
		case <-ctx.Done():
			return
		}
		f.mu.Lock()
		flush := f.ctx
		f.mu.Unlock()
		if flush.Err() == nil {
			f.p.gathering.hand(true)
			_ = f.p.client.engine().Flush(flush) // only ever fails with flush
		}
	}
}

// hurry tells a Flush that the engine has something new.
func (p *Producer) hurry() {
	if p.flushing.active.Load() > 0 {
		select {
		case p.flushing.more <- struct{}{}:
		default:
		}
	}
}

var (
	errPurgeQueue    = newError(ErrPurgeQueue)
	errPurgeInflight = newError(ErrPurgeInflight)
)

// Purge gives up messages: with PurgeQueue those that have not been sent, which fail with ErrPurgeQueue, with
// PurgeInFlight those that have been and got no answer yet, which fail with ErrPurgeInflight and may have been written
// all the same. Their reports come as always. Where the producer can't tell whether a message has been sent it counts
// as sent. Unknown flags are an ErrInvalidArg, no flags do nothing.
func (p *Producer) Purge(flags int) error {
	if err := p.client.verify(); err != nil {
		return err
	}
	if flags&^(PurgeQueue|PurgeInFlight|PurgeNonBlocking) != 0 {
		return newError(ErrInvalidArg)
	}
	var unsent, sent *Error
	if flags&PurgeQueue != 0 {
		unsent = &errPurgeQueue
	}
	if flags&PurgeInFlight != 0 {
		sent = &errPurgeInflight
	}
	p.purge(unsent, sent)
	return nil
}

// purge gives up the messages that were not sent with the first error, and those that were with the second; a nil
// leaves them as they are.
func (p *Producer) purge(unsent, sent *Error) {
	if unsent == nil && sent == nil {
		return
	}
	p.topics.each(func(t *producerTopic) {
		if unsent != nil {
			t.giveUp(*unsent)
		}
		if parts := t.parts.Load(); parts != nil {
			for _, part := range *parts {
				part.giveUp(unsent, sent)
			}
		}
	})
	if unsent == nil {
		return // what lingers goes on to do so
	}
	// The engine forgets what it was told to give back when it next looks, which may be at the end of linger.ms.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = p.client.engine().Flush(ctx) // ends the lingering, and does not wait
}

// How long Close waits for someone to read reports from a channel that is full: as long as one is read now and then,
// but not for ever.
const (
	closeIdle = 500 * time.Millisecond
	closeMost = 5 * time.Second
)

// Close ends the producer. It does not send what waits: call Flush first. Unlike the peer's, every message that has no
// report yet gets one (ErrPurgeQueue, or ErrPurgeInflight if it may have been sent) before Events is closed. Reports
// that a full channel does not take are waited for only as long as someone reads them, half a second at least and five
// at most, and then logged as lost. Callbacks that were not served can still be run with Poll.
//
// A second call does nothing. Messages that are sent to ProduceChannel after Close are lost.
func (p *Producer) Close() {
	if !p.client.closed.CompareAndSwap(false, true) {
		return
	}
	p.source.end()
	p.purge(&errPurgeQueue, &errPurgeInflight)
	p.events.makeLast()
	p.deliverLast()
	p.client.stop()
	p.events.close()
	p.room.send()
}

// deliverLast waits until the last reports have reached their channels, within bounds.
func (p *Producer) deliverLast() {
	deadline := time.NewTimer(closeMost)
	defer deadline.Stop()
	idle := time.NewTimer(closeIdle)
	defer idle.Stop()
	undelivered := func() int64 { return p.queue.messages() + p.events.behind() }
	for left := undelivered(); left > 0; {
		idle.Reset(closeIdle)
		read := p.room.listen()
		late := false
		if undelivered() == left {
			select {
			case <-read:
			case <-idle.C:
				late = true
			case <-deadline.C:
				late = true
			}
		}
		p.room.ignore()
		left = undelivered()
		if late && left > 0 {
			p.client.log.printf(logErr, "TERMINATE", "%d delivery report(s) lost: their channel is full and nobody reads it", left)
			return
		}
	}
}
