package kafka

import (
	"context"
	"slices"
)

// Which error a call gives for a partition that is not assigned depends, as in the peer, on what the consumer has
// heard of it: ErrUnknownPartition when nothing, else ErrState. It hears of a topic by using it, which is by assigning
// one of its partitions or by asking after one with Seek, Position, GetWatermarkOffsets or GetMetadata; and of all
// partitions of a topic as soon as it has metadata of it.

// useTopicLocked notes that the application uses a topic. What partitions it has is looked up in the background.
func (c *Consumer) useTopicLocked(topic string) {
	if topic == "" || c.used[topic] || c.closing {
		return
	}
	c.used[topic] = true
	if c.client.topics.count(topic) == 0 {
		c.client.tasks.run(func(ctx context.Context) {
			_, _ = c.topicPartitionCounts(ctx, []string{topic}) // an error leaves it as unknown as before
		})
	}
}

// usesLocked reports whether the application uses a topic, or the group is about to assign a partition of it.
func (c *Consumer) usesLocked(topic string) bool {
	return c.used[topic] || slices.ContainsFunc(c.group.owned, func(k topicPartition) bool { return k.topic == topic })
}

// namedLocked returns the state of a partition that a call names, made if there is none yet; nil for a topic that is
// not in use.
func (c *Consumer) namedLocked(topic string, id int32) *partition {
	if !c.usesLocked(topic) {
		return nil
	}
	p := c.partitionLocked(topic, id)
	p.named = true
	return p
}

// askedLocked notes that the application asks after a partition.
func (c *Consumer) askedLocked(topic string, id int32) *partition {
	c.useTopicLocked(topic)
	return c.namedLocked(topic, id)
}

// knowsLocked reports whether a partition is assigned or was named by a call, or exists as far as the consumer has
// heard.
func (c *Consumer) knowsLocked(topic string, id int32) bool {
	p := c.partitions[topicPartition{topic, id}]
	return p != nil && (p.assigned || p.named) || id >= 0 && int(id) < c.client.topics.count(topic)
}
