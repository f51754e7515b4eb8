package kafka

import "context"

// Names of the rebalance protocols, as GetRebalanceProtocol returns them.
const (
	noProtocol          = "NONE"
	eagerProtocol       = "EAGER"
	cooperativeProtocol = "COOPERATIVE"
)

// rebalance is one step of a rebalance on its way through the application: the group's goroutine queues it and waits
// for done, the application's goroutine serves it in Poll or Close.
type rebalance struct {
	assign bool // else revoke
	keys   []topicPartition
	done   chan struct{}

	// Consumer.mu guards these.
	event    bool // the application got it as an event on its channel, and answers when it likes
	answered bool // by a call of the Assign family
	over     bool // done is closed
}

// listOf is partitions as the application sees them in a rebalance.
func (c *Consumer) listOf(keys []topicPartition) []TopicPartition {
	list := make([]TopicPartition, len(keys))
	for i, k := range keys {
		list[i] = TopicPartition{Topic: c.client.topics.name(k.topic), Partition: k.id, Offset: OffsetInvalid}
	}
	return list
}

// finishLocked ends the rebalance step: the group goes on.
func (r *rebalance) finishLocked(c *Consumer) {
	if r.over {
		return
	}
	r.over = true
	if c.serving == r {
		c.serving = nil
	}
	close(r.done)
}

// serve is run by the application's goroutine. It calls the callback, and does the assignment itself where the
// application did not.
func (r *rebalance) serve(c *Consumer) Event {
	c.mu.Lock()
	if r.over { // Close did not wait for it
		c.mu.Unlock()
		return nil
	}
	nothing := r.assign && len(r.keys) == 0 && c.closing // no news to an application that is in Close
	if r.assign && c.group.lost || nothing {             // lost while it waited here
		c.group.owned = without(c.group.owned, r.keys)
		r.finishLocked(c)
		c.mu.Unlock()
		return nil
	}
	cb := c.group.callbackLocked()
	c.serving = r
	asEvent := cb == nil && c.appRebalance && c.events != nil && !c.closing // Close has ended the channel
	r.event = asEvent
	c.mu.Unlock()

	var ev Event = RevokedPartitions{c.listOf(r.keys)}
	if r.assign {
		ev = AssignedPartitions{c.listOf(r.keys)}
	}
	if asEvent {
		return ev
	}
	returned := false
	defer func() {
		// Also when the callback panics: the group must not wait for an answer that never comes.
		c.mu.Lock()
		defer c.mu.Unlock()
		if !r.answered || !returned {
			r.applyLocked(c)
		}
		r.finishLocked(c)
	}()
	if cb != nil {
		if err := cb(c, ev); err != nil {
			c.client.log.printf(logErr, "REBALANCECB", "rebalance callback returned an error: %v", err)
		}
	}
	returned = true
	return nil
}

// applyLocked does what the rebalance says.
func (r *rebalance) applyLocked(c *Consumer) {
	if c.client.closed.Load() {
		return
	}
	if r.assign {
		if c.group.rebalanceProtocolLocked() != cooperativeProtocol {
			c.unassignLocked(c.assignment)
		}
		var keys []topicPartition
		for _, k := range r.keys {
			if p := c.partitions[k]; p == nil || !p.assigned {
				keys = append(keys, k)
			}
		}
		c.addLocked(keys, c.listOf(keys))
		return
	}
	if c.group.rebalanceProtocolLocked() != cooperativeProtocol {
		c.unassignLocked(c.assignment)
		return
	}
	var out []*partition
	for _, k := range r.keys {
		if p := c.partitions[k]; p != nil && p.assigned {
			out = append(out, p)
		}
	}
	c.unassignLocked(out)
}

// rebalanceStep has the application serve a step and waits until it did, or until ctx ends.
func (c *Consumer) rebalanceStep(ctx context.Context, r *rebalance) error {
	r.done = make(chan struct{})
	c.mu.Lock()
	c.queue.pushLocked(func(c *Consumer) Event { return r.serve(c) })
	c.mu.Unlock()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		c.mu.Lock()
		if !r.over {
			r.applyLocked(c)
			r.finishLocked(c)
		}
		c.mu.Unlock()
		return ctx.Err()
	}
}

// GetRebalanceProtocol returns "NONE" until the consumer has joined a group, from then on "EAGER" or "COOPERATIVE", also
// after Unsubscribe, and "" when it is closed.
func (c *Consumer) GetRebalanceProtocol() string {
	if c.IsClosed() {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.group.rebalanceProtocolLocked()
}

// AssignmentLost reports whether the membership was lost with the assignment: from then until the revoke callback has
// returned, nothing can be committed, and another member may have the partitions already.
func (c *Consumer) AssignmentLost() bool {
	if c.IsClosed() {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.group.lost
}
