package kafka

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestWindow compares the summary of random values with what the values themselves say.
func TestWindow(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 1))
			w := newWindow(1_000_000)
			for range 2 { // the second time after the first roll
				values := make([]int64, 1+rnd.IntN(2000))
				sum := int64(0)
				for i := range values {
					values[i] = int64(math.Exp(rnd.Float64() * math.Log(1_000_000)))
					sum += values[i]
					w.add(values[i])
				}
				w.add(1_000_001)
				if again := w.roll(false); again != w.roll(false) {
					t.Error("a summary changes what it sums up")
				}
				slices.Sort(values)
				n := len(values)
				got := w.roll(true)
				if got.Count != int64(n) || got.Sum != sum || got.Avg != sum/int64(n) || got.Min != values[0] || got.Max != values[n-1] || got.OutOfRange != 1 {
					t.Errorf("%+v, want %d values from %d to %d, with the sum %d, and one out of range", got, n, values[0], values[n-1], sum)
				}
				squares := 0.0
				for _, v := range values {
					squares += math.Pow(float64(v)-float64(sum)/float64(n), 2)
				}
				nearly(t, "standard deviation", got.StdDev, int64(math.Sqrt(squares/float64(n))))
				for at, p := range map[float64]int64{0.5: got.P50, 0.75: got.P75, 0.9: got.P90, 0.95: got.P95, 0.99: got.P99, 0.9999: got.P9999} {
					nearly(t, fmt.Sprint(at), p, values[int(math.Ceil(at*float64(n)))-1])
				}
			}
			if got := w.roll(false); got != (WindowStats{}) {
				t.Errorf("an empty window says %+v", got)
			}
		})
	}
}

// nearly fails where two values differ by more than two significant figures leave open.
func nearly(t *testing.T, what string, got, want int64) {
	t.Helper()
	if math.Abs(float64(got-want)) > 0.01*float64(want)+1 {
		t.Errorf("%s: %d, want %d", what, got, want)
	}
}
