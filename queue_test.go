package kafka_test

import (
	"runtime"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// TestPollAllocations: from the engine's records to Poll there are hardly any allocations of our own.
func TestPollAllocations(t *testing.T) { // not parallel: it counts what the process allocates
	c := startConsumer(t, testcluster.New(t, 1))
	const n = 5000
	fetches := make([][]*kgo.Record, 6)
	for i := range fetches {
		fetches[i] = make([]*kgo.Record, n)
		for j := range fetches[i] {
			fetches[i][j] = &kgo.Record{Topic: "t", Offset: int64(i*n + j), Value: []byte("v"), LeaderEpoch: 3}
		}
	}
	fetch := 0
	perRun := testing.AllocsPerRun(len(fetches)-1, func() {
		kafka.EnqueueForTest(c, "t", fetches[fetch])
		for j := range n {
			m, ok := c.Poll(0).(*kafka.Message)
			if !ok || m.TopicPartition.Offset != kafka.Offset(fetch*n+j) {
				t.Fatalf("Poll = %v, want offset %d", m, fetch*n+j)
			}
		}
		fetch++
	})
	if per := perRun / n; per > 0.05 {
		t.Errorf("%.3f allocations for each message, want at most 0.05", per)
	} else {
		t.Logf("%.4f allocations for each message", per)
	}
}

// TestRuns: whatever follows a message, the position behind it is its offset and one, of its leader's epoch.
func TestRuns(t *testing.T) {
	c := startConsumer(t, testcluster.New(t, 1, testcluster.Topic("t", 1)), kafka.ConfigMap{"group.id": "g", "enable.auto.commit": false})
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
	var records []*kgo.Record
	add := func(offset int64, epoch int32) {
		records = append(records, &kgo.Record{Topic: "t", Offset: offset, LeaderEpoch: epoch, Value: []byte("v")})
	}
	for i := range int64(40) { // more than an allocation holds
		add(i, 3)
	}
	for _, r := range []struct {
		offset int64
		epoch  int32
	}{{40, 4}, {41, 4}, {45, 4}, {46, -1}, {47, -1}, {60, 5}, {100, 5}, {101, 6}} {
		add(r.offset, r.epoch)
	}
	kafka.EnqueueForTest(c, "t", records)
	for _, r := range records {
		m, ok := c.Poll(1000).(*kafka.Message)
		if !ok || m.TopicPartition.Offset != kafka.Offset(r.Offset) {
			t.Fatalf("Poll: %v, want offset %d", m, r.Offset)
		}
		at, err := c.Position(tps(tp("t", 0, 0)))
		need(t, "Position", err)
		epoch := int32(-1)
		if at[0].LeaderEpoch != nil {
			epoch = *at[0].LeaderEpoch
		}
		if at[0].Offset != kafka.Offset(r.Offset)+1 || epoch != r.LeaderEpoch {
			t.Errorf("behind offset %d of epoch %d: %v of %d", r.Offset, r.LeaderEpoch, at[0].Offset, epoch)
		}
	}
}

// BenchmarkPoll reads messages of 100 bytes that a cluster makes up, so that the consumer is all that is measured.
func BenchmarkPoll(b *testing.B) {
	cl := testcluster.New(b, 1, testcluster.Topic("t", 1), kfake.SyntheticFetch(kfake.SyntheticBatch{}))
	for name, read := range map[string]func(c *kafka.Consumer) bool{
		"Poll":        func(c *kafka.Consumer) bool { _, ok := c.Poll(100).(*kafka.Message); return ok },
		"ReadMessage": func(c *kafka.Consumer) bool { _, err := c.ReadMessage(-1); return err == nil },
		"ReadMessageContext": func(c *kafka.Consumer) bool {
			_, err := c.ReadMessageContext(b.Context())
			return err == nil
		},
	} {
		b.Run(name, func(b *testing.B) {
			c := startConsumer(b, cl, kafka.ConfigMap{"enable.auto.commit": false})
			need(b, "Assign", c.Assign(tps(tp("t", 0, 0))))
			for !read(c) {
				runtime.Gosched()
			}
			b.SetBytes(100)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				if read(c) {
					n++
				}
			}
			b.StopTimer()
		})
	}
}
