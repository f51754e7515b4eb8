package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// TestErrorsOfUnassigned: which error Seek, SeekPartitions and StoreOffsets give for a partition that is not assigned
// depends on what the consumer has heard of it.
func TestErrorsOfUnassigned(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	const state, unknown = kafka.ErrState, kafka.ErrUnknownPartition
	topic := "t"
	for _, test := range []struct {
		name                                string
		before                              func(c *kafka.Consumer)
		seek0, seek1, seek9, seeks0, store0 kafka.ErrorCode
	}{
		{"nothing", func(*kafka.Consumer) {}, unknown, unknown, unknown, unknown, unknown},
		{"Pause", func(c *kafka.Consumer) { _ = c.Pause(tps(tp("t", 0, 0))) }, unknown, unknown, unknown, unknown, unknown},
		{"SeekPartitions", func(c *kafka.Consumer) { _, _ = c.SeekPartitions(tps(tp("t", 0, 0))) }, unknown, unknown, unknown, unknown, unknown},
		{"Position", func(c *kafka.Consumer) { _, _ = c.Position(tps(tp("t", 0, 0))) }, state, unknown, unknown, state, state},
		{"GetWatermarkOffsets", func(c *kafka.Consumer) { _, _, _ = c.GetWatermarkOffsets("t", 0) }, state, unknown, unknown, state, state},
		{"QueryWatermarkOffsets", func(c *kafka.Consumer) { _, _, _ = c.QueryWatermarkOffsets("t", 0, 5000) }, state, state, unknown, unknown, unknown},
		{"GetMetadata", func(c *kafka.Consumer) { _, _ = c.GetMetadata(&topic, false, 5000) }, state, state, unknown, state, state},
		{"GetMetadata of all", func(c *kafka.Consumer) { _, _ = c.GetMetadata(nil, true, 5000) }, state, state, unknown, unknown, unknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// The look-up of what partitions there are must not have ended before Seek is called.
			wait := test.name == "Position" || test.name == "GetWatermarkOffsets"
			fresh := func() *kafka.Consumer {
				conf := kafka.ConfigMap{"enable.auto.offset.store": false}
				if wait {
					conf["bootstrap.servers"] = "127.0.0.1:1"
				}
				c := startConsumer(t, cl, conf)
				test.before(c)
				return c
			}
			c := fresh()
			wantCode(t, "Seek 0", c.Seek(tp("t", 0, 0), 0), test.seek0)
			wantCode(t, "Seek 1", c.Seek(tp("t", 1, 0), 0), test.seek1)
			wantCode(t, "Seek 9", c.Seek(tp("t", 9, 0), 0), test.seek9)
			c = fresh()
			result, err := c.SeekPartitions(tps(tp("t", 0, 0)))
			need(t, "SeekPartitions", err)
			wantCode(t, "SeekPartitions", result[0].Error, test.seeks0)
			c = fresh()
			_, err = c.StoreOffsets(tps(tp("t", 0, 1)))
			wantCode(t, "StoreOffsets", err, test.store0)
		})
	}
}

// TestStoreOffsetsLastError: of several errors the last is the call's.
func TestStoreOffsetsLastError(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	c := startConsumer(t, cl, kafka.ConfigMap{"enable.auto.offset.store": false})
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
	_, err := c.StoreOffsets(tps(tp("t", 1, 0), tp("none", 0, 0)))
	wantCode(t, "StoreOffsets", err, kafka.ErrUnknownPartition)
	_, err = c.StoreOffsets(tps(tp("none", 0, 0), tp("t", 1, 0)))
	wantCode(t, "StoreOffsets", err, kafka.ErrState)
	_, err = c.StoreOffsets(tps(tp("t", 1, kafka.OffsetEnd)))
	need(t, "StoreOffsets of a logical offset", err)
}

// TestPauseBeforeAssign: a partition of a topic in use can be paused while it is not assigned.
func TestPauseBeforeAssign(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	fill(t, cl, "t", 0, 0, 2)
	fill(t, cl, "t", 1, 10, 2)
	c := startConsumer(t, cl)
	need(t, "Pause", c.Pause(tps(tp("t", 1, 0)))) // not in use yet: ignored
	need(t, "Assign", c.Assign(tps(tp("t", 1, 0))))
	wantValues(t, "messages", readN(t, c, 2), values(10, 12))
	need(t, "Pause", c.Pause(tps(tp("t", 0, 0))))
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0), tp("t", 1, 0))))
	wantValues(t, "messages", readN(t, c, 2), values(10, 12))
	need(t, "Resume", c.Resume(tps(tp("t", 0, 0))))
	wantValues(t, "messages", readN(t, c, 2), values(0, 2))
}

// TestErrorWhilePaused: that a partition has no offset to start at is reported although it is paused.
func TestErrorWhilePaused(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	c := startConsumer(t, cl, kafka.ConfigMap{"auto.offset.reset": "error"})
	_, err := c.Position(tps(tp("t", 0, 0)))
	need(t, "Position", err)
	need(t, "Pause", c.Pause(tps(tp("t", 0, 0))))
	need(t, "Assign", c.Assign(tps(tp("t", 0, kafka.OffsetStored))))
	wantCode(t, "event", nextOf[kafka.Error](t, c), kafka.ErrAutoOffsetReset)
}

// TestAssignRefused: Assign gives up the old assignment also when it refuses the new one; IncrementalAssign leaves it,
// and both look at the partitions in their order.
func TestAssignRefused(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 4))
	for _, test := range []struct {
		name string
		list []kafka.TopicPartition
		add  string // the error of IncrementalAssign
	}{
		{"invalid offset", tps(tp("t", 3, -5), tp("t", 2, -6), tp("t", 1, 0)), "t [2] has invalid start offset -6"},
		{"twice", tps(tp("t", 3, 0), tp("t", 1, 0), tp("t", 3, 0)), "Duplicate t [3] in input list"},
		{"just above the tails", tps(tp("t", 1, -1999)), "t [1] has invalid start offset -1999"},
	} {
		c := startConsumer(t, cl)
		need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
		err := c.IncrementalAssign(test.list)
		wantCode(t, test.name, err, kafka.ErrInvalidArg)
		if err != nil && err.Error() != test.add {
			t.Errorf("%s: IncrementalAssign: %q, want %q", test.name, err, test.add)
		}
		if list, err := c.Assignment(); err != nil || show(list) != "t[0]@0" {
			t.Errorf("%s: assignment %v, %v after IncrementalAssign", test.name, list, err)
		}
		wantCode(t, test.name, c.Assign(test.list), kafka.ErrInvalidArg)
		if list, err := c.Assignment(); err != nil || len(list) != 0 {
			t.Errorf("%s: assignment %v, %v after Assign", test.name, list, err)
		}
	}
	c := startConsumer(t, cl)
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0), tp("t", 1, 0))))
	for want, err := range map[string]error{
		"t [0] is already part of the current assignment":                     c.IncrementalAssign(tps(tp("t", 1, 0), tp("t", 0, 0))),
		"t [2] can't be unassigned since it is not in the current assignment": c.IncrementalUnassign(tps(tp("t", 3, 0), tp("t", 2, 0), tp("t", 0, 0))),
	} {
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestStoredOrder: Commit sends what is stored and lies behind what was committed, by epoch and then by offset; a seek
// leaves it, and logical offsets come back in the result.
func TestStoredOrder(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	c := startConsumer(t, cl, kafka.ConfigMap{"enable.auto.offset.store": false, "enable.auto.commit": false})
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0), tp("t", 1, 0))))
	for _, step := range []struct {
		offset kafka.Offset
		epoch  int32 // -1: none
		sent   bool
	}{
		{2, 0, true}, {3, -1, true}, {1, -1, false}, {1, 0, false}, {4, 0, true}, {2, 5, true}, {1, 5, false}, {6, 0, false}, {6, -1, true},
		{kafka.OffsetEnd, -1, false},
	} {
		p := tp("t", 0, step.offset)
		if step.epoch >= 0 {
			p.LeaderEpoch = &step.epoch
		}
		_, err := c.StoreOffsets(tps(p))
		need(t, "StoreOffsets", err)
		need(t, "Seek", c.Seek(tp("t", 0, 0), 0))
		result, err := c.Commit()
		if !step.sent {
			wantCode(t, "Commit", err, kafka.ErrNoOffset)
		} else if err != nil || result[0].Offset != step.offset {
			t.Errorf("Commit of %v with epoch %d: %v, %v", step.offset, step.epoch, result, err)
		}
	}
	_, err := c.StoreOffsets(tps(tp("t", 0, 7), tp("t", 1, kafka.OffsetEnd)))
	need(t, "StoreOffsets", err)
	if result, err := c.Commit(); err != nil || show(result) != "t[0]@7 t[1]@end" {
		t.Errorf("Commit: %s, %v", show(result), err)
	}
	if result, err := c.CommitOffsets(tps(tp("t", 0, 8), tp("t", 1, kafka.OffsetStored))); err != nil || show(result) != "t[0]@8 t[1]@stored" {
		t.Errorf("CommitOffsets: %s, %v", show(result), err)
	}
}

// TestPositionBehindControlRecords: position, stored offset and what is committed move over the markers of
// transactions, also where all messages before them were aborted, so that no lag is left at the end of a partition.
func TestPositionBehindControlRecords(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"read_committed", "read_uncommitted"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			p := txnProducer(t, cl, "tx")
			for i, end := range []func(context.Context) error{p.CommitTransaction, p.AbortTransaction} {
				must(t, p.BeginTransaction())
				_, err := p.ProduceSync(t.Context(), message("t", 0, "", fmt.Sprint(i)))
				must(t, err)
				must(t, end(t.Context()))
			}
			c := startConsumer(t, cl, kafka.ConfigMap{"isolation.level": level, "enable.auto.commit": false, "enable.partition.eof": true})
			need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
			if eof := nextOf[kafka.PartitionEOF](t, c); eof.Offset != 4 {
				t.Fatalf("end at %v, want 4", eof.Offset)
			}
			if list, err := c.Position(tps(tp("t", 0, 0))); err != nil || list[0].Offset != 4 {
				t.Errorf("position %v, %v, want 4", list, err)
			}
			if list, err := c.Commit(); err != nil || list[0].Offset != 4 {
				t.Errorf("committed %v, %v, want 4", list, err)
			}
		})
	}
}

// TestSeekWhileLookingUp: in the callback, and until the committed offset is known, an assigned partition can't be
// sought; one with an offset of its own can.
func TestSeekWhileLookingUp(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	fill(t, cl, "t", 0, 0, 4)
	fill(t, cl, "t", 1, 10, 4)
	c := startConsumer(t, cl, kafka.ConfigMap{"partition.assignment.strategy": "range"})
	need(t, "Subscribe", c.Subscribe("t", func(c *kafka.Consumer, ev kafka.Event) error {
		if _, ok := ev.(kafka.AssignedPartitions); ok {
			need(t, "Assign", c.Assign(tps(tp("t", 0, kafka.OffsetStored), tp("t", 1, 0))))
			wantCode(t, "Seek", c.Seek(tp("t", 0, 2), 0), kafka.ErrState)
			need(t, "Seek with an own offset", c.Seek(tp("t", 1, 2), 0))
		}
		return nil
	}))
	got := readN(t, c, 6)
	slices.Sort(got)
	want := append(values(0, 4), values(12, 14)...)
	slices.Sort(want)
	wantValues(t, "messages", got, want)
	need(t, "Seek later", c.Seek(tp("t", 0, 3), 0))
	wantValues(t, "messages", readN(t, c, 1), values(3, 4))
}
