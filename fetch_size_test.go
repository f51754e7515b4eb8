package kafka_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

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
		"too small":             {kafka.ConfigMap{"max.partition.fetch.bytes": 1000}, 1000, 4 * batch},
		"by a byte":             {kafka.ConfigMap{"max.partition.fetch.bytes": batch - 1}, batch - 1, 4 * batch},
		"bounded by the queue":  {kafka.ConfigMap{"max.partition.fetch.bytes": 1000, "queued.max.messages.kbytes": 16 * 1000}, 1000, 1000 * 1024},
		"queue below the batch": {kafka.ConfigMap{"max.partition.fetch.bytes": 1000, "queued.max.messages.kbytes": 16 * 100}, 1000, batch},
		"bounded by the fetch":  {kafka.ConfigMap{"max.partition.fetch.bytes": 1000, "fetch.max.bytes": 1_000_000, "message.max.bytes": 1_000_000}, 1000, 1_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
			engine := engineOn(t, cl, kgo.ProducerBatchCompression(kgo.NoCompression()))
			for i := range messages {
				r := &kgo.Record{Topic: "t", Partition: int32(i % 2), Value: bytes.Repeat([]byte(fmt.Sprint(i)), value)}
				need(t, "produce", engine.ProduceSync(t.Context(), r).FirstErr())
			}
			var mu sync.Mutex
			var asked []int
			cl.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
				mu.Lock()
				defer mu.Unlock()
				cl.KeepControl()
				for _, topic := range req.(*kmsg.FetchRequest).Topics {
					for _, p := range topic.Partitions {
						asked = append(asked, int(p.PartitionMaxBytes))
					}
				}
				return nil, nil, false
			})
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
			mu.Lock()
			defer mu.Unlock()
			if first, last := asked[0], asked[len(asked)-1]; first != tt.first || last != tt.last {
				t.Errorf("asked for %d and in the end %d bytes of a partition, want %d and %d; all: %d", first, last, tt.first, tt.last, asked)
			}
		})
	}
}

// batchFraming is what is around a value of that size that is alone in its batch: the batch's header, and of the record two
// lengths of three bytes and five fields of one.
const batchFraming = 61 + 2*3 + 5
