package kafka

import (
	"context"
	"errors"
	"runtime"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// partition is what the consumer knows of a partition. It is kept once it was seen, so that a pause outlives an
// assignment. Consumer.mu guards it.
type partition struct {
	topic *string
	id    int32

	assigned  bool
	named     bool   // by a call while it was not assigned, see namedLocked
	looking   bool   // the group's committed offset is looked up, to start there
	halted    bool   // auto.offset.reset=error ended it: only another assignment starts it again
	requested Offset // as the application asked, for Assignment
	version   int    // moves when all that is queued or in flight for the partition has become void

	paused bool
	parked []*chunk // what was queued when the partition was paused

	// What the fetcher is to do: fetch from start if want is set, anew when seq has moved.
	want  bool
	start Offset
	seq   int

	position      Offset // behind the last message handed out
	positionEpoch int32
	stored        offsetAndEpoch // to be committed
	committed     offsetAndEpoch // last committed
	eofAt         Offset         // the end last reported
	low, high     Offset         // watermarks of the last fetch
	stable        Offset         // the last stable offset of the last fetch
	failure       error          // the last error reported, so that it is reported once

	// For statistics.
	query           Offset // the logical offset last looked up
	reached         Offset // the end that was last fetched up to
	rxMsgs, rxBytes int64  // fetched and not dropped
}

// offsetAndEpoch is an offset with what is committed beside it.
type offsetAndEpoch struct {
	offset   Offset
	epoch    int32 // -1: not known
	metadata *string
}

var noOffset = offsetAndEpoch{OffsetInvalid, -1, nil}

// after reports whether o lies behind other. An older epoch of the leader comes before a newer one, whatever the
// offsets; where one epoch is not known the offsets decide.
func (o offsetAndEpoch) after(other offsetAndEpoch) bool {
	if o.epoch >= 0 && other.epoch >= 0 && o.epoch != other.epoch {
		return o.epoch > other.epoch
	}
	return o.offset > other.offset
}

// partitionLocked returns the state of a partition, made on first use.
func (c *Consumer) partitionLocked(topic string, id int32) *partition {
	k := topicPartition{topic, id}
	p := c.partitions[k]
	if p == nil {
		p = &partition{topic: c.client.topics.name(topic), id: id, position: OffsetInvalid, positionEpoch: -1,
			stored: noOffset, committed: noOffset, eofAt: OffsetInvalid, low: OffsetInvalid, high: OffsetInvalid, stable: OffsetInvalid,
			query: OffsetInvalid, reached: OffsetInvalid}
		c.partitions[k] = p
	}
	return p
}

// key returns p as a map's key.
func (p *partition) key() topicPartition { return topicPartition{*p.topic, p.id} }

// renewLocked voids all that is queued or on its way for p.
func (c *Consumer) renewLocked(p *partition) {
	p.version++
	p.want = false
	p.seq++
	p.parked = nil
	p.eofAt = OffsetInvalid
	p.failure = nil
	c.fetcher.interruptLocked()
}

// fetchFromLocked lets the fetcher fetch p from an offset on.
func (c *Consumer) fetchFromLocked(p *partition, start Offset) {
	p.want, p.start, p.looking = true, start, false
	p.seq++
	c.fetcher.interruptLocked()
}

// fetcher is the state of fetchLoop, the one goroutine that tells the engine what to consume and takes what it
// fetched. Because both are done there, in turn, a record can't be taken for one of a later version of its partition.
// Consumer.mu guards it.
type fetcher struct {
	dirty  bool               // what is wanted has changed
	forget []string           // topics that the engine is to forget
	cancel context.CancelFunc // ends the wait for records
	full   bool               // fetchLoop waits for room in the queue
	taken  int64              // bytes taken from the engine at the last time that there were any
	room   chan struct{}      // capacity 1
}

// interruptLocked makes fetchLoop look at what is wanted.
func (f *fetcher) interruptLocked() {
	f.dirty = true
	if f.cancel != nil {
		f.cancel()
		f.cancel = nil
	}
}

// fullLocked reports whether nothing more is to be taken from the engine. It may hand out as much as the last time, and will
// then hold as much again.
func (f *fetcher) fullLocked(c *Consumer) bool {
	q := &c.queue
	return q.records >= c.maxRecords || q.bytes > 0 && q.bytes+2*f.taken > c.maxBytes
}

// roomLocked lets a waiting fetchLoop go on when half of the queue's bound is free, or as much as it needs.
func (f *fetcher) roomLocked(c *Consumer) {
	if f.full && c.queue.records <= c.maxRecords/2 && c.queue.bytes <= max(0, min(c.maxBytes/2, c.maxBytes-2*f.taken)) {
		f.full = false
		select {
		case f.room <- struct{}{}:
		default:
		}
	}
}

// fetched is what the engine was told to do for a partition.
type fetched struct {
	p       *partition
	version int
	seq     int
}

// fetchLoop moves records from the engine to the queue until the consumer is closed.
func (c *Consumer) fetchLoop(ctx context.Context) {
	active := map[topicPartition]fetched{}
	var wait context.Context
	for ctx.Err() == nil {
		c.mu.Lock()
		var drop map[string][]int32
		var add map[string]map[int32]kgo.Offset
		var forget []string
		if c.fetcher.dirty {
			c.fetcher.dirty = false
			forget, c.fetcher.forget = c.fetcher.forget, nil
			drop, add = c.changesLocked(active)
		}
		if c.fetcher.cancel == nil {
			wait, c.fetcher.cancel = context.WithCancel(ctx)
		}
		full := c.fetcher.fullLocked(c)
		c.fetcher.full = full
		c.mu.Unlock()

		if len(c.client.log.debug) > 0 {
			c.client.log.fetching(drop, add)
		}
		if len(drop) > 0 {
			c.client.engine().RemoveConsumePartitions(drop)
		}
		if len(forget) > 0 {
			c.client.engine().PurgeTopicsFromConsuming(forget...)
		}
		if len(add) > 0 {
			c.client.engine().AddConsumePartitions(add)
		}
		if full {
			select {
			case <-c.fetcher.room:
			case <-wait.Done():
			}
			continue
		}
		if c.enqueue(active, c.client.engine().PollRecords(wait, c.maxRecords)) {
			// Whoever was woken runs now: what the engine does next would have the processor first.
			runtime.Gosched()
		}
	}
}

// changesLocked compares what is wanted with what the engine does.
func (c *Consumer) changesLocked(active map[topicPartition]fetched) (drop map[string][]int32, add map[string]map[int32]kgo.Offset) {
	for k, f := range active {
		if !f.p.want || f.p.seq != f.seq {
			if drop == nil {
				drop = map[string][]int32{}
			}
			drop[k.topic] = append(drop[k.topic], k.id)
			delete(active, k)
		}
	}
	for _, p := range c.assignment {
		k := p.key()
		if _, ok := active[k]; ok || !p.want {
			continue
		}
		if add == nil {
			add = map[string]map[int32]kgo.Offset{}
		}
		if add[k.topic] == nil {
			add[k.topic] = map[int32]kgo.Offset{}
		}
		add[k.topic][k.id] = kgo.NewOffset().At(int64(p.start))
		active[k] = fetched{p, p.version, p.seq}
	}
	return drop, add
}

// enqueue puts what was fetched on the queue. It reports whether anybody waited for it.
func (c *Consumer) enqueue(active map[topicPartition]fetched, fetches kgo.Fetches) (awaited bool) {
	c.mu.Lock()
	c.fetcher.taken = 0
	awaited = c.blocked > 0
	c.mu.Unlock()
	for i := range fetches {
		for j := range fetches[i].Topics {
			t := &fetches[i].Topics[j]
			for k := range t.Partitions {
				fp := &t.Partitions[k]
				f, ok := active[topicPartition{t.Topic, fp.Partition}]
				if !ok {
					continue // the engine's own wake-ups, and partitions that were just dropped
				}
				if fp.Err != nil {
					c.fetchFailed(f, fp)
					continue
				}
				c.enqueuePartition(f, fp)
			}
		}
	}
	return awaited
}

func (c *Consumer) enqueuePartition(f fetched, fp *kgo.FetchPartition) {
	ch := &chunk{p: f.p, version: f.version, end: OffsetInvalid}
	end := fp.HighWatermark
	if c.readCommitted {
		end = fp.LastStableOffset
	}
	reached := OffsetInvalid
	if n := len(fp.Records); n > 0 && fp.Records[n-1].Offset+1 >= end {
		reached = Offset(fp.Records[n-1].Offset + 1)
	}
	if c.eofEvents {
		ch.end = reached
	}
	ch.fill(fp.Records)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fetcher.taken += ch.bytes
	p := f.p
	p.low, p.high, p.stable = Offset(fp.LogStartOffset), Offset(fp.HighWatermark), Offset(fp.LastStableOffset)
	p.failure = nil
	if f.version == p.version {
		p.rxMsgs += int64(ch.left)
		p.rxBytes += ch.bytes
		if reached >= 0 {
			p.reached = reached
		}
	}
	switch {
	case f.version != p.version || ch.left == 0 && ch.end == OffsetInvalid && ch.after == 0:
	case p.paused:
		p.parked = append(p.parked, ch)
	default:
		c.queue.addLocked(ch)
	}
}

// endLocked puts the end of a partition behind what is queued of it.
func (c *Consumer) endLocked(p *partition, end Offset) {
	ch := &chunk{p: p, version: p.version, end: end}
	if p.paused {
		p.parked = append(p.parked, ch)
		return
	}
	c.queue.addLocked(ch)
}

// fetchFailed deals with a partition that the engine can't fetch.
func (c *Consumer) fetchFailed(f fetched, fp *kgo.FetchPartition) {
	p := f.p
	var loss *kgo.ErrDataLoss
	outOfRange := errors.Is(fp.Err, kerr.OffsetOutOfRange) || errors.As(fp.Err, &loss)
	leader := int32(-1)
	if outOfRange {
		leader = c.leaderOf(p)
	}
	c.mu.Lock()
	void := f.version != p.version || f.seq != p.seq
	switch {
	case void:
	case outOfRange:
		c.resetLocked(p, leader, fp.Err)
	case errors.Is(fp.Err, kerr.UnknownTopicOrPartition), errors.Is(fp.Err, kerr.UnknownTopicID):
		c.topicGoneLocked(*p.topic, fp.Err)
	case errors.Is(fp.Err, kgo.ErrClientClosed), errors.Is(fp.Err, context.Canceled):
	default:
		c.failLocked(p, toError(fp.Err))
	}
	c.mu.Unlock()
	if outOfRange && !void && c.reset != resetError {
		c.client.log.printf(logWarning, "OFFSET", "%s [%d]: offset reset (broker %d) to %s: %s", *p.topic, p.id, leader, c.reset.offset(), toError(fp.Err))
	}
}

// topicGoneLocked deals with a topic that was deleted: its partitions are reported as unknown, and fetched again from
// where they were when there is a topic of that name again. The engine has to forget the topic for that, because it
// knows it by its id. auto.offset.reset decides where the new one does not reach that far.
func (c *Consumer) topicGoneLocked(topic string, why error) {
	c.fetcher.forget = append(c.fetcher.forget, topic)
	var again []start
	for _, p := range c.assignment {
		if *p.topic != topic || !p.want {
			continue
		}
		c.failLocked(p, newError(ErrUnknownPartition).withCause(why))
		p.want = false
		p.seq++
		at := p.start
		if p.position >= 0 {
			at = p.position
		}
		again = append(again, start{p: p, version: p.version, at: at, check: true})
	}
	c.fetcher.interruptLocked()
	c.locateLocked(again)
}

// failLocked reports the error of a partition, once until it has fetched again.
func (c *Consumer) failLocked(p *partition, err Error) {
	if before, ok := p.failure.(Error); ok && before.code == err.code {
		return
	}
	p.failure = err
	c.queue.addLocked(&chunk{p: p, version: p.version, end: OffsetInvalid, ev: err}) // also while p is paused
}

// haltLocked reports that a partition has no offset to start at and auto.offset.reset is error.
func (c *Consumer) haltLocked(p *partition, err Error) {
	p.halted, p.looking = true, false
	c.failLocked(p, err)
}

// Pause stops handing out messages of these partitions, also of those that are queued, until Resume. It holds for
// this consumer until then, over assignments. Partitions of topics that the consumer does not use yet are ignored. The
// application still has to poll.
func (c *Consumer) Pause(partitions []TopicPartition) (err error) {
	return c.setPaused(partitions, true)
}

// Resume undoes Pause.
func (c *Consumer) Resume(partitions []TopicPartition) (err error) {
	return c.setPaused(partitions, false)
}

func (c *Consumer) setPaused(list []TopicPartition, paused bool) error {
	if err := c.client.verify(); err != nil {
		return err
	}
	changed := map[string][]int32{}
	c.mu.Lock()
	for i := range list {
		if list[i].Topic == nil {
			continue
		}
		if !c.used[*list[i].Topic] {
			continue
		}
		p := c.namedLocked(*list[i].Topic, list[i].Partition)
		if p.paused == paused {
			continue
		}
		p.paused = paused
		changed[*p.topic] = append(changed[*p.topic], p.id)
		if paused {
			p.parked = c.queue.extractLocked(p)
			continue
		}
		for _, ch := range p.parked {
			c.queue.addLocked(ch)
		}
		p.parked = nil
	}
	c.fetcher.roomLocked(c)
	c.mu.Unlock()
	if len(changed) == 0 {
		return nil
	}
	if paused {
		c.client.engine().PauseFetchPartitions(changed)
	} else {
		c.client.engine().ResumeFetchPartitions(changed)
	}
	return nil
}
