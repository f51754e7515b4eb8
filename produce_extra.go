package kafka

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// ProduceFunc is Produce with the report as a callback: onDelivery runs on a goroutine that calls Poll or Flush, and
// nowhere else, with the report and its error. A nil onDelivery stands for the on_delivery of the configuration, or
// else for Events.
//
// Callbacks that wait to be run do not count against queue.buffering.max.messages until there are as many again.
func (p *Producer) ProduceFunc(msg *Message, onDelivery func(*Message, error)) error {
	return p.produce(msg, nil, onDelivery)
}

// ProduceContext is Produce that waits for room, instead of returning ErrQueueFull, until ctx ends; the error is then
// that of ctx. Room comes with delivery reports: where the queue is full of those that wait for callbacks, somebody
// else has to call Poll.
func (p *Producer) ProduceContext(ctx context.Context, msg *Message, deliveryChan chan Event) error {
	for {
		room := p.room.listen()
		err := p.produce(msg, deliveryChan, nil)
		if err != errQueueFull {
			p.room.ignore()
			return err
		}
		select {
		case <-room:
		case <-ctx.Done():
			err = ctx.Err()
		}
		p.room.ignore()
		if err != errQueueFull {
			return err
		}
	}
}

// ProduceSync sends one message, waiting for room if need be, and returns its report. The error is the report's, or
// what Produce would have returned, without a report then. If ctx ends first, its error is returned: the message may
// be delivered yet.
func (p *Producer) ProduceSync(ctx context.Context, msg *Message) (*Message, error) {
	ch := make(chan Event, 1)
	if err := p.ProduceContext(ctx, msg, ch); err != nil {
		return nil, err
	}
	select {
	case e := <-ch:
		report := e.(*Message)
		return report, report.TopicPartition.Error
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Poll runs the callbacks that are due, on the caller's goroutine: those of ProduceFunc and on_delivery, error_cb,
// stats_cb and throttle_cb. If none is due it waits for one: timeoutMs at most, not at all for 0, for ever for less.
// It returns how many ran. A panic in a callback comes out of Poll; those behind it run in the next Poll. It may be
// called from a callback. After Close it runs what is left and does not wait.
func (p *Producer) Poll(timeoutMs int) int {
	if n := p.calls.serve(); n > 0 || timeoutMs == 0 {
		return n
	}
	var timeout <-chan time.Time
	if timeoutMs > 0 {
		timer := time.NewTimer(time.Duration(timeoutMs) * time.Millisecond)
		defer timer.Stop()
		timeout = timer.C
	}
	for {
		select {
		case <-p.calls.ready:
			if n := p.calls.serve(); n > 0 {
				return n
			}
		case <-timeout:
			return p.calls.serve()
		case <-p.client.tasks.ctx.Done():
			return p.calls.serve()
		}
	}
}

// call is something that Poll is to run: the callback of a delivery report, or anything else.
type call struct {
	report  *Message
	deliver func(*Message, error)
	run     func()
}

// callQueue is what waits for Poll. What is put in and what is taken out are apart, each under a lock of its own, so that
// promises and Poll meet only when Poll has used up what it has.
type callQueue struct {
	ready chan struct{} // of capacity 1: there is something in the queue
	room  *broadcast    // told when reports leave the queue
	most  int64         // of reports: see full
	full  atomic.Bool   // so many wait that Produce is to refuse messages

	_        cacheLine
	mu       sync.Mutex // guards what follows
	in       []call     // behind out
	others   int        // those in it that are no reports
	accepted int64      // reports since the beginning
	seen     int64      // of served, not long ago

	_      cacheLine
	outMu  sync.Mutex // guards what follows; taken before mu
	out    []call     // from head on
	head   int
	served atomic.Int64 // reports taken out since the beginning
	_      cacheLine
}

func (q *callQueue) put(c call) {
	q.mu.Lock()
	switch {
	case c.report != nil:
		q.accepted++
		q.fillLocked()
	case q.others >= maxWaitingEvents:
		q.mu.Unlock()
		return
	default:
		q.others++
	}
	first := len(q.in) == 0
	q.in = append(q.in, c)
	q.mu.Unlock()
	if first {
		q.signal()
	}
}

// fillLocked sets full if it is time.
func (q *callQueue) fillLocked() {
	if q.accepted-q.seen < q.most {
		return
	}
	if q.seen = q.served.Load(); q.accepted-q.seen < q.most {
		return
	}
	q.full.Store(true)
	if q.accepted-q.served.Load() < q.most { // who took one may have looked before
		q.full.Store(false)
	}
}

func (q *callQueue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// serve runs all that is in the queue when it is called, and returns how many those were.
func (q *callQueue) serve() (n int) {
	limit, _ := q.len()
	if limit == 0 {
		return 0
	}
	defer func() {
		if left, _ := q.len(); left > 0 {
			q.signal() // for whoever else polls
		}
	}()
	for ; n < limit; n++ {
		c, ok := q.take()
		if !ok {
			return n
		}
		if c.report != nil {
			c.deliver(c.report, c.report.TopicPartition.Error)
		} else {
			c.run()
		}
	}
	return n
}

// take returns the next call. It is out of the queue before it runs: a panic neither repeats nor loses any.
func (q *callQueue) take() (c call, ok bool) {
	q.outMu.Lock()
	if q.head == len(q.out) {
		q.mu.Lock()
		q.in, q.out = q.out[:0], q.in
		q.others = 0
		q.mu.Unlock()
		if q.head = 0; len(q.out) == 0 {
			q.outMu.Unlock()
			return c, false
		}
	}
	c = q.out[q.head]
	q.out[q.head] = call{}
	q.head++
	if c.report != nil {
		q.served.Add(1)
	}
	q.outMu.Unlock()
	if c.report != nil {
		if q.full.Load() {
			q.mu.Lock()
			q.full.Store(q.accepted-q.served.Load() >= q.most)
			q.mu.Unlock()
		}
		q.room.send()
	}
	return c, true
}

// len returns how much waits, and how many reports of it.
func (q *callQueue) len() (all, reports int) {
	q.outMu.Lock()
	defer q.outMu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.out) - q.head + len(q.in), int(q.accepted - q.served.Load())
}

// unserved returns how many reports wait.
func (q *callQueue) unserved() int {
	_, reports := q.len()
	return reports
}

// broadcast tells whoever listens that something has happened. It costs next to nothing while nobody does.
type broadcast struct {
	listeners atomic.Int32
	mu        sync.Mutex // guards ch
	ch        chan struct{}
}

// listen returns a channel that the next send closes. Each call must be followed by one of ignore.
func (b *broadcast) listen() <-chan struct{} {
	b.listeners.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) ignore() { b.listeners.Add(-1) }

func (b *broadcast) send() {
	if b.listeners.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
