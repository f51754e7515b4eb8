package kafka

import (
	"context"
	"sync"
)

// maxWaitingEvents is how many errors and statistics wait behind a full Events channel that nobody reads; newer ones
// are dropped. Delivery reports are never dropped.
const maxWaitingEvents = 1000

// eventQueue is a channel that an application reads and the queue of what the channel can't take yet. Putting an
// event in never blocks; while there is a queue, one goroutine of the client moves it into the channel, in order.
type eventQueue struct {
	p     *Producer
	size  int // of ch
	extra int // reports that may wait as if they were in ch

	mu      *sync.Mutex // guards all below, and keeps the order of what goes into ch
	ch      chan Event  // nil until there is an event, or someone to read one
	waiting []waitingEvent
	others  int      // events in waiting that are no reports
	ahead   int      // reports in waiting that count as if they were in ch
	sent    uint64   // events that went into ch
	foreign []uint64 // the numbers of those still in ch that are no reports
	closed  bool
	emptied func() // nil, or called under mu when nothing waits any more
}

// maxChannel is the most events that a channel holds itself. All places of a channel are allocated and looked through by
// the garbage collector: the million that go.events.channel.size has by default are 16 MB.
const maxChannel = 100_000

// newEventQueue makes a queue for a channel of that size. Many programs have their reports elsewhere and never read
// Events: so the channel is made when it is first needed.
func newEventQueue(p *Producer, size int) eventQueue {
	in := min(size, maxChannel)
	return eventQueue{p: p, mu: new(sync.Mutex), size: in, extra: size - in}
}

// channel returns the channel.
func (q *eventQueue) channel() chan Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.channelLocked()
}

func (q *eventQueue) channelLocked() chan Event {
	if q.ch == nil {
		q.ch = make(chan Event, q.size)
	}
	return q.ch
}

// waitingEvent is an event. size is what the producer's queue counts for the message whose report it is, or one of:
type waitingEvent struct {
	event Event
	size  int
}

const (
	noReport   = -1
	notCounted = -2 // a report that is ahead
)

// send puts an event in, see waitingEvent.
func (q *eventQueue) send(event Event, size int) {
	q.mu.Lock()
	q.sendLocked(event, size)
	q.mu.Unlock()
}

func (q *eventQueue) sendLocked(event Event, size int) {
	if q.closed {
		return
	}
	if len(q.waiting) == 0 {
		sent, open := trySend(q.channelLocked(), event)
		if sent || !open {
			q.passedLocked(size)
			return
		}
	}
	switch {
	case size == noReport && q.others >= maxWaitingEvents:
		return
	case size == noReport:
		q.others++
	case q.ahead < q.extra:
		q.ahead++
		q.p.release(size)
		size = notCounted
	}
	q.waiting = append(q.waiting, waitingEvent{event, size})
	if len(q.waiting) == 1 && !q.p.client.tasks.run(q.move) {
		q.closed = true
	}
}

// passedLocked notes that an event went into the channel.
func (q *eventQueue) passedLocked(size int) {
	q.sent++
	switch size {
	default:
		q.p.release(size)
		return
	case notCounted:
		q.p.room.send() // Close waits for these, too
		return
	case noReport:
	}
	q.foreign = append(q.foreign, q.sent)
	q.trimLocked()
}

// trimLocked forgets the events that the application has read.
func (q *eventQueue) trimLocked() {
	read := q.sent - uint64(len(q.ch))
	i := 0
	for i < len(q.foreign) && q.foreign[i] <= read {
		i++
	}
	q.foreign = q.foreign[i:]
}

// moveAtOnce is how many events at most are moved under one lock.
const moveAtOnce = 256

// move brings what waits into the channel and ends when nothing waits any more.
func (q *eventQueue) move(ctx context.Context) {
	for {
		q.mu.Lock()
		for n := 0; n < moveAtOnce && len(q.waiting) > 0; n++ {
			if sent, open := trySend(q.ch, q.waiting[0].event); open && !sent {
				break
			}
			q.movedLocked()
		}
		if len(q.waiting) == 0 {
			if q.emptied != nil {
				q.emptied()
			}
			q.mu.Unlock()
			return
		}
		next, ch := q.waiting[0].event, q.ch
		q.mu.Unlock()

		// One that this gives up on stays in waiting, where Close counts it.
		if !sendOrDone(ctx, ch, next) {
			return
		}
		q.mu.Lock()
		q.movedLocked()
		q.mu.Unlock()
	}
}

// movedLocked takes out the first event that waited, which went into the channel.
func (q *eventQueue) movedLocked() {
	w := q.waiting[0]
	q.waiting[0] = waitingEvent{}
	q.waiting = q.waiting[1:]
	switch w.size {
	case noReport:
		q.others--
	case notCounted:
		q.ahead--
	}
	q.passedLocked(w.size)
}

// unread returns how many reports are in the channel, or count as if they were.
func (q *eventQueue) unread() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0
	}
	q.trimLocked()
	return len(q.ch) - min(len(q.foreign), len(q.ch)) + q.ahead
}

// behind returns how many reports wait for the channel as if they were in it.
func (q *eventQueue) behind() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return int64(q.ahead)
}

// close ends the channel. The goroutine that moves events must have ended.
func (q *eventQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if q.ch == nil {
		q.ch = make(chan Event)
	}
	close(q.ch)
}

// trySend sends if the channel takes the event now. An application that closed its channel loses the events, and not
// its process.
func trySend(ch chan Event, event Event) (sent, open bool) {
	defer func() {
		if recover() != nil {
			sent, open = false, false
		}
	}()
	select {
	case ch <- event:
		return true, true
	default:
		return false, true
	}
}

// sendOrDone waits until the channel takes the event, or ctx ends.
func sendOrDone(ctx context.Context, ch chan Event, event Event) (gone bool) {
	defer func() {
		if recover() != nil { // the application closed its channel
			gone = true
		}
	}()
	select {
	case ch <- event:
		return true
	case <-ctx.Done():
		return false
	}
}

// deliveryChannels are the channels that applications gave to Produce. Only those that could not take a report at
// once have a queue here, and only until the queue is empty again.
type deliveryChannels struct {
	p *Producer

	mu   sync.Mutex // guards slow and all of its queues
	slow map[chan Event]*eventQueue
}

// send sends the report of a message to the channel that came with it.
func (d *deliveryChannels) send(ch chan Event, report *Message, size int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	q := d.slow[ch]
	if q == nil {
		if sent, open := trySend(ch, report); sent || !open {
			d.p.release(size)
			return
		}
		q = &eventQueue{p: d.p, ch: ch, mu: &d.mu}
		q.emptied = func() { delete(d.slow, q.ch) }
		if d.slow == nil {
			d.slow = map[chan Event]*eventQueue{}
		}
		d.slow[ch] = q
	}
	q.sendLocked(report, size)
}
