package kafka_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// TestFetchSize: a batch that is larger than max.partition.fetch.bytes makes the next fetches larger, within bounds.
func TestFetchSize(t *testing.T) {
	t.Parallel()
	const value, messages = 300_000, 6
	batch := value + batchFraming
	for name, tt := range map[string]struct {
		conf        kafka.ConfigMap
		first, last int // what is asked for of a partition
	}{
		"large enough":          {kafka.ConfigMap{"max.partition.fetch.bytes": batch}, batch, batch},
		"too small":             {kafka.ConfigMap{"max.partition.fetch.bytes": 1000}, 1000, 2 * batch},
		"by a byte":             {kafka.ConfigMap{"max.partition.fetch.bytes": batch - 1}, batch - 1, 2 * batch},
		"bounded by the queue":  {kafka.ConfigMap{"max.partition.fetch.bytes": 1000, "queued.max.messages.kbytes": 16 * 400}, 1000, 400 * 1024},
		"queue below the batch": {kafka.ConfigMap{"max.partition.fetch.bytes": 1000, "queued.max.messages.kbytes": 16 * 100}, 1000, batch},
		"bounded by the fetch":  {kafka.ConfigMap{"max.partition.fetch.bytes": 1000, "fetch.max.bytes": 500_000, "message.max.bytes": 500_000}, 1000, 500_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
			engine := engineOn(t, cl, kgo.ProducerBatchCompression(kgo.NoCompression()))
			for i := range messages {
				r := &kgo.Record{Topic: "t", Partition: int32(i % 2), Value: bytes.Repeat([]byte(fmt.Sprint(i)), value)}
				need(t, "produce", engine.ProduceSync(t.Context(), r).FirstErr())
			}
			asked := fetchSizes(cl)
			c := startConsumer(t, cl, tt.conf)
			need(t, "Assign", c.Assign(tps(tp("t", 0, 0), tp("t", 1, 0))))
			for _, v := range readN(t, c, messages) {
				if len(v) != value {
					t.Errorf("a message of %d bytes, want %d", len(v), value)
				}
			}
			// The last messages may have come with fetches that were made before the first were looked at.
			more := &kgo.Record{Topic: "t", Value: []byte("the end")}
			need(t, "produce", engine.ProduceSync(t.Context(), more).FirstErr())
			readN(t, c, 1)
			if first, last := asked.firstAndLast(); first != tt.first || last != tt.last {
				t.Errorf("asked for %d and in the end %d bytes of a partition, want %d and %d", first, last, tt.first, tt.last)
			}
		})
	}
}

// TestFetchSizeOfSmallMessages: a batch of several messages makes fetches only as large as it is.
func TestFetchSizeOfSmallMessages(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	engine := engineOn(t, cl, kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerLinger(time.Minute))
	for range 3 {
		engine.Produce(t.Context(), &kgo.Record{Topic: "t", Value: make([]byte, 1000)}, nil)
	}
	need(t, "flush", engine.Flush(t.Context()))
	asked := fetchSizes(cl)
	c := startConsumer(t, cl, kafka.ConfigMap{"max.partition.fetch.bytes": 100})
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
	readN(t, c, 3)
	produceValues(t, cl, "t", "the end")
	readN(t, c, 1)
	if first, last := asked.firstAndLast(); first != 100 || last < 3000 || last > 3100 {
		t.Errorf("asked for %d and in the end %d bytes of a partition, want 100 and what a batch of three messages has", first, last)
	}
}

// partitionBytes is what was asked for of partitions, from the first fetch on.
type partitionBytes struct {
	mu    sync.Mutex // guards asked
	asked []int
}

// fetchSizes notes what fetches ask for.
func fetchSizes(cl *testcluster.Cluster) *partitionBytes {
	b := &partitionBytes{}
	cl.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		cl.KeepControl()
		for _, topic := range req.(*kmsg.FetchRequest).Topics {
			for _, p := range topic.Partitions {
				b.asked = append(b.asked, int(p.PartitionMaxBytes))
			}
		}
		return nil, nil, false
	})
	return b
}

func (b *partitionBytes) firstAndLast() (first, last int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked[0], b.asked[len(b.asked)-1]
}

// batchFraming is what is around a value of that size that is alone in its batch: the batch's header, and of the record two
// lengths of three bytes and five fields of one.
const batchFraming = 61 + 2*3 + 5
