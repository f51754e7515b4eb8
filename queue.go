package kafka

import "github.com/twmb/franz-go/pkg/kgo"

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
	runs    []run  // what is left to hand out
	taken   int    // messages of the first run that were handed out
	left    int    // messages in runs, in the queue's account
	after   Offset // behind control records that follow the last message, 0 for none; epoch is theirs
	epoch   int32
	end     Offset // where the partition ends if that is behind the last message, else OffsetInvalid
	ev      Event  // instead of messages
	bytes   int64
}

// run is messages whose offsets follow one another, at least one. So Poll knows the offset that comes next without looking at
// a message, whose memory has left the processor's caches by then.
type run struct {
	messages []Message
	first    Offset
	epoch    int32 // -1: not known
}

// slabSize is how many messages share an allocation. A message that the application keeps holds on to its slab, so it
// is small against what the fetched batch behind the message's value holds already.
const slabSize = 32

// pushLocked adds an event of no partition, or a function for the application's goroutine.
func (q *queue) pushLocked(ev any) {
	q.front = append(q.front, ev)
	q.wakeLocked()
}

// addLocked adds a chunk.
func (q *queue) addLocked(ch *chunk) {
	q.chunks = append(q.chunks, ch)
	q.records += ch.left
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
		if len(ch.runs) > 0 {
			m := &ch.runs[0].messages[ch.taken]
			q.handOutLocked(c, ch, 1)
			return m, nil
		}
		ch.passLocked(c)
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

// takeMessagesLocked appends messages to batch, up to limit, as long as nothing else comes before the next one.
func (q *queue) takeMessagesLocked(c *Consumer, batch []*Message, limit int) []*Message {
	for len(batch) < limit && len(q.front) == 0 && q.messageNextLocked(c) {
		ch := q.chunks[q.head]
		left := ch.runs[0].messages[ch.taken:]
		left = left[:min(len(left), limit-len(batch))]
		for i := range left {
			batch = append(batch, &left[i])
		}
		q.handOutLocked(c, ch, len(left))
	}
	return batch
}

// handOutLocked notes that the next n messages of the first chunk's first run are handed out.
func (q *queue) handOutLocked(c *Consumer, ch *chunk, n int) {
	r, p := &ch.runs[0], ch.p
	ch.taken += n
	p.position, p.positionEpoch = r.first+Offset(ch.taken), r.epoch
	if c.autoStore {
		p.stored = offsetAndEpoch{p.position, p.positionEpoch, nil}
	}
	if ch.taken == len(r.messages) {
		q.runTakenLocked(c, ch)
	}
}

// runTakenLocked takes the first run, which was handed out, out of the accounts, and the chunk out of the queue when
// nothing of it is left.
func (q *queue) runTakenLocked(c *Consumer, ch *chunk) {
	q.records -= ch.taken
	ch.left -= ch.taken
	ch.taken = 0
	ch.runs[0] = run{}
	ch.runs = ch.runs[1:]
	if len(ch.runs) == 0 && ch.end == OffsetInvalid && ch.after == 0 {
		q.dropLocked(c)
		return
	}
	c.fetcher.roomLocked(c)
}

// messageNextLocked reports whether a message comes next. It drops what is void.
func (q *queue) messageNextLocked(c *Consumer) bool {
	for q.head < len(q.chunks) {
		ch := q.chunks[q.head]
		if ch.version == ch.p.version {
			if len(ch.runs) > 0 || ch.ev != nil || ch.end != OffsetInvalid {
				return len(ch.runs) > 0
			}
			ch.passLocked(c)
		}
		q.dropLocked(c)
	}
	return false
}

// passLocked moves the position over control records, as the peer does: what is committed at the end of a partition is
// then its end, and there is no lag left.
func (ch *chunk) passLocked(c *Consumer) {
	if ch.after == 0 {
		return
	}
	p := ch.p
	p.position, p.positionEpoch = ch.after, ch.epoch
	if c.autoStore {
		p.stored = offsetAndEpoch{p.position, p.positionEpoch, nil}
	}
	ch.after = 0
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
	q.records -= ch.left
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

// fill makes the application's messages of records. The engine's records can then go, soon after they were made, which
// costs the garbage collector least; their bytes are the engine's own copy, to which the messages point. Control records
// are no messages: the engine keeps them so that ends of partitions are seen, and positions move over them.
func (ch *chunk) fill(records []*kgo.Record) {
	var slab []Message // has room for what it is appended
	var epoch *int32
	next := OffsetInvalid
	for i, r := range records {
		if r.Attrs.IsControl() {
			ch.after, ch.epoch = Offset(r.Offset+1), r.LeaderEpoch
			r.Recycle()
			continue
		}
		ch.after = 0
		if len(slab) == 0 {
			slab, next = make([]Message, min(slabSize, len(records)-i)), OffsetInvalid
		}
		if Offset(r.Offset) != next || r.LeaderEpoch != ch.runs[len(ch.runs)-1].epoch {
			if ch.runs == nil {
				ch.runs = make([]run, 0, (len(records)-i+slabSize-1)/slabSize)
			}
			ch.runs = append(ch.runs, run{slab[:0], Offset(r.Offset), max(r.LeaderEpoch, -1)})
		}
		last := &ch.runs[len(ch.runs)-1]
		last.messages = last.messages[:len(last.messages)+1]
		next = Offset(r.Offset) + 1
		ch.left++
		ch.bytes += int64(len(r.Key) + len(r.Value))

		m := &slab[0]
		slab = slab[1:]
		m.TopicPartition.Topic = ch.p.topic
		m.TopicPartition.Partition = r.Partition
		m.TopicPartition.Offset = Offset(r.Offset)
		if r.LeaderEpoch >= 0 {
			if epoch == nil || *epoch != r.LeaderEpoch {
				e := r.LeaderEpoch
				epoch = &e
			}
			m.TopicPartition.LeaderEpoch, m.LeaderEpoch = epoch, epoch
		}
		m.Value = r.Value
		if r.Key != nil {
			m.Key = r.Key
		}
		switch r.Attrs.TimestampType() {
		case 0:
			m.Timestamp, m.TimestampType = r.Timestamp, TimestampCreateTime
		case 1:
			m.Timestamp, m.TimestampType = r.Timestamp, TimestampLogAppendTime
		}
		if len(r.Headers) > 0 {
			m.Headers = make([]Header, len(r.Headers))
			for i, h := range r.Headers {
				m.Headers[i] = Header{h.Key, h.Value}
			}
		}
		r.Recycle()
	}
}
