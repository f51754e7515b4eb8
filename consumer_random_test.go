package kafka_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

var randomSeed = flag.Uint64("seed", 0, "the seed of TestRandomCalls, to repeat a failure")

// TestRandomCalls has three goroutines call everything in random order. Nothing may hang, and after Unassign has
// returned no message comes until something is assigned again.
func TestRandomCalls(t *testing.T) {
	t.Parallel()
	for i, conf := range []kafka.ConfigMap{
		{"partition.assignment.strategy": "range"},
		{"partition.assignment.strategy": "cooperative-sticky", "enable.auto.commit": false},
		{"group.protocol": "consumer", "auto.commit.interval.ms": 5},
		{"enable.partition.eof": true, "enable.auto.offset.store": false},
	} {
		seed := uint64(time.Now().UnixNano())
		if *randomSeed != 0 {
			seed = *randomSeed
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			randomCalls(t, seed, conf)
			if t.Failed() {
				t.Logf("repeat with -seed %d", seed)
			}
		})
	}
}

func randomCalls(t *testing.T, seed uint64, conf kafka.ConfigMap) {
	const partitions, calls = 4, 400
	cl := testcluster.New(t, 2, testcluster.Topic("t", partitions), testcluster.Topic("u", 1))
	engine := engineOn(t, cl)
	filling, cancel := context.WithCancel(t.Context())
	defer cancel()
	var filler sync.WaitGroup
	filler.Go(func() {
		for i := 0; filling.Err() == nil; i++ {
			r := &kgo.Record{Topic: "t", Partition: int32(i % partitions), Value: []byte("v")}
			if engine.ProduceSync(filling, r).FirstErr() != nil {
				return
			}
		}
	})
	defer filler.Wait()
	defer cancel()
	c := startConsumer(t, cl, conf, kafka.ConfigMap{"fetch.wait.max.ms": 5})
	cb := func(c *kafka.Consumer, ev kafka.Event) error {
		if e, ok := ev.(kafka.AssignedPartitions); ok && len(e.Partitions) > 0 {
			_, _ = c.Position(e.Partitions)
		}
		return nil
	}
	dog := time.AfterFunc(3*patience, func() {
		fmt.Fprintf(os.Stderr, "TestRandomCalls hangs with the seed %d:\n%s", seed, stacks())
		os.Exit(1)
	})
	defer dog.Stop()
	var workers sync.WaitGroup
	for worker := range uint64(3) {
		workers.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, worker))
			one := func() []kafka.TopicPartition {
				return tps(tp("t", rnd.Int32N(partitions), kafka.Offset(rnd.IntN(20))))
			}
			for range calls {
				switch rnd.IntN(40) { // half of the calls are Poll
				default:
					c.Poll(rnd.IntN(10))
				case 6:
					_, _ = c.Commit()
				case 7:
					_ = c.CommitAsync(one()...)
				case 8:
					_ = c.Pause(one())
				case 9:
					_ = c.Resume(one())
				case 10:
					_ = c.Seek(one()[0], 0)
				case 11:
					_ = c.Assign(one())
				case 12:
					_ = c.Unassign()
				case 13:
					_ = c.Subscribe("t", cb)
				case 15:
					if rnd.IntN(4) == 0 { // so that a membership has the time to begin
						_ = c.Unsubscribe()
					}
				case 16:
					_ = c.IncrementalAssign(one())
				case 17:
					_ = c.IncrementalUnassign(one())
				case 18:
					ctx, cancel := context.WithTimeout(context.Background(), 3*time.Millisecond)
					_, _ = c.ReadBatch(ctx, 5)
					cancel()
				case 19:
					_, _ = c.StoreOffsets(one())
				}
			}
		})
	}
	workers.Wait()
	// Who is left takes it over: nothing comes after Unassign, all comes after Assign.
	_ = c.Unsubscribe()
	eventually(t, c, "no rebalance is under way", func() bool { return !kafka.IsMemberForTest(c) })
	assign := func(partitions ...kafka.TopicPartition) {
		t.Helper()
		if c.GetRebalanceProtocol() != "COOPERATIVE" {
			need(t, "Assign", c.Assign(partitions))
			return
		}
		// The protocol of the last membership goes on to say which calls are for changing the assignment.
		old, err := c.Assignment()
		need(t, "Assignment", err)
		need(t, "IncrementalUnassign", c.IncrementalUnassign(old))
		need(t, "IncrementalAssign", c.IncrementalAssign(partitions))
	}
	assign()
	quietMessages(t, c, "after Unassign")
	need(t, "Resume", c.Resume(tps(tp("t", 0, 0), tp("t", 1, 0), tp("t", 2, 0), tp("t", 3, 0))))
	assign(tp("t", 0, 0), tp("t", 1, 0), tp("t", 2, 0), tp("t", 3, 0))
	wantSteady(t, c, partitions)
	// Close meets calls of others.
	for worker := range uint64(2) {
		workers.Go(func() {
			rnd := rand.New(rand.NewPCG(seed, 10+worker))
			for !c.IsClosed() {
				switch rnd.IntN(5) {
				default:
					c.Poll(-1)
				case 0:
					_, _ = c.Commit()
				case 1:
					_ = c.Subscribe("t", cb)
				case 2:
					_ = c.Assign(tps(tp("t", 0, 0)))
				}
			}
		})
	}
	closeSoon(t, c)
	within(t, "calls beside Close", workers.Wait)
}

// wantSteady reads the partitions from their beginning: offsets go up one by one, and positions with them.
func wantSteady(t *testing.T, c *kafka.Consumer, partitions int) {
	t.Helper()
	next := map[int32]kafka.Offset{}
	pollUntil(t, c, "messages of all partitions", func(ev kafka.Event) bool {
		m, ok := ev.(*kafka.Message)
		if !ok {
			return false
		}
		p := m.TopicPartition.Partition
		if m.TopicPartition.Offset != next[p] {
			t.Fatalf("%v, want offset %d", m, next[p])
		}
		next[p]++
		if at, err := c.Position(tps(m.TopicPartition)); err != nil || at[0].Offset != next[p] {
			t.Fatalf("Position = %v, %v, want %d", at, err, next[p])
		}
		return len(next) == partitions && next[p] > 5
	})
}
