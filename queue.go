package kafka

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// queue is what Poll takes from. Consumer.mu guards it.
//
// Events that belong to no partition come first, so that a rebalance does not wait behind what was fetched; then the
// fetched messages, errors and ends of partitions in the order of their arrival.
type queue struct {
	front  []any // an Event, or a func(*Consumer) Event to be run by the application's goroutine
	chunks []*chunk
	head   int // of chunks

	records int // queued
	bytes   int64

	wake chan struct{} // closed when something comes; nil while no one waits
}

// chunk is one partition's part of a fetch. It is dropped whole when the partition has moved on to another version.
type chunk struct {
	p       *partition
	version int
	records []*kgo.Record
	next    int    // the next record to hand out
	end     Offset // where the partition ends if that is behind the last record, else OffsetInvalid
	ev      Event  // instead of records
	bytes   int64
	slab    []Message // of which messages are carved
	epoch   *int32    // of the last record
}

// slabSize is how many messages share an allocation. A message that the application keeps holds on to its slab, so it
// is small against what the fetched batch behind the message's value holds already.
const slabSize = 64

// pushLocked adds an event of no partition, or a function for the application's goroutine.
func (q *queue) pushLocked(ev any) {
	q.front = append(q.front, ev)
	q.wakeLocked()
}

// addLocked adds a chunk.
func (q *queue) addLocked(ch *chunk) {
	q.chunks = append(q.chunks, ch)
	q.records += len(ch.records) - ch.next
	q.bytes += ch.bytes
	q.wakeLocked()
}

// waiterLocked returns a channel that is closed when something comes.
func (q *queue) waiterLocked() <-chan struct{} {
	if q.wake == nil {
		q.wake = make(chan struct{})
	}
	return q.wake
}

func (q *queue) wakeLocked() {
	if q.wake != nil {
		close(q.wake)
		q.wake = nil
	}
}

// takeLocked takes the next event, or a function to be run without the lock. Both nil: there is nothing.
func (q *queue) takeLocked(c *Consumer) (Event, func(*Consumer) Event) {
	if len(q.front) > 0 {
		return q.takeFrontLocked(c)
	}
	for q.head < len(q.chunks) {
		ch := q.chunks[q.head]
		p := ch.p
		if ch.version != p.version {
			q.dropLocked(c)
			continue
		}
		if ch.next < len(ch.records) {
			r := ch.records[ch.next]
			ch.records[ch.next] = nil
			ch.next++
			q.records--
			if r.Attrs.IsControl() { // kept by the engine only so that ends of partitions are seen
				continue
			}
			m := ch.message(r)
			p.position, p.positionEpoch = Offset(r.Offset+1), r.LeaderEpoch
			if c.autoStore {
				p.stored = offsetAndEpoch{Offset(r.Offset + 1), r.LeaderEpoch, nil}
			}
			if ch.next == len(ch.records) && ch.end == OffsetInvalid {
				q.dropLocked(c)
			}
			return m, nil
		}
		ev := ch.ev
		if ch.end >= 0 && p.eofAt != ch.end {
			p.eofAt = ch.end
			ev = PartitionEOF{Topic: p.topic, Partition: p.id, Offset: ch.end, Error: newError(ErrPartitionEOF)}
		}
		q.dropLocked(c)
		if ev != nil {
			return ev, nil
		}
	}
	return nil, nil
}

// messageNextLocked reports whether a message comes next. It drops what is void, and records that are not handed out.
func (q *queue) messageNextLocked(c *Consumer) bool {
	for q.head < len(q.chunks) {
		ch := q.chunks[q.head]
		switch {
		case ch.version != ch.p.version:
			q.dropLocked(c)
		case ch.next == len(ch.records):
			return false
		case ch.records[ch.next].Attrs.IsControl():
			ch.next++
			q.records--
		default:
			return true
		}
	}
	return false
}

func (q *queue) takeFrontLocked(c *Consumer) (Event, func(*Consumer) Event) {
	first := q.front[0]
	q.front[0] = nil
	if q.front = q.front[1:]; len(q.front) == 0 {
		q.front = nil
	}
	if f, ok := first.(func(*Consumer) Event); ok {
		return nil, f
	}
	return first.(Event), nil
}

// dropLocked removes the first chunk and lets the fetcher go on if it waits for room.
func (q *queue) dropLocked(c *Consumer) {
	ch := q.chunks[q.head]
	q.chunks[q.head] = nil
	q.head++
	if q.head == len(q.chunks) {
		q.chunks, q.head = q.chunks[:0], 0
	}
	q.forgetLocked(ch)
	c.fetcher.roomLocked(c)
}

// forgetLocked takes a chunk out of the accounts.
func (q *queue) forgetLocked(ch *chunk) {
	q.records -= len(ch.records) - ch.next
	q.bytes -= ch.bytes
}

// extractLocked takes all chunks of a partition out of the queue.
func (q *queue) extractLocked(p *partition) (out []*chunk) {
	kept := q.chunks[q.head:q.head]
	for _, ch := range q.chunks[q.head:] {
		if ch.p == p {
			out = append(out, ch)
			q.forgetLocked(ch)
		} else {
			kept = append(kept, ch)
		}
	}
	clear(q.chunks[q.head+len(kept):])
	q.chunks = q.chunks[:q.head+len(kept)]
	return out
}

// message makes the application's message of a record. The record's bytes are the engine's own copy and stay as they
// are: the message points to them.
func (ch *chunk) message(r *kgo.Record) *Message {
	if len(ch.slab) == 0 {
		ch.slab = make([]Message, min(slabSize, len(ch.records)-ch.next+1))
	}
	m := &ch.slab[0]
	ch.slab = ch.slab[1:]
	m.TopicPartition.Topic = ch.p.topic
	m.TopicPartition.Partition = r.Partition
	m.TopicPartition.Offset = Offset(r.Offset)
	if r.LeaderEpoch >= 0 {
		if ch.epoch == nil || *ch.epoch != r.LeaderEpoch {
			e := r.LeaderEpoch
			ch.epoch = &e
		}
		m.TopicPartition.LeaderEpoch = ch.epoch
		m.LeaderEpoch = ch.epoch
	}
	m.Value, m.Key = r.Value, r.Key
	switch r.Attrs.TimestampType() {
	case 0:
		m.Timestamp, m.TimestampType = r.Timestamp, TimestampCreateTime
	case 1:
		m.Timestamp, m.TimestampType = r.Timestamp, TimestampLogAppendTime
	default:
		m.Timestamp = time.Time{}
	}
	if len(r.Headers) > 0 {
		m.Headers = make([]Header, len(r.Headers))
		for i, h := range r.Headers {
			m.Headers[i] = Header{h.Key, h.Value}
		}
	}
	return m
}
