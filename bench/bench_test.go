package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"

	"github.com/purego-kafka/kafka/bench/internal/copyworker/copies"
	"github.com/purego-kafka/kafka/bench/internal/work"
)

// TestCopies: confluent-kafka-go does what this library does, to the letter.
func TestCopies(t *testing.T) {
	for from, to := range copies.Files {
		program, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(to); err != nil || !bytes.Equal(got, copies.Copy(program)) {
			t.Errorf("%s is not %s with another import line (%v): run go generate", to, from, err)
		}
	}
}

// TestRows: names are unique, and every row has work that this library and franz-go can do.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.Name] {
			t.Errorf("two rows are called %q", r.Name)
		}
		seen[r.Name] = true
		for _, lib := range libraries[:2] {
			if !lib.can(r.Work) {
				t.Errorf("%s can't do %s of %q", lib.Name, r.Work, r.Name)
			}
		}
	}
}

// TestMeasure runs small jobs of most works with this library and franz-go, and looks at what is reported.
func TestMeasure(t *testing.T) {
	w, err := build(t.Context(), t.TempDir(), libraries[:2])
	if err != nil {
		t.Fatal(err)
	}
	p := &plan{libraries: libraries[:2], rounds: 2, scale: 1, done: func(string) {},
		brokers: map[string]broker{memory: &memoryBroker{program: filepath.Join(w.dir, "kfake")}}}
	out, err := openReport(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range rows() {
		if seen[r.Work] || slices.Contains([]string{"idle", "lag", "end-to-end", "size"}, r.Work) {
			continue
		}
		seen[r.Work] = true
		own := r.Job
		r.Job = func(j *work.Job) {
			if own != nil {
				own(j)
			}
			j.Messages, j.Warm = 2000, 1000
		}
		result, err := p.measure(t.Context(), w, &r, memory)
		if err != nil {
			t.Fatal(err)
		}
		for _, lib := range p.libraries {
			if n := len(result.Rounds[lib.Name]); n != 2 {
				t.Errorf("%s, %s: %d rounds, want 2", r.Name, lib.Name, n)
			}
			for _, metric := range []string{work.Rate, work.CPU, work.Goroutines} {
				if v := result.median(lib.Name, metric); !(v > 0) {
					t.Errorf("%s, %s: %s is %v", r.Name, lib.Name, metric, v)
				}
			}
		}
		out.put(result)
	}
	if err := out.write(); err != nil {
		t.Fatal(err)
	}
	again, err := openReport(out.dir)
	if err != nil || len(again.Results) != len(out.Results) {
		t.Fatalf("read again: %d results, %v, want %d", len(again.Results), err, len(out.Results))
	}
	if s := again.summary(rows()); !strings.Contains(s, "| produce 100 B, reports on Events() | kfake | CPU s per M messages |") {
		t.Errorf("the summary lacks a row:\n%s", s)
	}
	for _, name := range []string{"README.md", "cpu-produce-kfake.svg", "cpu-consume-kfake.svg"} {
		if info, err := os.Stat(filepath.Join(out.dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s was not written: %v", name, err)
		}
	}
}

// TestGrowth: what was measured of a curve becomes a chart and a line that compares what the costs grow by.
func TestGrowth(t *testing.T) {
	r := &report{dir: t.TempDir()}
	for i, row := range curves() {
		if row.Curve == "consume by partitions" && row.X > 1 {
			continue // a point is no curve
		}
		rounds := map[string][]map[string]float64{}
		for k, lib := range libraries[:3] {
			rounds[lib.Name] = []map[string]float64{{work.CPU: float64(i + 1 + k*i), work.Memory: float64(1000 - i)}}
		}
		r.put(&Result{Row: row.Name, Broker: memory, Rounds: rounds})
	}
	table := r.growth()
	for _, want := range []string{
		"| produce by size | 10, 1048576 | CPU seconds per million messages | 1.00 to 11.00 | 1.00 to 21.00 | 1.00 to 31.00 | 0.33 (≤ 1 met) |",
		"| memory by clients | 1, 1000 | peak memory, MB | 0 to 0 | 0 to 0 | 0 to 0 | none (met) |",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no line %q in\n%s", want, table)
		}
	}
	if strings.Contains(table, "consume by partitions") {
		t.Errorf("a curve of one point in\n%s", table)
	}
	files, err := r.charts()
	if err != nil || len(files) != len(curveNames())-1 {
		t.Errorf("charts %v, %v, want %d", files, err, len(curveNames())-1)
	}
	for _, tt := range []struct {
		own, other plotter.XYs
		want       string
	}{
		{plotter.XYs{{X: 1, Y: 1}, {X: 2, Y: 4}}, plotter.XYs{{X: 1, Y: 1}, {X: 2, Y: 3}}, "1.50 (≤ 1 **missed**)"},
		{plotter.XYs{{X: 1, Y: 1}, {X: 2, Y: 4}}, plotter.XYs{{X: 1, Y: 3}, {X: 2, Y: 1}}, "only here (**missed**)"},
		{plotter.XYs{{X: 1, Y: 1}, {X: 2, Y: 4}}, nil, "–"},
	} {
		if got := grows(tt.own, tt.other); got != tt.want {
			t.Errorf("grows(%v, %v) = %q, want %q", tt.own, tt.other, got, tt.want)
		}
	}
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		own, other, bound float64
		atLeast           bool
		want              string
	}{
		{2, 4, 0.5, false, "0.50 (≤ 0.5 met)"},
		{3, 4, 0.5, false, "0.75 (≤ 0.5 **missed**)"},
		{3, 1, 2, true, "3.00 (≥ 2 met)"},
		{1, 1, 2, true, "1.00 (≥ 2 **missed**)"},
		{1, 0, 2, true, "–"},
		{1, 2, 0, true, "0.50"},
	} {
		if got := compare(tt.own, tt.other, tt.bound, tt.atLeast); got != tt.want {
			t.Errorf("compare(%v, %v, %v, %v) = %q, want %q", tt.own, tt.other, tt.bound, tt.atLeast, got, tt.want)
		}
	}
}
