package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// Committed returns the offsets that the group has committed: OffsetInvalid where there is none, with metadata and
// leader epoch where the broker has them, and each partition's own error. It waits up to timeoutMs, then returns nil
// and ErrTimedOut.
func (c *Consumer) Committed(partitions []TopicPartition, timeoutMs int) (offsets []TopicPartition, err error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	keys := make([]topicPartition, len(partitions))
	for i, tp := range partitions {
		if tp.Topic == nil {
			return nil, newErrorf(ErrInvalidArg, "partition %d of the list has no topic", i)
		}
		keys[i] = topicPartition{*tp.Topic, tp.Partition}
	}
	if len(keys) == 0 {
		return []TopicPartition{}, nil
	}
	ctx, cancel := context.WithTimeout(c.client.tasks.ctx, time.Duration(max(timeoutMs, 0))*time.Millisecond)
	defer cancel()
	var found map[topicPartition]committedOffset
	for try := 1; ; try++ {
		found, err = c.fetchCommitted(ctx, keys)
		if err == nil {
			for _, o := range found {
				if errors.Is(o.err, kerr.UnstableOffsetCommit) {
					err = o.err
				}
			}
		}
		if err == nil || brokerRefused(err) || !sleep(ctx, c.client.backoff(try)) {
			break
		}
	}
	if ctx.Err() != nil && err != nil {
		return nil, newError(ErrTimedOut).withCause(err)
	}
	if err != nil {
		return nil, toError(err)
	}
	offsets = make([]TopicPartition, len(partitions))
	for i, k := range keys {
		o := found[k]
		offsets[i] = TopicPartition{Topic: partitions[i].Topic, Partition: k.id, Offset: OffsetInvalid}
		if o.err != nil {
			offsets[i].Error = toError(o.err)
		}
		if o.offset >= 0 {
			offsets[i].Offset, offsets[i].Metadata, offsets[i].LeaderEpoch = o.offset, o.metadata, epochPtr(o.epoch)
		}
	}
	return offsets, nil
}

// namedOffsets holds v to the requests for offsets that name topics: from version 10 on they want topic ids, which our
// own requests do not carry. All engines need it, so engineOpts applies it.
func namedOffsets(v *kversion.Versions) *kversion.Versions {
	for _, key := range []kmsg.Key{kmsg.OffsetCommit, kmsg.OffsetFetch} {
		if most, ok := v.LookupMaxKeyVersion(key.Int16()); ok && most > 9 {
			v.SetMaxKeyVersion(key.Int16(), 9)
		}
	}
	return v
}

// committedOffset is the answer for a partition to OffsetFetch.
type committedOffset struct {
	offsetAndEpoch
	err error
}

// fetchCommitted asks for committed offsets, once. Under read_committed a partition whose offset an open transaction may
// still move has an error that can be retried.
func (c *Consumer) fetchCommitted(ctx context.Context, keys []topicPartition) (map[topicPartition]committedOffset, error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	req.RequireStable = c.readCommitted
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group = c.groupID
	g.MemberEpoch = -1
	c.mu.Lock()
	if c.group.server && !c.manual && c.group.generation > 0 {
		member := c.group.memberID
		g.MemberID, g.MemberEpoch = &member, c.group.generation
	}
	c.mu.Unlock()
	for topic, ids := range byTopic(keys) {
		t := kmsg.NewOffsetFetchRequestGroupTopic()
		t.Topic, t.Partitions = topic, ids
		g.Topics = append(g.Topics, t)
	}
	req.Groups = append(req.Groups, g)
	bounded, cancel := context.WithTimeout(ctx, c.client.requestTimeout())
	defer cancel()
	resp, err := req.RequestWith(bounded, c.client)
	if err != nil {
		return nil, err
	}
	found := make(map[topicPartition]committedOffset, len(keys))
	for _, k := range keys {
		found[k] = committedOffset{noOffset, nil}
	}
	for _, g := range resp.Groups {
		code := g.ErrorCode
		if code == 0 { // older brokers answer for the one group as a whole
			code = resp.ErrorCode
		}
		switch err := kerr.ErrorForCode(code); {
		case errors.Is(err, kerr.GroupIDNotFound):
			continue // nobody has joined it or committed yet
		case errors.Is(err, kerr.StaleMemberEpoch), errors.Is(err, kerr.UnknownMemberID):
			// The membership has just moved on: by the next try it is known, or the question void.
			return nil, kerr.UnstableOffsetCommit
		case err != nil:
			return nil, err
		}
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				if p.Metadata != nil && *p.Metadata == "" {
					p.Metadata = nil // an empty text is what a commit without metadata leaves
				}
				found[topicPartition{t.Topic, p.Partition}] = committedOffset{offsetAndEpoch{Offset(p.Offset), p.LeaderEpoch, p.Metadata}, kerr.ErrorForCode(p.ErrorCode)}
			}
		}
	}
	return found, nil
}
