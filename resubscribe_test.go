package kafka_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// TestSubscribeAgain: what a cooperative member's callback sees of a second subscription.
func TestSubscribeAgain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		unsubscribe bool
		topic       string
		want        []string
	}{
		{"the same topic", false, "t1", []string{"assigned 1"}},
		{"another topic", false, "t2", []string{"assigned 1", "revoked 1", "assigned 1"}},
		{"another topic after Unsubscribe", true, "t2", []string{"assigned 1", "revoked 1", "assigned 1"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t1", 1), testcluster.Topic("t2", 1))
			produceValues(t, cl, "t1", "a")
			produceValues(t, cl, "t2", "b")
			c := startConsumer(t, cl, kafka.ConfigMap{"group.id": newGroup(), "auto.offset.reset": "earliest",
				"partition.assignment.strategy": "cooperative-sticky"})
			var saw []string
			cb := func(_ *kafka.Consumer, ev kafka.Event) error {
				switch e := ev.(type) {
				case kafka.AssignedPartitions:
					saw = append(saw, fmt.Sprint("assigned ", len(e.Partitions)))
				case kafka.RevokedPartitions:
					saw = append(saw, fmt.Sprint("revoked ", len(e.Partitions)))
				}
				return nil
			}
			need(t, "Subscribe", c.Subscribe("t1", cb))
			readN(t, c, 1)
			if tc.unsubscribe {
				need(t, "Unsubscribe", c.Unsubscribe())
			}
			need(t, "Subscribe", c.Subscribe(tc.topic, cb))
			produceValues(t, cl, tc.topic, "c")
			n := 1
			if tc.topic == "t2" {
				n = 2
			}
			readN(t, c, n)
			eventually(t, c, "the callbacks", func() bool { return len(saw) >= len(tc.want) })
			if !slices.Equal(saw, tc.want) {
				t.Errorf("the callback saw %v, want %v", saw, tc.want)
			}
		})
	}
}

// TestSubscribeAfterAssign: a manual assignment is consumed on until the group assigns.
func TestSubscribeAfterAssign(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t1", 1), testcluster.Topic("t2", 1))
	c := startConsumer(t, cl, kafka.ConfigMap{"partition.assignment.strategy": "range"})
	need(t, "Assign", c.Assign(tps(tp("t1", 0, 0))))
	during := ""
	need(t, "Subscribe", c.Subscribe("t2", func(c *kafka.Consumer, ev kafka.Event) error {
		if _, ok := ev.(kafka.AssignedPartitions); ok {
			list, _ := c.Assignment()
			during = show(list)
		}
		return nil
	}))
	eventually(t, c, "an assignment", func() bool { list, _ := c.Assignment(); return show(list) == "t2[0]@stored" })
	if during != "t1[0]@0" {
		t.Errorf("assigned in the callback: %q, want the manual assignment", during)
	}
}

// TestGivenBackCommit: what is stored of partitions that are given back is committed, with an event also where it is
// committed already, but never over a higher offset.
func TestGivenBackCommit(t *testing.T) {
	t.Parallel()
	for own, want := range map[kafka.Offset]kafka.Offset{2: 3, 3: 3, 5: 5} {
		t.Run(own.String(), func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			fill(t, cl, "t", 0, 0, 3)
			c := startConsumer(t, cl, kafka.ConfigMap{"auto.commit.interval.ms": 60_000})
			need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
			readN(t, c, 3)
			_, err := c.CommitOffsets(tps(tp("t", 0, own)))
			need(t, "CommitOffsets", err)
			need(t, "Unassign", c.Unassign())
			if own <= 3 {
				if ev := nextOf[kafka.OffsetsCommitted](t, c); ev.Error != nil || show(ev.Offsets) != "t[0]@3" {
					t.Errorf("event %v", ev)
				}
			}
			list, err := c.Committed(tps(tp("t", 0, 0)), 5000)
			if err != nil || list[0].Offset != want {
				t.Errorf("committed %v, %v, want %v", list, err, want)
			}
		})
	}
}

// TestRevokedBesideTheGroup: what a member of an eager group has assigned itself is committed and taken with the rest.
func TestRevokedBesideTheGroup(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t1", 1), testcluster.Topic("t2", 1))
	fill(t, cl, "t2", 0, 0, 3)
	c := startConsumer(t, cl, kafka.ConfigMap{"partition.assignment.strategy": "range", "auto.commit.interval.ms": 60_000})
	need(t, "Subscribe", c.Subscribe("t1", nil))
	eventually(t, c, "an assignment", func() bool { list, _ := c.Assignment(); return len(list) == 1 })
	need(t, "Assign", c.Assign(tps(tp("t2", 0, 0))))
	readN(t, c, 3)
	need(t, "Subscribe", c.Subscribe("t1", nil))
	if ev := nextOf[kafka.OffsetsCommitted](t, c); ev.Error != nil || show(ev.Offsets) != "t2[0]@3" {
		t.Errorf("event %v, want the commit of t2[0]@3", ev)
	}
	eventually(t, c, "the group's partition again", func() bool { list, _ := c.Assignment(); return show(list) == "t1[0]@stored" })
}
