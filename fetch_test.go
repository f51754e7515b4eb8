package kafka_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// trace polls until stop says so and returns the events in short: values of messages, and EOF@offset.
func trace(t *testing.T, c *kafka.Consumer, n int) (got []string) {
	t.Helper()
	pollUntil(t, c, fmt.Sprintf("%d messages and ends", n), func(ev kafka.Event) bool {
		switch e := ev.(type) {
		case *kafka.Message:
			got = append(got, string(e.Value))
		case kafka.PartitionEOF:
			got = append(got, fmt.Sprintf("EOF@%d", e.Offset))
			wantCode(t, "error of an end", e.Error, kafka.ErrPartitionEOF)
			if want := fmt.Sprintf("EOF at %s[%d]@%d(Broker: No more messages)", *e.Topic, e.Partition, e.Offset); e.String() != want {
				t.Errorf("String() = %q, want %q", e, want)
			}
		case kafka.Error:
			t.Fatalf("error event %v", e)
		}
		return len(got) == n
	})
	return got
}

// TestPartitionEOF: once for every end reached.
func TestPartitionEOF(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	c := startConsumer(t, cl, kafka.ConfigMap{"enable.partition.eof": true})
	need(t, "Assign", c.Assign(tps(tp("t", 0, kafka.OffsetBeginning))))
	wantValues(t, "empty", trace(t, c, 1), []string{"EOF@0"})
	quiet(t, c, "the same end again")
	produceValues(t, cl, "t", "a", "b")
	wantValues(t, "after messages", trace(t, c, 3), []string{"a", "b", "EOF@2"})
	quiet(t, c, "the same end again")
	produceValues(t, cl, "t", "c")
	wantValues(t, "after one more", trace(t, c, 2), []string{"c", "EOF@3"})
	need(t, "Seek", c.Seek(tp("t", 0, 1), 0))
	wantValues(t, "after a seek back", trace(t, c, 3), []string{"b", "c", "EOF@3"})
	need(t, "Seek", c.Seek(tp("t", 0, kafka.OffsetEnd), 0))
	wantValues(t, "after a seek to the end", trace(t, c, 1), []string{"EOF@3"})
	need(t, "Assign", c.Assign(tps(tp("t", 0, 2))))
	wantValues(t, "after assigning again", trace(t, c, 2), []string{"c", "EOF@3"})
	need(t, "Pause", c.Pause(tps(tp("t", 0, 0))))
	produceValues(t, cl, "t", "d")
	quiet(t, c, "paused")
	need(t, "Resume", c.Resume(tps(tp("t", 0, 0))))
	wantValues(t, "after a pause", trace(t, c, 2), []string{"d", "EOF@4"})

	off := startConsumer(t, cl)
	need(t, "Assign", off.Assign(tps(tp("t", 0, 0))))
	readN(t, off, 4)
	quiet(t, off, "without enable.partition.eof")
}

// transaction produces values in a transaction and ends it.
func transaction(t *testing.T, cl *testcluster.Cluster, id string, commit bool, values ...string) {
	t.Helper()
	engine := engineOn(t, cl, kgo.TransactionalID(id))
	defer engine.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	need(t, "BeginTransaction", engine.BeginTransaction())
	for _, v := range values {
		need(t, "produce", engine.ProduceSync(ctx, &kgo.Record{Topic: "t", Value: []byte(v)}).FirstErr())
	}
	need(t, "EndTransaction", engine.EndTransaction(ctx, kgo.TransactionEndTry(commit)))
}

// TestTransactions: what a reader sees of committed, aborted and open transactions, and where it sees the end.
func TestTransactions(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	transaction(t, cl, "x", true, "a", "b")  // 0, 1 and a marker at 2
	transaction(t, cl, "x", false, "c", "d") // 3, 4 and a marker at 5
	produceValues(t, cl, "t", "e")           // 6
	transaction(t, cl, "x", false, "f")      // 7 and a marker at 8
	for level, want := range map[string][]string{
		"read_committed":   {"a", "b", "e", "EOF@9"},
		"read_uncommitted": {"a", "b", "c", "d", "e", "f", "EOF@9"},
	} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			c := startConsumer(t, cl, kafka.ConfigMap{"isolation.level": level, "enable.partition.eof": true})
			need(t, "Assign", c.Assign(tps(tp("t", 0, kafka.OffsetBeginning))))
			wantValues(t, "events", trace(t, c, len(want)), want)
			quiet(t, c, "behind the end")
		})
	}
}

// TestOpenTransaction: read_committed ends before an open transaction, and goes on when it is committed.
func TestOpenTransaction(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	produceValues(t, cl, "t", "a")
	engine := engineOn(t, cl, kgo.TransactionalID("x"))
	need(t, "BeginTransaction", engine.BeginTransaction())
	need(t, "produce", engine.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Value: []byte("b")}).FirstErr())
	c := startConsumer(t, cl, kafka.ConfigMap{"isolation.level": "read_committed", "enable.partition.eof": true})
	need(t, "Assign", c.Assign(tps(tp("t", 0, kafka.OffsetBeginning))))
	wantValues(t, "events", trace(t, c, 2), []string{"a", "EOF@1"})
	quiet(t, c, "an open transaction")
	need(t, "EndTransaction", engine.EndTransaction(t.Context(), kgo.TryCommit))
	wantValues(t, "events after the commit", trace(t, c, 2), []string{"b", "EOF@3"})
}

// TestPause: nothing of a paused partition comes out, what was queued comes after Resume, and the others go on.
func TestPause(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	fill(t, cl, "t", 0, 0, 10)
	c := startConsumer(t, cl)
	both := tps(tp("t", 0, 0), tp("t", 1, 0))
	need(t, "Assign", c.Assign(both))
	wantValues(t, "messages", readN(t, c, 3), values(0, 3))
	need(t, "Pause", c.Pause(tps(tp("t", 0, 0))))
	need(t, "Pause again", c.Pause(tps(tp("t", 0, 0))))
	fill(t, cl, "t", 1, 100, 2)
	wantValues(t, "the partition that is not paused", readN(t, c, 2), values(100, 102))
	quietMessages(t, c, "a paused partition")
	if list, err := c.Position(both); err != nil || show(list) != "t[0]@3 t[1]@2" {
		t.Errorf("Position = %s, %v", show(list), err)
	}
	fill(t, cl, "t", 0, 10, 2)
	need(t, "Resume", c.Resume(both))
	wantValues(t, "after Resume", readN(t, c, 9), values(3, 12))
	// It outlives assignments.
	need(t, "Pause", c.Pause(tps(tp("t", 0, 0))))
	for range 2 {
		need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
		quietMessages(t, c, "paused over an assignment")
		need(t, "Unassign", c.Unassign())
	}
	need(t, "Assign", c.Assign(tps(tp("t", 0, 5))))
	need(t, "Seek", c.Seek(tp("t", 0, 8), 0))
	quietMessages(t, c, "paused over a seek")
	need(t, "Resume", c.Resume(tps(tp("t", 0, 0))))
	wantValues(t, "after Resume", readN(t, c, 4), values(8, 12))
	quietMessages(t, c, "all was read")
}

// TestSeek: what was queued is gone when Seek returns.
func TestSeek(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	fill(t, cl, "t", 0, 0, 100)
	c := startConsumer(t, cl, kafka.ConfigMap{"fetch.wait.max.ms": 10}) // what a seek of a partition that is at its end may wait for
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0), tp("t", 1, 0))))
	readN(t, c, 1)
	for i := range 30 {
		at := (i * 37) % 100
		need(t, "Seek", c.Seek(tp("t", 0, kafka.Offset(at)), 0))
		if list, err := c.Position(tps(tp("t", 0, 0))); err != nil || list[0].Offset != kafka.OffsetInvalid {
			t.Errorf("Position after Seek = %v, %v", list, err)
		}
		n := min(i%4+1, 100-at)
		wantValues(t, "after Seek", readN(t, c, n), values(at, at+n))
		if list, err := c.Position(tps(tp("t", 0, 0))); err != nil || list[0].Offset != kafka.Offset(at+n) {
			t.Errorf("Position = %v, %v, want %d", list, err, at+n)
		}
	}
}

// TestUnassign: no message comes of a partition that is not assigned any longer.
func TestUnassign(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 3))
	for p := range int32(3) {
		fill(t, cl, "t", p, 100*int(p), 50)
	}
	c := startConsumer(t, cl)
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0), tp("t", 1, 0))))
	readN(t, c, 3)
	need(t, "IncrementalAssign", c.IncrementalAssign(tps(tp("t", 2, 0))))
	need(t, "IncrementalUnassign", c.IncrementalUnassign(tps(tp("t", 0, 0), tp("t", 1, 0))))
	wantValues(t, "only the partition that is left", readN(t, c, 50), values(200, 250))
	need(t, "Unassign", c.Unassign())
	quietMessages(t, c, "nothing is assigned")
	if list, err := c.Assignment(); err != nil || len(list) != 0 {
		t.Errorf("Assignment = %v, %v", list, err)
	}
	wantCode(t, "IncrementalUnassign from nothing", c.IncrementalUnassign(tps(tp("t", 0, 0))), kafka.ErrInvalidArg)
	if list, err := c.Position(tps(tp("t", 2, 0))); err != nil || list[0].Offset != kafka.OffsetInvalid {
		t.Errorf("Position after Unassign = %v, %v", list, err)
	}
}

// TestLeaderMoves: the consumer follows a partition to another broker, without an error event or a gap.
func TestLeaderMoves(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 3, testcluster.Topic("t", 1))
	c := startConsumer(t, cl)
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
	for i := range 4 {
		fill(t, cl, "t", 0, 10*i, 10)
		wantValues(t, "messages", readN(t, c, 10), values(10*i, 10*i+10))
		need(t, "MoveTopicPartition", cl.MoveTopicPartition("t", 0, (cl.LeaderFor("t", 0)+1)%3))
	}
}

// TestPartitionErrors: a partition that does not exist is reported, once, and does not disturb others.
func TestPartitionErrors(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	produceValues(t, cl, "t", "v0")
	c := startConsumer(t, cl, kafka.ConfigMap{"topic.metadata.propagation.max.ms": 100})
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0), tp("t", 5, 0), tp("none", 0, 0))))
	codes, message := map[kafka.ErrorCode]int{}, 0
	pollUntil(t, c, "two errors and a message", func(ev kafka.Event) bool {
		switch e := ev.(type) {
		case kafka.Error:
			codes[e.Code()]++
		case *kafka.Message:
			message++
		}
		return len(codes) == 2 && message == 1
	})
	quiet(t, c, "the same errors again")
	if codes[kafka.ErrUnknownPartition] != 1 || codes[kafka.ErrUnknownTopicOrPart] != 1 {
		t.Errorf("errors %v", codes)
	}
}

// TestPrefetchBound measures what a consumer that nobody polls takes in of far more than its bounds, over many partitions and
// brokers.
func TestPrefetchBound(t *testing.T) {
	t.Parallel()
	const brokers, partitions, perPartition, size = 3, 12, 40, 20_000 // 9.6 MB
	for _, test := range []struct {
		name string
		conf kafka.ConfigMap
	}{
		{"bytes", kafka.ConfigMap{"queued.max.messages.kbytes": 1000, "fetch.message.max.bytes": 100_000, "fetch.max.bytes": 1_000_000, "message.max.bytes": 100_000}},
		{"messages", kafka.ConfigMap{"queued.min.messages": 20, "fetch.message.max.bytes": 100_000, "fetch.max.bytes": 1_000_000, "message.max.bytes": 100_000}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, brokers, testcluster.Topic("t", partitions))
			engine := engineOn(t, cl, kgo.ProducerBatchMaxBytes(30_000), kgo.ProducerBatchCompression(kgo.NoCompression())) // one message each, so that fetches can stop anywhere
			var list []kafka.TopicPartition
			for p := range int32(partitions) {
				list = append(list, tp("t", p, 0))
				for range perPartition {
					engine.Produce(t.Context(), &kgo.Record{Topic: "t", Partition: p, Value: make([]byte, size)}, nil)
				}
			}
			need(t, "filling", engine.Flush(t.Context()))
			c := startConsumer(t, cl, test.conf)
			need(t, "Assign", c.Assign(list))
			settled(t, func() int64 { n, _, _ := kafka.QueuedForTest(c); return int64(n) })
			records, bytes, inside := kafka.QueuedForTest(c)
			t.Logf("queued %d records, %d bytes; %d more records in the engine, of %d", records, bytes, inside, partitions*perPartition)
			// A fetch per broker may be under way when the bound is reached, and one more be held by the engine.
			fetch := partitions * 100_000 / size
			limit := 2 * fetch
			if test.name == "bytes" {
				limit += 1_000_000 / size
			} else {
				limit += 20
			}
			if records+int(inside) > limit {
				t.Errorf("%d records are buffered, want at most %d", records+int(inside), limit)
			}
			if got := len(readN(t, c, partitions*perPartition)); got != partitions*perPartition {
				t.Errorf("%d messages", got)
			}
		})
	}
}

// settled waits until a figure has stayed the same for a while.
func settled(t *testing.T, figure func() int64) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	last, same := int64(-1), 0
	for range ticker.C {
		if now := figure(); now == last && now > 0 {
			if same++; same == 8 {
				return
			}
		} else {
			last, same = now, 0
		}
	}
}

// TestPauseMakesRoom: what is queued of a paused partition does not keep the others from being fetched.
func TestPauseMakesRoom(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	engine := engineOn(t, cl)
	const n = 100
	fill := func(p int32) {
		for range n {
			engine.Produce(t.Context(), &kgo.Record{Topic: "t", Partition: p, Value: []byte("v")}, nil)
		}
		need(t, "filling", engine.Flush(t.Context()))
	}
	fill(0)
	c := startConsumer(t, cl, kafka.ConfigMap{"queued.min.messages": 10})
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0), tp("t", 1, 0))))
	settled(t, func() int64 { queued, _, _ := kafka.QueuedForTest(c); return int64(queued) })
	need(t, "Pause", c.Pause(tps(tp("t", 0, 0))))
	fill(1)
	for i := range n {
		m, err := c.ReadMessage(30 * time.Second)
		need(t, "ReadMessage", err)
		if m.TopicPartition.Partition != 1 || m.TopicPartition.Offset != kafka.Offset(i) {
			t.Fatalf("%v, want offset %d of the partition that is not paused", m, i)
		}
	}
}
