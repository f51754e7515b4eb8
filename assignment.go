package kafka

import (
	"slices"
	"sort"
)

// Assign makes partitions the whole assignment: what is not among them is no longer consumed. An Offset >= 0 is where
// to start; OffsetBeginning, OffsetEnd and OffsetTail count from the ends of the partition; OffsetStored and
// OffsetInvalid start at the group's committed offset, or where there is none where auto.offset.reset says. An empty
// list assigns nothing. It returns at once; a partition that does not exist is an Error event later.
//
// In a rebalance callback it answers the rebalance, under an eager protocol only. ErrInvalidArg: a partition is there
// twice, or its offset is negative and none of those named; nothing is assigned then. ErrState: IncrementalAssign has to
// be used, or the consumer is closed.
func (c *Consumer) Assign(partitions []TopicPartition) (err error) {
	if err := c.client.verify(); err != nil {
		return err
	}
	keys, err := keysIn(partitions)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.answerLocked(false); err != nil {
		return err
	}
	c.giveBackLocked(c.assignment)
	if err := c.checkAddLocked(keys, partitions); err != nil {
		return newError(ErrInvalidArg).withCause(err) // without the text, as in the peer
	}
	c.addLocked(keys, partitions)
	return nil
}

// Unassign ends the assignment: no partition is consumed any longer. In a rebalance callback it answers the rebalance,
// under an eager protocol only.
func (c *Consumer) Unassign() (err error) {
	if err := c.client.verify(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.answerLocked(false); err != nil {
		return err
	}
	c.giveBackLocked(c.assignment)
	return nil
}

// IncrementalAssign adds partitions to the assignment; offsets are as for Assign. In a rebalance callback it answers
// the rebalance, under a cooperative protocol only.
//
// ErrConflict: a partition is assigned already. ErrInvalidArg: one is there twice, or its offset is no offset. ErrState:
// the protocol is EAGER, or the consumer is closed. On an error nothing is changed.
func (c *Consumer) IncrementalAssign(partitions []TopicPartition) (err error) {
	if err := c.client.verify(); err != nil {
		return err
	}
	keys, err := keysIn(partitions)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.answerLocked(true); err != nil {
		return err
	}
	if err := c.checkAddLocked(keys, partitions); err != nil {
		return err
	}
	c.addLocked(keys, partitions)
	return nil
}

// IncrementalUnassign takes partitions out of the assignment. In a rebalance callback it answers the rebalance, under
// a cooperative protocol only.
//
// ErrInvalidArg: a partition is not assigned. ErrState: the protocol is EAGER, or the consumer is closed. On an error
// nothing is changed.
func (c *Consumer) IncrementalUnassign(partitions []TopicPartition) (err error) {
	if err := c.client.verify(); err != nil {
		return err
	}
	keys, err := keysIn(partitions)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.answerLocked(true); err != nil {
		return err
	}
	if c.closing { // Close takes all of them
		c.giveBackLocked(c.assignment)
		return nil
	}
	if len(c.assignment) == 0 && len(keys) > 0 {
		return newErrorf(ErrInvalidArg, "Can't subtract from empty assignment")
	}
	slices.SortFunc(keys, topicPartition.compare)
	out := make([]*partition, len(keys))
	for i, k := range keys {
		p := c.partitions[k]
		if p == nil || !p.assigned {
			return newErrorf(ErrInvalidArg, "%s [%d] can't be unassigned since it is not in the current assignment", k.topic, k.id)
		}
		if i > 0 && k == keys[i-1] {
			return duplicate(k)
		}
		out[i] = p
	}
	c.giveBackLocked(out)
	return nil
}

// Assignment returns the assigned partitions, sorted, with the offsets that were asked for.
func (c *Consumer) Assignment() (partitions []TopicPartition, err error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]TopicPartition, len(c.assignment))
	for i, p := range c.assignment {
		list[i] = TopicPartition{Topic: p.topic, Partition: p.id, Offset: p.requested}
	}
	return list, nil
}

// keysIn returns the keys of a list.
func keysIn(list []TopicPartition) ([]topicPartition, error) {
	keys := make([]topicPartition, len(list))
	for i := range list {
		if list[i].Topic == nil {
			return nil, newErrorf(ErrInvalidArg, "partition %d of the list has no topic", i)
		}
		keys[i] = topicPartition{*list[i].Topic, list[i].Partition}
	}
	return keys, nil
}

func duplicate(k topicPartition) Error {
	return newErrorf(ErrInvalidArg, "Duplicate %s [%d] in input list", k.topic, k.id)
}

// checkAddLocked checks what is to be added to the assignment, and returns what is wrong with the first partition that
// can't be, in the order of topics and partitions.
func (c *Consumer) checkAddLocked(keys []topicPartition, list []TopicPartition) error {
	order := make([]int, len(keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return keys[i].compare(keys[j]) })
	for n, i := range order {
		k := keys[i]
		if n > 0 && keys[order[n-1]] == k {
			return duplicate(k)
		}
		if p := c.partitions[k]; p != nil && p.assigned {
			return newErrorf(ErrConflict, "%s [%d] is already part of the current assignment", k.topic, k.id)
		}
		if o := list[i].Offset; !o.startable() {
			return newErrorf(ErrInvalidArg, "%s [%d] has invalid start offset %d", k.topic, k.id, int64(o))
		}
	}
	return nil
}

// startable reports whether an assignment may start at o.
func (o Offset) startable() bool {
	return o >= 0 || o == OffsetBeginning || o == OffsetEnd || o == OffsetStored || o == OffsetInvalid || o <= offsetTailBase
}

// answerLocked notes that the application changes the assignment itself, and checks that it does so in the way that
// the group's protocol asks for.
func (c *Consumer) answerLocked(incremental bool) error {
	g := &c.group
	if c.serving != nil {
		c.serving.answered = true
	}
	protocol := g.rebalanceProtocolLocked()
	switch {
	case c.closing: // any call is as good as another: nothing is assigned any more
	case protocol == eagerProtocol && incremental:
		return newErrorf(ErrState, "Changes to the current assignment must be made using assign() when rebalance protocol type is EAGER")
	case protocol == cooperativeProtocol && !incremental:
		return newError(ErrState)
	}
	if g.sub == nil && c.serving == nil {
		c.manual = true
	}
	if c.serving != nil && c.serving.event {
		c.serving.finishLocked(c)
	}
	return nil
}

// giveBackLocked is unassignLocked for a call of the application: what the partitions have stored is committed when
// enable.auto.commit is on. Within a rebalance the group does that.
func (c *Consumer) giveBackLocked(out []*partition) {
	if c.serving == nil && !c.group.lost {
		c.autoCommitLocked(out, true)
	}
	c.unassignLocked(out)
}

// addLocked adds partitions to the assignment and looks up where to start.
func (c *Consumer) addLocked(keys []topicPartition, list []TopicPartition) {
	if len(keys) == 0 {
		return
	}
	added := make([]start, len(keys))
	for i, k := range keys {
		p := c.partitionLocked(k.topic, k.id)
		c.renewLocked(p)
		c.used[k.topic] = true // what partitions it has is looked up with where to start
		p.assigned, p.halted = true, false
		p.requested = list[i].Offset
		if p.requested == OffsetInvalid {
			p.requested = OffsetStored
		}
		p.looking = p.requested == OffsetStored
		p.position, p.positionEpoch = OffsetInvalid, -1
		p.stored = noOffset // what is committed stays known, so that a commit does not go backwards
		c.assignment = append(c.assignment, p)
		added[i] = start{p: p, version: p.version, at: p.requested}
	}
	sortPartitions(c.assignment)
	c.locateLocked(added)
}

// unassignLocked takes partitions out of the assignment. What they have stored is left for a commit that was planned
// before; nothing is stored for them any longer.
func (c *Consumer) unassignLocked(out []*partition) {
	for _, p := range out {
		c.renewLocked(p)
		p.assigned, p.named, p.looking = false, false, false
		p.position, p.positionEpoch = OffsetInvalid, -1
	}
	kept := make([]*partition, 0, len(c.assignment))
	for _, p := range c.assignment {
		if p.assigned {
			kept = append(kept, p)
		}
	}
	c.assignment = kept
}

func sortPartitions(list []*partition) {
	sort.Slice(list, func(i, j int) bool {
		if *list[i].topic != *list[j].topic {
			return *list[i].topic < *list[j].topic
		}
		return list[i].id < list[j].id
	})
}

// Position returns for each partition the offset behind the last message that was handed out: OffsetInvalid where
// there was none since it was assigned or sought.
func (c *Consumer) Position(partitions []TopicPartition) (offsets []TopicPartition, err error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	offsets = make([]TopicPartition, len(partitions))
	for i, tp := range partitions {
		offsets[i] = TopicPartition{Topic: tp.Topic, Partition: tp.Partition, Offset: OffsetInvalid}
		if tp.Topic == nil {
			continue
		}
		if p := c.askedLocked(*tp.Topic, tp.Partition); p != nil && p.position != OffsetInvalid {
			offsets[i].Offset = p.position
			offsets[i].LeaderEpoch = epochPtr(p.positionEpoch)
		}
	}
	return offsets, nil
}

// Seek makes an assigned partition go on at another offset, absolute or logical; OffsetInvalid is where
// auto.offset.reset says. Messages of it that are queued are dropped before it returns; it does not wait for more,
// whatever ignoredTimeoutMs says. What is stored of it stays.
//
// ErrState: the partition is not assigned, was stopped by auto.offset.reset=error, or is to start at the committed offset
// and that is not known yet, so in a rebalance callback: assign the offset there. Or the consumer is closed.
// ErrUnknownPartition: the consumer has not heard of it. ErrInvalidArg: the offset is OffsetStored.
func (c *Consumer) Seek(partition TopicPartition, ignoredTimeoutMs int) error {
	if err := c.client.verify(); err != nil {
		return err
	}
	if partition.Topic == nil {
		return newErrorf(ErrInvalidArg, "the partition to seek has no topic")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.knowsLocked(*partition.Topic, partition.Partition)
	c.useTopicLocked(*partition.Topic)
	if !known {
		return newError(ErrUnknownPartition)
	}
	s, err := c.seekLocked(partition)
	if err == nil && !s.p.halted {
		c.locateLocked([]start{s})
	}
	return err
}

// SeekPartitions seeks several partitions. The result has for each the error that Seek would return, but
// ErrUnknownPartition only where the consumer does not use the topic. ErrInvalidArg: the list is empty.
func (c *Consumer) SeekPartitions(partitions []TopicPartition) ([]TopicPartition, error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	if len(partitions) == 0 {
		return nil, newErrorf(ErrInvalidArg, "partitions must be specified")
	}
	result := append([]TopicPartition(nil), partitions...)
	c.mu.Lock()
	defer c.mu.Unlock()
	var starts []start
	for i := range result {
		s, err := c.seekLocked(result[i])
		result[i].Error = err
		if err == nil && !s.p.halted {
			starts = append(starts, s)
		}
	}
	c.locateLocked(starts)
	return result, nil
}

func (c *Consumer) seekLocked(tp TopicPartition) (start, error) {
	if tp.Topic == nil {
		return start{}, newErrorf(ErrInvalidArg, "the partition to seek has no topic")
	}
	p := c.namedLocked(*tp.Topic, tp.Partition)
	switch {
	case p == nil:
		return start{}, newError(ErrUnknownPartition)
	case !p.assigned, p.halted, p.looking:
		return start{}, newError(ErrState)
	case tp.Offset == OffsetStored:
		return start{}, newError(ErrInvalidArg)
	}
	c.renewLocked(p)
	p.position, p.positionEpoch = OffsetInvalid, -1
	s := start{p: p, version: p.version, at: tp.Offset}
	if s.at == OffsetInvalid {
		if c.reset == resetError {
			c.haltLocked(p, newErrorf(ErrAutoOffsetReset, "update: %s", newError(ErrNoError)))
		}
		s.at = c.reset.offset()
	}
	return s, nil
}
