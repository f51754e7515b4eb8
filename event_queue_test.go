package kafka

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
)

// TestOneMoves: who moves what waits into a channel may find it empty, and filled again before it has noticed. Nobody
// else may begin to move then: both would send the same event, and take out two.
func TestOneMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &Producer{client: &client{}}
		ctx, cancel := context.WithCancel(t.Context())
		defer p.client.tasks.wait()
		defer cancel()
		p.client.tasks.ctx = ctx
		q := eventQueue{p: p, mu: new(sync.Mutex), size: 1, most: 1}
		ch := q.channel()

		q.moving = true // as after it has moved the last event
		for i := range 3 {
			p.queue.add(0)
			q.send(Error{code: ErrorCode(i)}, 0)
		}
		wantEvent(t, ch, 0)
		synctest.Wait()
		if len(ch) != 0 {
			t.Error("another goroutine has begun to move events")
		}
		go q.move(ctx) // now it notices
		wantEvent(t, ch, 1)
		wantEvent(t, ch, 2)
		synctest.Wait()
		p.queue.add(0)
		q.send(Error{code: 3}, 0)
		p.queue.add(0)
		q.send(Error{code: 4}, 0)
		wantEvent(t, ch, 3)
		wantEvent(t, ch, 4)
	})
}

func wantEvent(t *testing.T, ch chan Event, code ErrorCode) {
	t.Helper()
	if got := (<-ch).(Error).code; got != code {
		t.Errorf("event %d came instead of %d", got, code)
	}
}

// TestEventsOnceInOrder: what waits for a channel comes out once and in order.
func TestEventsOnceInOrder(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2} {
		q := eventQueue{p: idleProducer(t), mu: new(sync.Mutex), size: size, most: size}
		ch := q.channel()
		const events = 50_000
		go func() {
			for i := range events {
				q.p.queue.add(0)
				q.send(Error{code: ErrorCode(i)}, 0)
			}
		}()
		for i := range events {
			wantEvent(t, ch, ErrorCode(i))
		}
	}
}
