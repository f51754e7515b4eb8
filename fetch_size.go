package kafka

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// fetchSize makes the fetches of a consumer larger when a batch turns out to be larger than max.partition.fetch.bytes. A
// broker then brings nothing in a fetch but one such batch, and that of one partition only: each would cost a round
// trip. librdkafka's documentation of the property promises growth, too.
//
// It is a hook of the engine.
type fetchSize struct {
	c    *Consumer
	most int // of a fetch

	mu        sync.Mutex // guards partition, and that the engine has it
	partition int        // at most, in a fetch
}

func (f *fetchSize) configure(c *Consumer, s *settings) {
	f.c = c
	f.partition, f.most = fetchBytes(s)
}

// Of messages that are alone in their batches for their size, so many of a partition are fetched at once, as long as that is
// not more than this fraction of the bytes that may wait for the application. On a real broker three or four bring no more
// than two. Batches of many messages fill the queue as it is.
const (
	largeMessages = 2
	queueParts    = 16
)

// batchOverhead is the size of a batch without its records.
const batchOverhead = 61

// OnFetchBatchRead is called by the engine for each batch, by one goroutine for each broker.
func (f *fetchSize) OnFetchBatchRead(_ kgo.BrokerMetadata, topic string, partition int32, m kgo.FetchBatchMetrics) {
	f.mu.Lock()
	defer f.mu.Unlock()
	batch := m.CompressedBytes + batchOverhead
	if batch <= f.partition || f.partition == f.most {
		return
	}
	want := batch
	if m.NumRecords == 1 {
		want = max(batch, min(largeMessages*batch, int(f.c.maxBytes)/queueParts))
	}
	f.partition = min(want, f.most)
	f.c.client.engine().UpdateFetchMaxBytes(int32(f.most), int32(f.partition))
	f.c.client.log.debugf("fetch", "FETCHSIZE", "%s [%d]: a batch of %d bytes: fetching up to %d of a partition from now on", topic, partition, batch, f.partition)
}
