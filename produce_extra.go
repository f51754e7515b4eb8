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

// callQueue is what waits for Poll.
type callQueue struct {
	ready chan struct{} // of capacity 1: there is something in the queue
	room  *broadcast    // told when reports leave the queue
	most  int           // of reports: see full
	full  atomic.Bool   // so many wait that Produce is to refuse messages

	_       cacheLine
	mu      sync.Mutex // guards all below
	queue   []call     // from head on
	head    int
	others  int // those in queue that are no reports
	reports int // those that are
}

func (q *callQueue) put(c call) {
	q.mu.Lock()
	switch {
	case c.report != nil:
		if q.reports++; q.reports == q.most {
			q.full.Store(true)
		}
	case q.others >= maxWaitingEvents:
		q.mu.Unlock()
		return
	default:
		q.others++
	}
	first := q.head == len(q.queue)
	q.queue = append(q.queue, c)
	q.mu.Unlock()
	if first {
		q.signal()
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
	q.mu.Lock()
	if q.head == len(q.queue) {
		q.mu.Unlock()
		return c, false
	}
	c = q.queue[q.head]
	q.queue[q.head] = call{}
	q.head++
	switch {
	case q.head == len(q.queue):
		q.queue, q.head = q.queue[:0], 0
	case q.head >= 1024 && q.head >= len(q.queue)/2:
		rest := copy(q.queue, q.queue[q.head:])
		clear(q.queue[rest:])
		q.queue, q.head = q.queue[:rest], 0
	}
	switch {
	case c.report == nil:
		q.others--
	case q.reports == q.most:
		q.full.Store(false)
		fallthrough
	default:
		q.reports--
	}
	q.mu.Unlock()
	if c.report != nil {
		q.room.send()
	}
	return c, true
}

// len returns how much waits, and how many reports of it.
func (q *callQueue) len() (all, reports int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.queue) - q.head, q.reports
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
