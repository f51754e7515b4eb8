package kafka_test

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// assignedConsumer is a consumer in a group of its own that is assigned two partitions with ten messages each by hand.
type assignedConsumer struct {
	*kafka.Consumer
	cl    *testcluster.Cluster
	group string
}

func assignTwo(t *testing.T, conf kafka.ConfigMap) assignedConsumer {
	t.Helper()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 3))
	fill(t, cl, "t", 0, 0, 10)
	fill(t, cl, "t", 1, 0, 10)
	group := newGroup()
	c := startConsumer(t, cl, kafka.ConfigMap{"group.id": group, "enable.auto.commit": false}, conf)
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0), tp("t", 1, 0))))
	return assignedConsumer{c, cl, group}
}

func (a assignedConsumer) committed(partition int32) int64 {
	return committedIn(a.cl, a.group, "t", partition)
}

// readFrom reads n messages of a partition; the other one is paused meanwhile.
func (a assignedConsumer) readFrom(t *testing.T, partition int32, n int) (last *kafka.Message) {
	t.Helper()
	need(t, "Pause", a.Pause(tps(tp("t", 1-partition, 0))))
	for range n {
		last = nextOf[*kafka.Message](t, a.Consumer)
		if last.TopicPartition.Partition != partition {
			t.Fatalf("a message of the paused partition: %v", last)
		}
	}
	need(t, "Resume", a.Resume(tps(tp("t", 1-partition, 0))))
	return last
}

// TestCommitStored: Commit takes what was handed out since the last one, and nothing else.
func TestCommitStored(t *testing.T) {
	t.Parallel()
	c := assignTwo(t, nil)
	_, err := c.Commit()
	wantCode(t, "Commit before anything was read", err, kafka.ErrNoOffset)
	c.readFrom(t, 0, 4)
	list, err := c.Commit()
	if err != nil || show(list) != "t[0]@4 t[1]@unset" {
		t.Errorf("Commit = %s, %v", show(list), err)
	}
	if c.committed(0) != 4 || c.committed(1) != -1 {
		t.Errorf("committed %d and %d, want 4 and nothing", c.committed(0), c.committed(1))
	}
	if e := list[0].LeaderEpoch; e == nil || *e != c.cl.PartitionInfo("t", 0).Epoch {
		t.Errorf("leader epoch of the result: %v", e)
	}
	_, err = c.Commit()
	wantCode(t, "Commit again", err, kafka.ErrNoOffset)
	_, err = c.CommitOffsets(nil)
	wantCode(t, "CommitOffsets(nil)", err, kafka.ErrNoOffset)
	c.readFrom(t, 1, 2)
	list, err = c.Commit()
	if err != nil || show(list) != "t[0]@unset t[1]@2" {
		t.Errorf("Commit after reading the other partition = %s, %v", show(list), err)
	}
	quietCommits(t, c.Consumer, "calls that waited have no event")
}

// quietCommits checks that no OffsetsCommitted event comes.
func quietCommits(t *testing.T, c *kafka.Consumer, why string) {
	t.Helper()
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
		if ev, ok := c.Poll(20).(kafka.OffsetsCommitted); ok {
			t.Errorf("%s: %v", why, ev)
		}
	}
}

// TestCommitDirections: a commit of what is stored never goes back; one that names offsets does as told.
func TestCommitDirections(t *testing.T) {
	t.Parallel()
	c := assignTwo(t, nil)
	m := c.readFrom(t, 0, 6)
	_, err := c.Commit()
	need(t, "Commit", err)
	need(t, "Seek", c.Seek(tp("t", 0, 1), 0))
	c.readFrom(t, 0, 2)
	_, err = c.Commit()
	wantCode(t, "Commit after seeking back", err, kafka.ErrNoOffset)
	if c.committed(0) != 6 {
		t.Errorf("committed %d after a seek back, want 6", c.committed(0))
	}
	list, err := c.CommitOffsets(tps(tp("t", 0, 2)))
	if err != nil || show(list) != "t[0]@2" || c.committed(0) != 2 {
		t.Errorf("CommitOffsets back = %s, %v; committed %d", show(list), err, c.committed(0))
	}
	// Again the same: it is sent, because it was asked for.
	commits := c.cl.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Observe: true, Count: -1})
	_, err = c.CommitOffsets(tps(tp("t", 0, 2)))
	need(t, "CommitOffsets again", err)
	if commits.Hits() != 1 {
		t.Errorf("%d requests for a repeated commit, want 1", commits.Hits())
	}
	list, err = c.CommitMessage(m)
	if err != nil || show(list) != "t[0]@6" || c.committed(0) != 6 {
		t.Errorf("CommitMessage = %s, %v; committed %d", show(list), err, c.committed(0))
	}
	// Of any partition, assigned or not.
	list, err = c.CommitOffsets(tps(tp("t", 2, 7), tp("t", 0, 3), tp("t", 1, kafka.OffsetInvalid)))
	if err != nil || show(list) != "t[0]@3 t[1]@unset t[2]@7" || c.committed(2) != 7 || c.committed(0) != 3 || c.committed(1) != -1 {
		t.Errorf("CommitOffsets = %s, %v; committed %d %d %d", show(list), err, c.committed(0), c.committed(1), c.committed(2))
	}
}

// TestCommitMetadata: metadata and leader epoch make the round trip.
func TestCommitMetadata(t *testing.T) {
	t.Parallel()
	c := assignTwo(t, nil)
	meta, epoch := "from host 7", int32(0)
	offset := tp("t", 0, 5)
	offset.Metadata, offset.LeaderEpoch = &meta, &epoch
	_, err := c.CommitOffsets(tps(offset))
	need(t, "CommitOffsets", err)
	list, err := c.Committed(tps(tp("t", 0, 0), tp("t", 1, 0), tp("none", 3, 0)), 5000)
	need(t, "Committed", err)
	if len(list) != 3 || list[0].Offset != 5 || list[0].Metadata == nil || *list[0].Metadata != meta || list[0].LeaderEpoch == nil || *list[0].LeaderEpoch != epoch {
		t.Errorf("Committed = %+v", list)
	}
	if list[1].Offset != kafka.OffsetInvalid || list[1].Metadata != nil || list[1].LeaderEpoch != nil || list[1].Error != nil {
		t.Errorf("Committed of a partition without = %+v", list[1])
	}
	if list[2].Offset != kafka.OffsetInvalid {
		t.Errorf("Committed of an unknown topic = %+v", list[2])
	}
}

func TestStoreOffsets(t *testing.T) {
	t.Parallel()
	c := assignTwo(t, kafka.ConfigMap{"enable.auto.offset.store": false})
	m := c.readFrom(t, 0, 5)
	_, err := c.Commit()
	wantCode(t, "Commit with nothing stored", err, kafka.ErrNoOffset)
	stored, err := c.StoreMessage(m)
	if err != nil || show(stored) != "t[0]@5" {
		t.Errorf("StoreMessage = %s, %v", show(stored), err)
	}
	list, err := c.Commit()
	if err != nil || show(list) != "t[0]@5 t[1]@unset" || c.committed(0) != 5 {
		t.Errorf("Commit = %s, %v", show(list), err)
	}
	stored, err = c.StoreOffsets(tps(tp("t", 1, 3), tp("t", 2, 1), tp("none", 0, 1)))
	need(t, "StoreOffsets of some that are assigned", err)
	if stored[0].Error != nil {
		t.Errorf("assigned: %v", stored[0].Error)
	}
	wantCode(t, "not assigned", stored[1].Error, kafka.ErrState)
	wantCode(t, "unknown topic", stored[2].Error, kafka.ErrUnknownPartition)
	_, err = c.StoreOffsets(tps(tp("t", 2, 1)))
	wantCode(t, "StoreOffsets of none that is assigned", err, kafka.ErrState)
	need(t, "Assign", c.Assign(tps(tp("t", 1, 0))))
	stored, err = c.StoreOffsets(tps(tp("t", 0, 9)))
	wantCode(t, "StoreOffsets of one that was assigned", err, kafka.ErrState)
	wantCode(t, "of which the partition", stored[0].Error, kafka.ErrState)

	automatic := startConsumer(t, c.cl)
	need(t, "Assign", automatic.Assign(tps(tp("t", 0, 0))))
	stored, err = automatic.StoreOffsets(tps(tp("t", 0, 9)))
	wantCode(t, "StoreOffsets beside enable.auto.offset.store", err, kafka.ErrInvalidArg)
	if len(stored) != 1 {
		t.Errorf("the list that comes with the error: %v", stored)
	}
	_, err = automatic.StoreOffsets(nil)
	wantCode(t, "StoreOffsets(nil) beside enable.auto.offset.store", err, kafka.ErrInvalidArg)
}

// TestAutoCommit: by the timer, with an event each, and only when something moved.
func TestAutoCommit(t *testing.T) {
	t.Parallel()
	c := assignTwo(t, kafka.ConfigMap{"enable.auto.commit": true, "auto.commit.interval.ms": 20})
	c.readFrom(t, 0, 3)
	ev := nextOf[kafka.OffsetsCommitted](t, c.Consumer)
	for show(ev.Offsets) != "t[0]@3 t[1]@unset" { // while reading there may have been one
		if ev.Error != nil || c.committed(0) < 1 {
			t.Fatalf("OffsetsCommitted = %v", ev)
		}
		if c.committed(0) >= 3 {
			break
		}
		ev = nextOf[kafka.OffsetsCommitted](t, c.Consumer)
	}
}

// TestAutoCommitOnce: what is stored is committed by the timer once, and not again.
func TestAutoCommitOnce(t *testing.T) {
	t.Parallel()
	c := assignTwo(t, kafka.ConfigMap{"enable.auto.commit": true, "auto.commit.interval.ms": 20, "enable.auto.offset.store": false})
	c.readFrom(t, 0, 1)
	need(t, "Pause", c.Pause(tps(tp("t", 0, 0), tp("t", 1, 0))))
	for range 3 {
		if _, err := c.StoreOffsets(tps(tp("t", 0, 7))); err != nil {
			t.Fatal(err)
		}
	}
	ev := nextOf[kafka.OffsetsCommitted](t, c.Consumer)
	if ev.Error != nil || show(ev.Offsets) != "t[0]@7 t[1]@unset" || c.committed(0) != 7 {
		t.Errorf("OffsetsCommitted = %v, committed %d", ev, c.committed(0))
	}
	quietCommits(t, c.Consumer, "nothing has moved")
	// Storing a lower offset does not make the timer go back.
	_, err := c.StoreOffsets(tps(tp("t", 0, 2)))
	need(t, "StoreOffsets", err)
	quietCommits(t, c.Consumer, "the stored offset is behind")
	if c.committed(0) != 7 {
		t.Errorf("an automatic commit went back to %d", c.committed(0))
	}
}

// TestAutoCommitWhen: at Close, Unsubscribe and a revocation with enable.auto.commit, without it never.
func TestAutoCommitWhen(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"classic", "consumer"} {
		for how, end := range map[string]func(t *testing.T, c *kafka.Consumer){
			"Close": func(t *testing.T, c *kafka.Consumer) { need(t, "Close", c.Close()) },
			"Unsubscribe": func(t *testing.T, c *kafka.Consumer) {
				need(t, "Unsubscribe", c.Unsubscribe())
				eventually(t, c, "the assignment is gone", func() bool { a, _ := c.Assignment(); return len(a) == 0 })
			},
		} {
			for _, on := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%s/%v", protocol, how, on), func(t *testing.T) {
					t.Parallel()
					cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
					fill(t, cl, "t", 0, 0, 5)
					group := newGroup()
					c := startConsumer(t, cl, kafka.ConfigMap{"group.id": group, "enable.auto.commit": on, "auto.commit.interval.ms": 600000, "group.protocol": protocol})
					need(t, "Subscribe", c.Subscribe("t", nil))
					readN(t, c, 5)
					if got := committedIn(cl, group, "t", 0); got != -1 {
						t.Fatalf("committed %d before", got)
					}
					end(t, c)
					want := int64(-1)
					if on {
						want = 5
						eventually(t, nil, "the commit", func() bool { return committedIn(cl, group, "t", 0) == want })
					}
					if got := committedIn(cl, group, "t", 0); got != want {
						t.Errorf("committed %d, want %d", got, want)
					}
				})
			}
		}
	}
}

// TestCommitAsync: each call has one event and one call of on_commit, in the order of the calls, with its own offsets.
func TestCommitAsync(t *testing.T) {
	t.Parallel()
	var calls []string
	var failed atomic.Int32
	c := assignTwo(t, kafka.ConfigMap{"on_commit": func(err error, list []kafka.TopicPartition) {
		if err != nil {
			failed.Add(1)
		}
		calls = append(calls, show(list)) // on this test's goroutine only
	}})
	requests := c.cl.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Observe: true, Count: -1})
	need(t, "Pause", c.Pause(tps(tp("t", 0, 0), tp("t", 1, 0))))
	const n = 30
	var want []string
	for i := range n {
		need(t, "CommitAsync", c.CommitAsync(tp("t", int32(i%3), kafka.Offset(i+1))))
		want = append(want, fmt.Sprintf("t[%d]@%d", i%3, i+1))
	}
	var events []string
	pollUntil(t, c.Consumer, "all events", func(ev kafka.Event) bool {
		if e, ok := ev.(kafka.OffsetsCommitted); ok {
			events = append(events, show(e.Offsets))
			if e.Error != nil {
				t.Errorf("%v", e)
			}
			if len(calls) != len(events) {
				t.Errorf("%d calls of on_commit at event %d", len(calls), len(events))
			}
		}
		return len(events) == n
	})
	quietCommits(t, c.Consumer, "more events than calls")
	if !slices.Equal(events, want) || !slices.Equal(calls, want) || failed.Load() != 0 {
		t.Errorf("events %v\ncalls %v\nwant %v; %d failed", events, calls, want, failed.Load())
	}
	for p := range int32(3) {
		if got := c.committed(p); got != int64(n-2)+int64(p) {
			t.Errorf("partition %d: committed %d, want %d", p, got, n-2+int(p))
		}
	}
	if requests.Hits() >= n {
		t.Errorf("%d requests for %d commits of three partitions: they were not sent together", requests.Hits(), n)
	}
}

// TestCommitAsyncStored: without arguments it commits what is stored.
func TestCommitAsyncStored(t *testing.T) {
	t.Parallel()
	c := assignTwo(t, nil)
	c.readFrom(t, 0, 4)
	need(t, "Pause", c.Pause(tps(tp("t", 0, 0), tp("t", 1, 0))))
	need(t, "CommitAsync", c.CommitAsync())
	ev := nextOf[kafka.OffsetsCommitted](t, c.Consumer)
	if ev.Error != nil || show(ev.Offsets) != "t[0]@4 t[1]@unset" || c.committed(0) != 4 {
		t.Errorf("%v, committed %d", ev, c.committed(0))
	}
}

// TestCommitFails: what the broker refuses is the result, per partition and as a whole.
func TestCommitFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		partitions []int32 // that are refused
		err        *kerr.Error
		want       kafka.ErrorCode // of the call
	}{
		{"one", []int32{1}, kerr.TopicAuthorizationFailed, kafka.ErrNoError},
		{"all", nil, kerr.TopicAuthorizationFailed, kafka.ErrTopicAuthorizationFailed},
		{"group", nil, kerr.GroupAuthorizationFailed, kafka.ErrGroupAuthorizationFailed},
		{"metadata", nil, kerr.OffsetMetadataTooLarge, kafka.ErrOffsetMetadataTooLarge},
		{"member", nil, kerr.UnknownMemberID, kafka.ErrUnknownMemberID},
		{"generation", nil, kerr.IllegalGeneration, kafka.ErrIllegalGeneration},
		{"rebalance", nil, kerr.RebalanceInProgress, kafka.ErrRebalanceInProgress},
		{"fenced", nil, kerr.FencedInstanceID, kafka.ErrFencedInstanceID},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := assignTwo(t, nil)
			c.readFrom(t, 0, 2)
			c.readFrom(t, 1, 3)
			fault := c.cl.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Partitions: test.partitions, Topic: "t", Err: test.err, Count: -1})
			list, err := c.Commit()
			wantCode(t, "Commit", err, test.want)
			if test.want == kafka.ErrNoError {
				if len(list) != 2 || list[0].Offset != 2 || list[1].Offset != 3 || list[0].Error != nil || c.committed(0) != 2 {
					t.Fatalf("result %v, committed %d", list, c.committed(0))
				}
				wantCode(t, "partition 1", list[1].Error, kafka.ErrorCode(test.err.Code))
			} else if list != nil { // as in the peer
				t.Errorf("the call fails with the list %v", list)
			}
			need(t, "Pause", c.Pause(tps(tp("t", 0, 0), tp("t", 1, 0))))
			need(t, "CommitAsync", c.CommitAsync())
			if test.want != kafka.ErrNoError {
				ev := nextOf[kafka.OffsetsCommitted](t, c.Consumer)
				wantCode(t, "OffsetsCommitted", ev.Error, test.want)
				if len(ev.Offsets) != 2 || ev.Offsets[0].Offset != 2 || ev.Offsets[1].Offset != 3 {
					t.Fatalf("offsets %v", ev.Offsets)
				}
				wantCode(t, "partition 0", ev.Offsets[0].Error, test.want)
				wantCode(t, "partition 1", ev.Offsets[1].Error, kafka.ErrorCode(test.err.Code))
			}
			// What was refused can be committed when the broker takes it again.
			fault.Remove()
			list, err = c.Commit()
			if err != nil || c.committed(1) != 3 {
				t.Errorf("Commit later = %v, %v", list, err)
			}
		})
	}
}

// TestCommitCoordinatorMoves: errors that pass are retried.
func TestCommitCoordinatorMoves(t *testing.T) {
	t.Parallel()
	for _, passing := range []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress} {
		t.Run(passing.Message, func(t *testing.T) {
			t.Parallel()
			c := assignTwo(t, nil)
			c.readFrom(t, 0, 2)
			fault := c.cl.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: passing, Count: 2})
			list, err := c.Commit()
			if err != nil || show(list) != "t[0]@2 t[1]@unset" || c.committed(0) != 2 || fault.Hits() != 2 {
				t.Errorf("Commit = %s, %v; committed %d after %d errors", show(list), err, c.committed(0), fault.Hits())
			}
		})
	}
	t.Run("connection lost", func(t *testing.T) {
		t.Parallel()
		c := assignTwo(t, nil)
		c.readFrom(t, 0, 2)
		c.cl.ControlKey(int16(kmsg.OffsetCommit), func(kmsg.Request) (kmsg.Response, error, bool) {
			return nil, errors.New("cut"), true
		})
		if list, err := c.Commit(); err != nil || c.committed(0) != 2 {
			t.Errorf("Commit = %v, %v", list, err)
		}
	})
}

// TestStoreRules: what StoreOffsets and Seek say of partitions that are not assigned, and what an offset loses on its way.
func TestStoreRules(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	c := startConsumer(t, cl, kafka.ConfigMap{"enable.auto.offset.store": false, "enable.auto.commit": false})
	_, err := c.StoreOffsets(tps(tp("t", 0, 5)))
	wantCode(t, "store before the topic is used", err, kafka.ErrUnknownPartition)
	wantCode(t, "seek before the topic is used", c.Seek(tp("t", 0, 5), 0), kafka.ErrUnknownPartition)
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
	for _, id := range []int32{1, 9} {
		_, err = c.StoreOffsets(tps(tp("t", id, 5)))
		wantCode(t, "store of another partition", err, kafka.ErrState)
		wantCode(t, "seek of another partition", c.Seek(tp("t", id, 5), 0), kafka.ErrState)
	}
	none, before := "", int32(-1)
	p := tp("t", 0, 1)
	p.Metadata, p.LeaderEpoch = &none, &before
	for name, call := range map[string]func([]kafka.TopicPartition) ([]kafka.TopicPartition, error){"StoreOffsets": c.StoreOffsets, "CommitOffsets": c.CommitOffsets} {
		got, err := call(tps(p))
		need(t, name, err)
		if got[0].Metadata != nil || got[0].LeaderEpoch != nil || p.Metadata == nil {
			t.Errorf("%s: metadata %v, epoch %v", name, got[0].Metadata, got[0].LeaderEpoch)
		}
	}
}

// TestSeekInCallback: to the rebalance callback the partitions are known, though not assigned yet.
func TestSeekInCallback(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	c := startConsumer(t, cl)
	seen := false
	need(t, "Subscribe", c.Subscribe("t", func(c *kafka.Consumer, ev kafka.Event) error {
		if _, ok := ev.(kafka.AssignedPartitions); ok {
			seen = true
			wantCode(t, "Seek before Assign", c.Seek(tp("t", 0, 0), 0), kafka.ErrState)
		}
		return nil
	}))
	eventually(t, c, "assigned", func() bool { return seen })
}
