package kafka

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestWallClock: the time of day is exact although the system is asked for it once in a millisecond, also of a moment before
// the one that it was last asked at.
func TestWallClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var w wallClock
		born := time.Now()
		asked := map[*wallTime]bool{}
		for _, step := range []time.Duration{0, 1, 999_998, 999_999, time.Millisecond, time.Second, 3 * time.Microsecond, time.Hour} {
			earlier := time.Since(born)
			time.Sleep(step)
			for _, clock := range []time.Duration{time.Since(born), earlier} {
				if got, want := w.at(born, clock), born.Add(clock); !got.Equal(want) {
					t.Errorf("%v: %v, want %v", clock, got, want)
				}
			}
			asked[w.last.Load()] = true
		}
		if n := len(asked); n != 5 {
			t.Errorf("the system was asked %d times, want 5", n)
		}
	})
}
