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
	p    *Producer
	size int // events that count as brought to the application without being read
	most int // of these in ch itself

	mu      *sync.Mutex // guards all below, and keeps the order of what goes into ch
	ch      chan Event  // nil until someone asks for it
	waiting waitingEvents
	others  int      // events in waiting that are no reports
	ahead   int      // reports in waiting that count as if they were in ch
	sent    uint64   // events that went into ch
	foreign []uint64 // the numbers of those still in ch that are no reports
	moving  bool     // a goroutine moves what waits
	closed  bool
	emptied func() // nil, or called under mu when nothing waits any more
}

// maxChannel is the most events that the channel holds itself where go.events.channel.size is not set: all places of a
// channel are allocated, and looked through by each garbage collection. The million that are its default are 16 MB. The
// others wait in the queue, but count as if they were in the channel. With transactions the heap is small, and so looked
// through very often.
const (
	maxChannel      = 16_000
	maxTransactions = 4_000 // of a producer with transactions
)

// newEventQueue makes a queue for a channel of that size. Many programs have their reports elsewhere and never read
// Events: so the channel is made when it is first asked for.
func newEventQueue(p *Producer, s *settings) eventQueue {
	size := s.num("go.events.channel.size")
	q := eventQueue{p: p, mu: new(sync.Mutex), size: size, most: size}
	if !s.isSet("go.events.channel.size") {
		q.most = maxChannel
		if s.str("transactional.id") != "" {
			q.most = maxTransactions
		}
	}
	return q
}

// channel returns the channel.
func (q *eventQueue) channel() chan Event {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.makeLocked(q.most)
	return q.ch
}

// makeLocked makes the channel, if there is none, and brings into it what waits.
func (q *eventQueue) makeLocked(size int) {
	if q.ch == nil {
		q.ch = make(chan Event, size)
		q.fillLocked(size)
		q.moveRestLocked()
	}
}

// makeLast makes the channel of a producer that is closed, if nobody has asked for it until now: with room for all that
// waits and all that is still to come, as it may be read afterwards.
func (q *eventQueue) makeLast() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.makeLocked(q.waiting.n + int(q.p.queue.messages()) + maxWaitingEvents)
}

// waitingEvents is a queue of events, in pages that grow: so what waits is not copied over and over.
type waitingEvents struct {
	pages [][]waitingEvent
	head  int // of the first page
	n     int
}

// Events in the first page, and in the largest ones.
const (
	firstPage = 8
	mostPage  = 512
)

func (w *waitingEvents) push(e waitingEvent) {
	last := len(w.pages) - 1
	switch {
	case last < 0:
		w.pages = append(w.pages, make([]waitingEvent, 0, firstPage))
		last++
	case len(w.pages[last]) == cap(w.pages[last]):
		w.pages = append(w.pages, make([]waitingEvent, 0, min(2*cap(w.pages[last]), mostPage)))
		last++
	}
	w.pages[last] = append(w.pages[last], e)
	w.n++
}

// first returns the next event. There must be one.
func (w *waitingEvents) first() *waitingEvent { return &w.pages[0][w.head] }

func (w *waitingEvents) pop() waitingEvent {
	e := *w.first()
	*w.first() = waitingEvent{}
	w.head++
	w.n--
	if w.head == len(w.pages[0]) {
		w.pages[0] = nil
		w.pages, w.head = w.pages[1:], 0
	}
	return e
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
	if q.waiting.n == 0 && q.ch != nil {
		if sent, open := trySend(q.ch, event); sent || !open {
			q.passedLocked(size)
			return
		}
	}
	switch {
	case size == noReport && q.others >= maxWaitingEvents:
		return
	case size == noReport:
		q.others++
	case q.ahead < q.size-cap(q.ch):
		q.ahead++
		q.p.release(size)
		size = notCounted
	}
	q.waiting.push(waitingEvent{event, size})
	q.moveRestLocked()
}

// moveRestLocked has what waits moved into the channel, if there is one. Only one goroutine may do so, and what waits may
// run out and come again before it has noticed.
func (q *eventQueue) moveRestLocked() {
	if q.ch == nil || q.waiting.n == 0 || q.moving {
		return
	}
	q.moving = q.p.client.tasks.run(q.move)
	q.closed = !q.moving
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
		q.fillLocked(moveAtOnce)
		if q.waiting.n == 0 {
			q.moving = false
			if q.emptied != nil {
				q.emptied()
			}
			q.mu.Unlock()
			return
		}
		next, ch := q.waiting.first().event, q.ch
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

// fillLocked moves up to limit events into the channel, as long as it takes them.
func (q *eventQueue) fillLocked(limit int) {
	for ; limit > 0 && q.waiting.n > 0; limit-- {
		if sent, open := trySend(q.ch, q.waiting.first().event); open && !sent {
			return
		}
		q.movedLocked()
	}
}

// movedLocked takes out the first event that waited, which went into the channel.
func (q *eventQueue) movedLocked() {
	w := q.waiting.pop()
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
	close(q.ch) // which makeLast has made
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
