package kafka

import "sync/atomic"

// produceQueue counts the messages that were accepted and whose report has not been brought to the application, and the
// bytes of their values. It is the queue of queue.buffering.max.messages and .kbytes.
//
// What Produce writes and what the engine's promises write are apart, so that neither waits for the other's cache line:
// Produce looks at the other side only when the queue seems full.
type produceQueue struct {
	maxMessages, maxBytes int64

	_    cacheLine
	in   atomic.Uint64 // accepted since the beginning
	seen atomic.Uint64 // of out, not long ago
	_    cacheLine
	out  atomic.Uint64 // released since the beginning
	_    cacheLine
}

// The counters hold messages and bytes: of the difference of two of them, the upper 24 bits are messages, of which
// there may be ten million, and the rest is bytes.
const queueMessage = 1 << 40

func queued(difference uint64) (messages, bytes int64) {
	return int64(difference / queueMessage), int64(difference % queueMessage)
}

// reserve makes room for a message and gives it a number. It reports whether there was any; if not, release must be called
// all the same.
func (q *produceQueue) reserve(bytes int) (number uint64, room bool) {
	in := q.in.Add(queueMessage + uint64(bytes))
	number = in / queueMessage
	if q.fits(in - q.seen.Load()) {
		return number, true
	}
	out := q.out.Load()
	q.seen.Store(out)
	return number, q.fits(in - out)
}

func (q *produceQueue) fits(difference uint64) bool {
	messages, bytes := queued(difference)
	return messages <= q.maxMessages && bytes <= q.maxBytes
}

// add counts a message without regard to the limits.
func (q *produceQueue) add(bytes int) { q.in.Add(queueMessage + uint64(bytes)) }

// release takes a message out.
func (q *produceQueue) release(bytes int) { q.out.Add(queueMessage + uint64(bytes)) }

// now returns how many messages are in the queue, and the size of their values.
func (q *produceQueue) now() (messages, bytes int64) {
	out := q.out.Load() // first: rather too many than fewer than none
	return queued(q.in.Load() - out)
}

func (q *produceQueue) messages() int64 {
	n, _ := q.now()
	return n
}
