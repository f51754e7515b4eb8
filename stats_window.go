package kafka

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// window collects values as librdkafka's histograms do: with two significant figures, up to a value that is chosen for
// each use. A client has some of them for each broker and topic, and most see few values: so only what occurred is
// held, where a histogram with all its places takes 20 KB.
type window struct {
	most       int64        // larger values are only counted
	counts     []valueCount // ascending
	last       int          // the place of the last value, which the next one often has too
	count      int64
	sum        int64
	low, high  int64 // of what was counted
	outOfRange int64
}

// valueCount is how often a value occurred, see rounded.
type valueCount struct{ value, count int64 }

// countSize is the size of a valueCount.
const countSize = 16

func newWindow(most int64) *window { return &window{most: most} }

// significant is how many bits of a value are kept: the error is below 1 %.
const significant = 8

// rounded returns the smallest of the values that count as v, and how many these are.
func rounded(v int64) (first, n int64) {
	drop := max(bits.Len64(uint64(v))-significant, 0)
	return v >> drop << drop, 1 << drop
}

func (w *window) add(v int64) {
	if v = max(v, 0); v > w.most {
		w.outOfRange++
		return
	}
	if w.count == 0 {
		w.low, w.high = v, v
	}
	first, _ := rounded(v)
	if w.last >= len(w.counts) || w.counts[w.last].value != first {
		var found bool
		w.last, found = slices.BinarySearchFunc(w.counts, first, func(c valueCount, v int64) int { return cmp.Compare(c.value, v) })
		if !found {
			w.counts = slices.Insert(w.counts, w.last, valueCount{value: first})
		}
	}
	w.counts[w.last].count++
	w.low, w.high = min(w.low, v), max(w.high, v)
	w.count++
	w.sum += v
}

// roll returns the summary and, if wanted, begins anew.
func (w *window) roll(begin bool) WindowStats {
	s := WindowStats{OutOfRange: w.outOfRange, HdrSize: len(w.counts) * countSize, Count: w.count}
	if w.count > 0 {
		s.Min, s.Max, s.Avg, s.Sum = w.low, w.high, w.sum/w.count, w.sum
		w.spread(&s)
	}
	if begin {
		*w = window{most: w.most, counts: w.counts[:0]}
	}
	return s
}

// spread fills in the percentiles and the standard deviation.
func (w *window) spread(s *WindowStats) {
	type percentile struct {
		at float64
		to *int64
	}
	open := []percentile{{0.5, &s.P50}, {0.75, &s.P75}, {0.9, &s.P90}, {0.95, &s.P95}, {0.99, &s.P99}, {0.9999, &s.P9999}}
	mean := float64(w.sum) / float64(w.count)
	seen, squares := int64(0), 0.0
	for _, c := range w.counts {
		first, n := c.value, c.count
		_, width := rounded(first)
		off := float64(first) + float64(width-1)/2 - mean
		squares += float64(n) * off * off
		for seen += n; len(open) > 0 && float64(seen) >= open[0].at*float64(w.count); open = open[1:] {
			*open[0].to = min(first+width-1, w.high)
		}
	}
	s.StdDev = int64(math.Sqrt(squares / float64(w.count)))
}
