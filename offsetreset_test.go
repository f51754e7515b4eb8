package kafka_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// resetNames are the values of auto.offset.reset and what they mean.
var resetNames = map[string]string{
	"smallest": "earliest", "earliest": "earliest", "beginning": "earliest",
	"largest": "latest", "latest": "latest", "end": "latest",
	"error": "error",
}

// TestOffsetReset: where a consumer starts, with every name of the policy, by what the group has committed. The
// partition holds the offsets 3 to 9; after the start v10 and v11 are added.
func TestOffsetReset(t *testing.T) {
	t.Parallel()
	const outOfRangeText = "fetch failed due to requested offset not available on the broker: Broker: Offset out of range (broker 0)"
	cases := []struct {
		name      string
		committed kafka.Offset // OffsetInvalid: nothing
		from      map[string]int
		text      string // of the error, for the policy error
	}{
		{"nothing committed", kafka.OffsetInvalid, map[string]int{"earliest": 3, "latest": 10, "error": -1}, "no previously committed offset available: Local: No offset stored"},
		{"committed", 6, map[string]int{"earliest": 6, "latest": 6, "error": 6}, ""},
		{"committed the end", 10, map[string]int{"earliest": 10, "latest": 10, "error": 10}, ""},
		{"committed below the log", 1, map[string]int{"earliest": 3, "latest": 10, "error": -1}, outOfRangeText},
		{"committed beyond the log", 50, map[string]int{"earliest": 3, "latest": 10, "error": -1}, outOfRangeText},
	}
	for name, meaning := range resetNames {
		for _, test := range cases {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
				fill(t, cl, "t", 0, 0, 10)
				fill(t, cl, "t", 1, 100, 1)
				need(t, "DeleteRecords", cl.DeleteRecords("t", 0, 3))
				group := newGroup()
				conf := kafka.ConfigMap{"group.id": group, "auto.offset.reset": name, "enable.auto.commit": false, "enable.partition.eof": true}
				first := startConsumer(t, cl, conf)
				offsets := tps(tp("t", 1, 0))
				if test.committed != kafka.OffsetInvalid {
					offsets = append(offsets, tp("t", 0, test.committed))
				}
				_, err := first.CommitOffsets(offsets)
				need(t, "CommitOffsets", err)
				closeSoon(t, first)

				c := startConsumer(t, cl, conf)
				need(t, "Subscribe", c.Subscribe("t", nil))
				from := test.from[meaning]
				if from < 0 {
					wantResetError(t, c, test.text)
					return
				}
				var got []string
				pollUntil(t, c, "the end of partition 0", func(ev kafka.Event) bool {
					switch e := ev.(type) {
					case *kafka.Message:
						if e.TopicPartition.Partition == 0 {
							got = append(got, string(e.Value))
						}
					case kafka.Error:
						t.Fatalf("error event %v", e)
					case kafka.PartitionEOF:
						return e.Partition == 0
					}
					return false
				})
				fill(t, cl, "t", 0, 10, 2)
				pollUntil(t, c, "the new messages", func(ev kafka.Event) bool {
					if m, ok := ev.(*kafka.Message); ok && m.TopicPartition.Partition == 0 {
						got = append(got, string(m.Value))
					}
					return len(got) > 0 && got[len(got)-1] == "v11"
				})
				wantValues(t, "messages", got, values(from, 12))
			})
		}
	}
}

// wantResetError: the partition 0 stops with one ErrAutoOffsetReset, while the other one goes on.
func wantResetError(t *testing.T, c *kafka.Consumer, text string) {
	t.Helper()
	failures, others := 0, 0
	count := func(ev kafka.Event) bool {
		switch e := ev.(type) {
		case *kafka.Message:
			if others++; e.TopicPartition.Partition != 1 {
				t.Errorf("a message of the partition that has no offset: %v", e)
			}
		case kafka.Error:
			failures++
			wantCode(t, "error event", e, kafka.ErrAutoOffsetReset)
			if e.Error() != text {
				t.Errorf("error text %q, want %q", e.Error(), text)
			}
		}
		return failures > 0 && others > 0
	}
	pollUntil(t, c, "one error and one message", count)
	if ev := c.Poll(100); ev != nil {
		if _, eof := ev.(kafka.PartitionEOF); !eof {
			t.Errorf("event after the error: %v", ev)
		}
	}
	if failures != 1 || others != 1 {
		t.Errorf("%d errors and %d messages, want 1 and 1", failures, others)
	}
	// It is not started, so that there is nothing to seek, as in the peer. The application can assign it anew.
	wantCode(t, "Seek", c.Seek(tp("t", 0, 4), 0), kafka.ErrState)
	result, err := c.SeekPartitions(tps(tp("t", 0, 4)))
	need(t, "SeekPartitions", err)
	wantCode(t, "SeekPartitions", result[0].Error, kafka.ErrState)
	need(t, "Assign", c.Assign(tps(tp("t", 0, 4))))
	m := nextOf[*kafka.Message](t, c)
	if m.TopicPartition.Partition != 0 || m.TopicPartition.Offset != 4 {
		t.Errorf("after Assign: %v", m)
	}
}

// TestOffsetResetWhileConsuming: the log is cut off behind a consumer that stands still.
func TestOffsetResetWhileConsuming(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]string{"earliest": "v8", "latest": "v12", "error": ""} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			fill(t, cl, "t", 0, 0, 4)
			c := startConsumer(t, cl, kafka.ConfigMap{"auto.offset.reset": policy, "enable.partition.eof": true})
			need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
			readN(t, c, 4)
			nextOf[kafka.PartitionEOF](t, c)
			need(t, "Seek", c.Seek(tp("t", 0, 2), 0)) // not fetched yet, as it is paused
			need(t, "Pause", c.Pause(tps(tp("t", 0, 0))))
			fill(t, cl, "t", 0, 4, 8)
			need(t, "DeleteRecords", cl.DeleteRecords("t", 0, 8))
			need(t, "Seek", c.Seek(tp("t", 0, 3), 0))
			need(t, "Resume", c.Resume(tps(tp("t", 0, 0))))
			if policy == "error" {
				wantCode(t, "event", nextOf[kafka.Error](t, c), kafka.ErrAutoOffsetReset)
				return
			}
			if policy == "latest" {
				if eof := nextOf[kafka.PartitionEOF](t, c); eof.Offset != 12 {
					t.Errorf("end at %v, want 12", eof.Offset)
				}
				fill(t, cl, "t", 0, 12, 1)
			}
			if m := nextOf[*kafka.Message](t, c); string(m.Value) != want {
				t.Errorf("goes on with %s, want %s", m.Value, want)
			}
		})
	}
}

// TestAssignOffsets: the offsets that Assign takes, absolute and logical.
func TestAssignOffsets(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	fill(t, cl, "t", 0, 0, 10)
	need(t, "DeleteRecords", cl.DeleteRecords("t", 0, 2))
	group := newGroup()
	committer := startConsumer(t, cl, kafka.ConfigMap{"group.id": group})
	_, err := committer.CommitOffsets(tps(tp("t", 0, 5)))
	need(t, "CommitOffsets", err)
	for _, test := range []struct {
		name  string
		group string
		at    kafka.Offset
		from  int
	}{
		{"absolute", "", 4, 4},
		{"the first", "", 2, 2},
		{"the end as a number", "", 10, 10},
		{"below the log", "", 0, 2},
		{"beyond the log", "", 11, 2},
		{"beginning", "", kafka.OffsetBeginning, 2},
		{"end", "", kafka.OffsetEnd, 10},
		{"stored", group, kafka.OffsetStored, 5},
		{"unset", group, kafka.OffsetInvalid, 5},
		{"stored, nothing committed", "", kafka.OffsetStored, 2},
		{"unset, nothing committed", "", kafka.OffsetInvalid, 2},
		{"tail 0", "", kafka.OffsetTail(0), 10},
		{"tail 1", "", kafka.OffsetTail(1), 9},
		{"tail 8", "", kafka.OffsetTail(8), 2},
		{"tail 20", "", kafka.OffsetTail(20), 2},
	} {
		for how, assign := range map[string]func(c *kafka.Consumer) error{
			"Assign":            func(c *kafka.Consumer) error { return c.Assign(tps(tp("t", 0, test.at))) },
			"IncrementalAssign": func(c *kafka.Consumer) error { return c.IncrementalAssign(tps(tp("t", 0, test.at))) },
			"Seek": func(c *kafka.Consumer) error {
				if err := c.Assign(tps(tp("t", 0, 7))); err != nil {
					return err
				}
				return c.Seek(tp("t", 0, test.at), 0)
			},
			"SeekPartitions": func(c *kafka.Consumer) error {
				if err := c.Assign(tps(tp("t", 0, 7))); err != nil {
					return err
				}
				_, err := c.SeekPartitions(tps(tp("t", 0, test.at)))
				return err
			},
		} {
			from := test.from
			if seek := strings.HasPrefix(how, "Seek"); seek && test.at == kafka.OffsetStored {
				continue // which is no offset to seek
			} else if seek && test.at == kafka.OffsetInvalid {
				from = 2 // as auto.offset.reset says, whatever is committed
			}
			t.Run(how+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				conf := kafka.ConfigMap{"enable.auto.commit": false, "enable.partition.eof": true}
				if test.group != "" {
					conf["group.id"] = test.group
				}
				c := startConsumer(t, cl, conf)
				need(t, how, assign(c))
				wantValues(t, "messages", readN(t, c, 10-from), values(from, 10))
				if eof := nextOf[kafka.PartitionEOF](t, c); eof.Offset != 10 {
					t.Errorf("end at %v, want 10", eof.Offset)
				}
			})
		}
	}
}

// TestOffsetQueries: watermarks and times, and that they are per partition.
func TestOffsetQueries(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	fill(t, cl, "t", 0, 0, 5)
	need(t, "DeleteRecords", cl.DeleteRecords("t", 0, 2))
	c := startConsumer(t, cl)
	low, high, err := c.QueryWatermarkOffsets("t", 0, 5000)
	if low != 2 || high != 5 || err != nil {
		t.Errorf("QueryWatermarkOffsets = %d, %d, %v, want 2, 5", low, high, err)
	}
	if low, high, err = c.GetWatermarkOffsets("t", 0); low != int64(kafka.OffsetInvalid) || high != int64(kafka.OffsetInvalid) || err != nil {
		t.Errorf("GetWatermarkOffsets before a fetch = %d, %d, %v", low, high, err)
	}
	for partition, want := range map[int32]kafka.ErrorCode{9: kafka.ErrUnknownPartition, -1: kafka.ErrUnknownPartition} {
		low, high, err = c.QueryWatermarkOffsets("t", partition, 5000)
		wantCode(t, fmt.Sprintf("QueryWatermarkOffsets of partition %d", partition), err, want)
		if low != 0 || high != 0 {
			t.Errorf("watermarks beside an error: %d, %d", low, high)
		}
	}
	need(t, "Assign", c.Assign(tps(tp("t", 0, kafka.OffsetBeginning))))
	wantValues(t, "messages", readN(t, c, 3), values(2, 5))
	if low, high, err = c.GetWatermarkOffsets("t", 0); low != 2 || high != 5 || err != nil {
		t.Errorf("GetWatermarkOffsets after a fetch = %d, %d, %v, want 2, 5", low, high, err)
	}
	list, err := c.OffsetsForTimes(tps(tp("t", 0, 0), tp("t", 1, 0), tp("t", 0, 1<<50)), 5000)
	if err == nil && len(list) == 3 {
		if list[0].Offset != 2 || list[1].Offset != kafka.OffsetEnd || list[2].Offset != kafka.OffsetEnd {
			t.Errorf("OffsetsForTimes = %s", show(list))
		}
	} else {
		t.Errorf("OffsetsForTimes = %v, %v", list, err)
	}
}
