package kafka

import (
	"fmt"
	"runtime"
	"testing"
)

// TestCallQueueFull: whoever puts in and takes out at the same time, the queue is not said to be full for good, and reports
// leave it in the order in which they came.
func TestCallQueueFull(t *testing.T) {
	t.Parallel()
	const calls = 20_000
	for _, most := range []int64{1, 2, 7} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			t.Parallel()
			q := callQueue{ready: make(chan struct{}, 1), room: &broadcast{}, most: most}
			go func() {
				for i := range calls {
					for q.full.Load() {
						runtime.Gosched()
					}
					q.put(call{report: &Message{TopicPartition: TopicPartition{Offset: Offset(i)}}})
				}
			}()
			for i := range calls {
				c, ok := q.take()
				for ; !ok; c, ok = q.take() {
					runtime.Gosched()
				}
				if c.report.TopicPartition.Offset != Offset(i) {
					t.Fatalf("report %v in place %d", c.report.TopicPartition.Offset, i)
				}
			}
			if all, reports := q.len(); all != 0 || reports != 0 || q.full.Load() {
				t.Errorf("%d and %d left, full is %v", all, reports, q.full.Load())
			}
		})
	}
}
