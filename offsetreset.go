package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// resetPolicy is what auto.offset.reset says: where to start when the group has no committed offset, or the offset to
// start at is out of range.
type resetPolicy int

const (
	resetLatest resetPolicy = iota
	resetEarliest
	resetError
)

// resetPolicyOf understands the names of all generations of Kafka clients.
func resetPolicyOf(name string) resetPolicy {
	switch name {
	case "smallest", "earliest", "beginning":
		return resetEarliest
	case "error":
		return resetError
	}
	return resetLatest // largest, latest, end
}

// offset is the logical offset that a policy stands for.
func (r resetPolicy) offset() Offset {
	if r == resetEarliest {
		return OffsetBeginning
	}
	return OffsetEnd
}

// start is a partition of which the offset to start at is looked up: at is absolute or logical. It is void when the
// partition has moved on to another version.
type start struct {
	p       *partition
	version int
	at      Offset
	since   time.Time
	check   bool // at is of a topic that is gone: it may be out of the range of the one that has the name now
}

// locateLocked looks up where partitions start and has them fetched from there. It goes on in the background until it
// is known or void.
func (c *Consumer) locateLocked(starts []start) {
	if len(starts) == 0 || c.closing {
		return
	}
	now := time.Now()
	for i := range starts {
		starts[i].since = now
	}
	c.client.tasks.run(func(ctx context.Context) { c.locate(ctx, starts) })
}

// resetLocked applies the policy to a partition whose offset is out of range.
func (c *Consumer) resetLocked(p *partition, leader int32, why error) {
	p.want = false
	p.seq++
	c.fetcher.interruptLocked()
	if c.reset == resetError {
		c.haltLocked(p, newErrorf(ErrAutoOffsetReset, "fetch failed due to requested offset not available on the broker: %s (broker %d)",
			newError(ErrOffsetOutOfRange), leader).withCause(why))
		return
	}
	c.locateLocked([]start{{p: p, version: p.version, at: c.reset.offset()}})
}

// leaderOf returns the broker that leads a partition, as the engine knows it, or -1.
func (c *Consumer) leaderOf(p *partition) int32 {
	leader, _, err := c.client.engine().PartitionLeader(*p.topic, p.id)
	if err != nil {
		return -1
	}
	return leader
}

// locate retries until all starts are known or void.
func (c *Consumer) locate(ctx context.Context, starts []start) {
	for try := 0; len(starts) > 0; try++ {
		if try > 0 && !sleep(ctx, c.client.backoff(try)) {
			return
		}
		starts = c.locateOnce(ctx, starts)
	}
}

// locateOnce settles what it can and returns what is to be tried again.
func (c *Consumer) locateOnce(ctx context.Context, starts []start) (again []start) {
	starts = c.stillValid(starts)
	starts, again = c.existing(ctx, starts)
	var stored, located []start
	for _, s := range starts {
		if s.at == OffsetStored {
			stored = append(stored, s)
		} else {
			located = append(located, s)
		}
	}
	if len(stored) > 0 {
		known, retry := c.committedStarts(ctx, stored)
		located, again = append(located, known...), append(again, retry...)
	}
	c.noteQueries(stored)
	c.noteQueries(located)
	located, unchecked := c.inRange(ctx, located)
	if again = append(again, unchecked...); len(located) > 0 {
		again = append(again, c.begin(ctx, located)...)
	}
	return again
}

// inRange looks whether the starts that are to be checked are in the range of their partitions, and applies the policy
// to those that are not. For others the broker says so to the engine when it fetches. But the engine may find itself
// with a partition that it has just forgotten and not learned of again, and then takes the nearest offset of the new
// one by itself.
func (c *Consumer) inRange(ctx context.Context, starts []start) (in, again []start) {
	var check []start
	var queries []offsetQuery
	for _, s := range starts {
		if !s.check || s.at < 0 {
			in = append(in, s)
			continue
		}
		check = append(check, s)
		queries = append(queries, offsetQuery{*s.p.topic, s.p.id, int64(OffsetBeginning)}, offsetQuery{*s.p.topic, s.p.id, int64(OffsetEnd)})
	}
	if len(check) == 0 {
		return in, nil
	}
	bounded, cancel := context.WithTimeout(ctx, c.client.requestTimeout())
	defer cancel()
	found, err := c.client.listOffsets(bounded, int8(IsolationLevelReadUncommitted), queries)
	if err != nil {
		return in, check
	}
	for i, s := range check {
		low, end := found[2*i], found[2*i+1]
		switch {
		case low.err != nil || end.err != nil:
			again = append(again, s)
		case int64(s.at) < low.offset || int64(s.at) > end.offset:
			leader := c.leaderOf(s.p)
			c.mu.Lock()
			if s.version == s.p.version {
				c.resetLocked(s.p, leader, kerr.OffsetOutOfRange)
			}
			c.mu.Unlock()
		default:
			in = append(in, s)
		}
	}
	return in, again
}

// noteQueries keeps the logical offsets that are looked up, for statistics.
func (c *Consumer) noteQueries(starts []start) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range starts {
		if s.at < 0 {
			s.p.query = s.at
		}
	}
}

// stillValid drops what has become void.
func (c *Consumer) stillValid(starts []start) (valid []start) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range starts {
		if s.version == s.p.version && s.p.assigned && !c.closing {
			valid = append(valid, s)
		}
	}
	return valid
}

// existing keeps the partitions that the cluster has. Of others it reports that they do not exist, of a topic only
// after topic.metadata.propagation.max.ms because it may just have been created, and has them tried again.
func (c *Consumer) existing(ctx context.Context, starts []start) (there, again []start) {
	if len(starts) == 0 {
		return nil, nil
	}
	topics, err := c.topicPartitionCounts(ctx, startTopics(starts))
	if err != nil {
		return nil, starts
	}
	propagation := c.client.conf.ms("topic.metadata.propagation.max.ms")
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range starts {
		t := topics[*s.p.topic]
		switch {
		case t.err == nil && s.p.id >= 0 && int(s.p.id) < t.partitions:
			there = append(there, s)
			continue
		case t.err == nil:
			c.failStartLocked(s, newError(ErrUnknownPartition))
		case errors.Is(t.err, kerr.UnknownTopicOrPartition):
			if time.Since(s.since) >= propagation {
				c.failStartLocked(s, newError(ErrUnknownTopicOrPart).withCause(t.err))
			}
		case !kerr.IsRetriable(t.err):
			c.failStartLocked(s, toError(t.err))
		}
		again = append(again, s)
	}
	return there, again
}

func (c *Consumer) failStartLocked(s start, err Error) {
	if s.version == s.p.version {
		c.failLocked(s.p, err)
	}
}

func startTopics(starts []start) (topics []string) {
	seen := map[string]bool{}
	for _, s := range starts {
		if !seen[*s.p.topic] {
			seen[*s.p.topic] = true
			topics = append(topics, *s.p.topic)
		}
	}
	return topics
}

// committedStarts turns OffsetStored into the committed offset, or into what the policy says.
func (c *Consumer) committedStarts(ctx context.Context, starts []start) (known, again []start) {
	c.mu.Lock()
	committing := c.commits.sending || len(c.commits.pending) > 0
	c.mu.Unlock()
	if committing { // which may be about these very partitions
		return nil, starts
	}
	keys := make([]topicPartition, len(starts))
	for i, s := range starts {
		keys[i] = s.p.key()
	}
	found, err := c.fetchCommitted(ctx, keys)
	if err != nil {
		if !kerr.IsRetriable(err) {
			c.mu.Lock()
			for _, s := range starts {
				c.failStartLocked(s, toError(err))
			}
			c.mu.Unlock()
		}
		return nil, starts
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, s := range starts {
		o := found[keys[i]]
		switch {
		case o.err != nil:
			if !kerr.IsRetriable(o.err) {
				c.failStartLocked(s, toError(o.err))
			}
			again = append(again, s)
		case o.offset >= 0:
			if s.version == s.p.version {
				s.p.committed = o.offsetAndEpoch
			}
			s.at = o.offset
			known = append(known, s)
		case c.reset == resetError:
			if s.version == s.p.version {
				c.haltLocked(s.p, newErrorf(ErrAutoOffsetReset, "no previously committed offset available: %s", newError(ErrNoOffset)))
			}
		default:
			s.at = c.reset.offset()
			known = append(known, s)
		}
	}
	return known, again
}

// offsetMaxTimestamp is the logical offset of the message with the largest timestamp. It has no name in the API, but a
// seek to it is understood.
const offsetMaxTimestamp = Offset(-3)

// begin has partitions fetched: from their absolute offset, or from where the logical one is now. With
// enable.partition.eof it looks up the end too, because a partition that is at its end sends nothing.
func (c *Consumer) begin(ctx context.Context, starts []start) (again []start) {
	// Per start the first offset and the end, where they are needed.
	type bounds struct{ low, end int }
	at := make([]bounds, len(starts))
	var queries []offsetQuery
	ask := func(p *partition, what Offset) int {
		queries = append(queries, offsetQuery{*p.topic, p.id, int64(what)})
		return len(queries) - 1
	}
	for i, s := range starts {
		at[i] = bounds{-1, -1}
		tail := s.at <= offsetTailBase
		switch {
		case s.at == OffsetBeginning:
			at[i].low = ask(s.p, OffsetBeginning)
		case !s.at.startable(): // of a seek; the broker knows more logical offsets than have names here
			at[i].low = ask(s.p, s.at)
		}
		if s.at == OffsetEnd || tail || c.eofEvents {
			at[i].end = ask(s.p, OffsetEnd)
		}
	}
	var found []offsetAnswer
	if len(queries) > 0 {
		bounded, cancel := context.WithTimeout(ctx, c.client.requestTimeout())
		defer cancel()
		var err error
		if found, err = c.client.listOffsets(bounded, c.client.isolation(), queries); err != nil {
			return starts
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
next:
	for i, s := range starts {
		if s.version != s.p.version {
			continue
		}
		low, end := OffsetInvalid, OffsetInvalid
		for _, b := range []struct {
			query int
			into  *Offset
		}{{at[i].low, &low}, {at[i].end, &end}} {
			if b.query < 0 {
				continue
			}
			err := found[b.query].err
			if err == nil && !s.at.startable() && s.at != offsetMaxTimestamp {
				err = new(newError(ErrUnsupportedVersion)) // also where a newer broker knows it: it tells of other storage
			}
			if err != nil {
				if !s.at.startable() && !waitsForLeader(err) {
					if c.queryFailedLocked(s, *err) {
						s.at = c.reset.offset()
						again = append(again, s)
					}
					continue next
				}
				if !waitsForLeader(err) {
					c.failLocked(s.p, *err)
				}
				again = append(again, s)
				continue next
			}
			*b.into = Offset(found[b.query].offset)
		}
		switch {
		case s.at == OffsetBeginning, !s.at.startable():
			s.at = low
		case s.at == OffsetEnd:
			s.at = end
		case s.at <= offsetTailBase:
			s.at = max(0, end-(offsetTailBase-s.at)) // below the start of the partition auto.offset.reset decides, as in the peer
		}
		if c.eofEvents && s.at == end {
			c.endLocked(s.p, end)
		}
		c.fetchFromLocked(s.p, s.at)
	}
	return again
}

// queryFailedLocked reports that the broker does not know a logical offset. auto.offset.reset decides where to start then,
// unless it is an error too.
func (c *Consumer) queryFailedLocked(s start, err Error) (reset bool) {
	if c.reset == resetError {
		c.haltLocked(s.p, newErrorf(ErrAutoOffsetReset, "failed to query logical offset: %s (broker %d)", err, c.leaderOf(s.p)).withCause(err))
	}
	asked := fmt.Sprintf("%d?", int64(s.at))
	if c.reset == resetLatest {
		asked = "END" // the peer names what it asks for next
	}
	c.failLocked(s.p, newErrorf(err.code, "Failed to query logical offset %s: %s", asked, err).withCause(err))
	return c.reset != resetError
}

// byTopic groups partitions.
func byTopic(keys []topicPartition) map[string][]int32 {
	m := map[string][]int32{}
	for _, k := range keys {
		m[k.topic] = append(m[k.topic], k.id)
	}
	return m
}

// topicInfo is what the cluster says of a topic.
type topicInfo struct {
	partitions int
	id         [16]byte
	err        error
}

// topicPartitionCounts asks for topics, nil for all.
func (c *Consumer) topicPartitionCounts(ctx context.Context, topics []string) (map[string]topicInfo, error) {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = c.client.conf.flag("allow.auto.create.topics")
	if topics != nil {
		req.Topics = []kmsg.MetadataRequestTopic{}
		for _, t := range topics {
			rt := kmsg.NewMetadataRequestTopic()
			rt.Topic = &t
			req.Topics = append(req.Topics, rt)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.client.requestTimeout())
	defer cancel()
	defer context.AfterFunc(c.group.closing, cancel)() // Close needs no topics
	resp, err := req.RequestWith(ctx, c.client)
	if err != nil {
		return nil, err
	}
	found := make(map[string]topicInfo, len(resp.Topics))
	for _, t := range topics {
		found[t] = topicInfo{err: kerr.UnknownTopicOrPartition}
	}
	for _, t := range resp.Topics {
		if t.Topic != nil {
			c.client.topics.learn(*t.Topic, len(t.Partitions))
			found[*t.Topic] = topicInfo{len(t.Partitions), t.TopicID, kerr.ErrorForCode(t.ErrorCode)}
		}
	}
	return found, nil
}

// requestTimeout bounds a request of the client's own.
func (c *client) requestTimeout() time.Duration { return c.conf.ms("socket.timeout.ms") }

// backoff is the wait before the try-th repetition: retry.backoff.ms, doubled each time up to retry.backoff.max.ms.
func (c *client) backoff(try int) time.Duration {
	base, most := c.conf.ms("retry.backoff.ms"), c.conf.ms("retry.backoff.max.ms")
	return max(base, min(base<<min(try-1, 20), most))
}
