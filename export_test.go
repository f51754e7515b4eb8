package kafka

import "github.com/twmb/franz-go/pkg/kgo"

// RefreshForTest makes the engine ask for metadata.
func RefreshForTest(p *Producer) { p.client.engine().ForceMetadataRefresh() }

// WaitingForRoomForTest returns how many calls of ProduceContext wait.
func WaitingForRoomForTest(p *Producer) int { return int(p.room.listeners.Load()) }

// EmitForTest is what the client does with an event that is no report.
func EmitForTest(p *Producer, e Event) { p.client.emit(e) }

// IsMemberForTest reports whether the consumer is in its group, or about to join or leave it.
func IsMemberForTest(c *Consumer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := &c.group
	return g.sub != nil || g.left || g.generation >= 0 || g.memberID != "" || len(g.owned) > 0
}

// QueuedForTest returns how many records wait for Poll, and their bytes, and how many more the engine holds.
func QueuedForTest(c *Consumer) (records int, bytes int64, engine int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queue.records, c.queue.bytes, c.client.engine().BufferedFetchRecords()
}

// EnqueueForTest does what the fetcher does with the records that the engine hands it.
func EnqueueForTest(c *Consumer, topic string, records []*kgo.Record) {
	c.mu.Lock()
	p := c.partitionLocked(topic, 0)
	f := fetched{p: p, version: p.version, seq: p.seq}
	c.mu.Unlock()
	c.enqueuePartition(f, &kgo.FetchPartition{Records: records, HighWatermark: 1 << 40, LastStableOffset: 1 << 40})
}

// QueueForTest returns how many messages count against queue.buffering.max.messages.
func QueueForTest(p *Producer) int { return int(p.queue.messages()) }

// BlocksForTest returns how many blocks of messages the partitions of p hold, and how many messages were given up that
// the engine still has.
func BlocksForTest(p *Producer) (blocks, givenUp int) {
	p.topics.each(func(t *producerTopic) {
		for _, part := range *t.parts.Load() {
			part.mu.Lock()
			blocks += len(part.inEngine.runs) - part.inEngine.head
			if !part.inEngine.last.over() {
				blocks++
			}
			givenUp += part.givenUp
			part.mu.Unlock()
		}
	})
	return blocks, givenUp
}

// GatherForTest has a producer gather messages of all partitions from now on, however few there are.
func GatherForTest(p *Producer) {
	g := &p.gathering
	g.mu.Lock()
	defer g.mu.Unlock()
	g.most, g.few, g.begin, g.end = 1<<20, 0, 0, 0
	if !g.runs {
		g.startLocked()
	}
}
