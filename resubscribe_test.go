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
		{"another topic", false, "t2", []string{"assigned 1", "revoked 1", "assigned 1", "assigned 0"}},
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
