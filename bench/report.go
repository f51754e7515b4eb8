package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

// report is all that was measured so far, in its folder: results.json, README.md and charts. Rows that are measured
// again take the place of the old ones; what is compared within a row always comes from one run.
type report struct {
	Results []*Result
	Notes   map[string]string // why a library was not measured

	dir string
}

func openReport(dir string) (*report, error) {
	r := &report{dir: dir}
	b, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	return r, json.Unmarshal(b, r)
}

func (r *report) put(result *Result) {
	i := slices.IndexFunc(r.Results, func(o *Result) bool { return o.Row == result.Row && o.Broker == result.Broker })
	if i < 0 {
		r.Results = append(r.Results, result)
	} else {
		r.Results[i] = result
	}
}

func (r *report) find(row, broker string) *Result {
	for _, result := range r.Results {
		if result.Row == row && result.Broker == broker {
			return result
		}
	}
	return nil
}

func (r *report) write() error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dir, "results.json"), append(b, '\n'), 0o644); err != nil {
		return err
	}
	charts, err := r.charts()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.dir, "README.md"), []byte(r.markdown(charts)), 0o644)
}

// markdown is the report to read.
func (r *report) markdown(charts []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Measured\n\nWritten by bench, see ../README.md. %s/%s, %d CPUs, %s.\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	for _, lib := range libraries {
		if why, ok := r.Notes[lib.Name]; ok {
			fmt.Fprintf(&b, "Not measured in the last run: %s: %s.\n", lib.Name, why)
		}
	}
	fmt.Fprintf(&b, "\n## Settings of all libraries\n\n%s\n\n", settings(base()))
	b.WriteString("## Against the targets\n\n" + r.summary(rows()) + "\n")
	b.WriteString("## How cost grows\n\nOn kfake. The increase is the difference of the two figures: it is to be no larger than that of confluent-kafka-go.\n\n" + r.growth() + "\n")
	for _, c := range charts {
		fmt.Fprintf(&b, "![%s](%s)\n\n", strings.TrimSuffix(c, ".svg"), c)
	}
	b.WriteString("## All figures\n\nMedian of the rounds, and in brackets the smallest and the largest.\n")
	for _, row := range rows() {
		for _, broker := range []string{real, memory} {
			if result := r.find(row.Name, broker); result != nil {
				b.WriteString(result.table())
			}
		}
	}
	return b.String()
}

// settings says what is the same for all.
func settings(j work.Job) string {
	return fmt.Sprintf("acks %d, linger %d ms, compression %s, idempotence %v, batches up to %d bytes and %d messages, producer queue %d messages and %d KiB, "+
		"in flight %s, fetch.min %d, fetch.wait %d ms, fetch.max %d bytes, %d a partition, consumer queue %d messages and %d KiB; %d partitions. "+
		"kafka-go's batches and queues are counted in messages, franz-go's batches in bytes only; sarama has its own short queues and 5 requests in flight.",
		j.Acks, j.Linger, j.Codec, j.Idempotent, j.BatchBytes, j.BatchMessages, j.QueueMessages, j.QueueKB, map[bool]string{true: "without bound"}[j.InFlight == 0],
		j.FetchMinBytes, j.FetchWait, j.FetchBytes, j.FetchPartitionBytes, j.FetchQueueMessages, j.FetchQueueKB, j.Partitions)
}

// differs says which settings of a row are its own.
func differs(j work.Job) string {
	var out []string
	b := base()
	add := func(differ bool, format string, args ...any) {
		if differ {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(j.Bytes != b.Bytes, "%d bytes", j.Bytes)
	add(j.Codec != b.Codec, "compression %s, values that shrink to about a half", j.Codec)
	add(j.Linger != b.Linger, "linger %d ms", j.Linger)
	add(j.Idempotent, "idempotent, %d in flight", j.InFlight)
	add(j.Keys > 0, "%d keys", j.Keys)
	add(j.Partitions != b.Partitions, "%d partitions", j.Partitions)
	add(j.Topics > 0, "%d topics", j.Topics)
	add(j.MaxMessage != b.MaxMessage, "messages up to %d bytes", j.MaxMessage)
	add(j.Clients > 0, "%d clients", j.Clients)
	add(j.Seconds > 0, "%d s", j.Seconds)
	if j.Seconds == 0 && j.Work != "size" {
		out = append(out, fmt.Sprintf("%d messages", j.Messages))
	}
	return strings.Join(out, ", ")
}

// column is a metric as it is shown.
type column struct {
	metric, title string
	factor        float64
	digits        int
}

var columns = []column{
	{work.Rate, "messages/s", 1, 0},
	{work.Throughput, "MB/s", 1e-6, 0},
	{work.CPU, "CPU s per M messages", 1, 2},
	{work.IdleCPU, "CPU, % of a core", 100, 2},
	{work.Allocs, "allocs/message", 1, 2},
	{work.P50, "p50 ms", 1e3, 2},
	{work.P99, "p99 ms", 1e3, 2},
	{work.Memory, "peak MB", 1e-6, 0},
	{work.Goroutines, "goroutines", 1, 0},
	{work.Threads, "threads", 1, 0},
	{work.BinarySize, "MB", 1e-6, 1},
}

// shown reports whether a column says something about a row.
func (c *column) shown(r *Result) bool {
	latency := strings.HasPrefix(r.Job.Work, "lat") || strings.HasPrefix(r.Job.Work, "end")
	switch c.metric {
	case work.Throughput:
		return r.Job.Bytes >= 1<<10 && r.has(c.metric)
	case work.Rate, work.Allocs:
		return !latency && r.has(c.metric)
	}
	return r.has(c.metric)
}

func (r *Result) has(metric string) bool { return !math.IsNaN(r.median(ours, metric)) }

// table is one row's figures.
func (r *Result) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s (%s)\n\n%s; %d rounds, %s.\n\n", r.Row, r.Broker, differs(r.Job), len(r.Rounds[ours]), r.When.Format(time.DateTime))
	var cols []column
	head, line := "| library |", "| --- |"
	for _, c := range columns {
		if c.shown(r) {
			cols = append(cols, c)
			head += " " + c.title + " |"
			line += " --: |"
		}
	}
	b.WriteString(head + "\n" + line + "\n")
	for _, lib := range libraries {
		if r.Rounds[lib.Name] == nil {
			continue
		}
		fmt.Fprintf(&b, "| %s |", lib.Name)
		for _, c := range cols {
			lo, mid, hi := r.spread(lib.Name, c.metric)
			switch {
			case math.IsNaN(mid) || lib.Dir == "confluent" && c.metric == work.Allocs: // of C's it is not known
				b.WriteString(" |")
			case lo == hi:
				fmt.Fprintf(&b, " %s |", c.format(mid))
			default:
				fmt.Fprintf(&b, " %s [%s–%s] |", c.format(mid), c.format(lo), c.format(hi))
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (c *column) format(v float64) string { return fmt.Sprintf("%.*f", c.digits, v*c.factor) }

// spread returns the smallest, the median and the largest of a library's rounds; NaN where it has none.
func (r *Result) spread(lib, metric string) (lo, mid, hi float64) {
	var all []float64
	for _, round := range r.Rounds[lib] {
		if v, ok := round[metric]; ok {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	slices.Sort(all)
	mid = all[len(all)/2]
	if len(all)%2 == 0 {
		mid = (mid + all[len(all)/2-1]) / 2
	}
	return all[0], mid, all[len(all)-1]
}

func (r *Result) median(lib, metric string) float64 {
	_, mid, _ := r.spread(lib, metric)
	return mid
}

// summary is the table of targets.
func (r *report) summary(rows []Row) string {
	var b strings.Builder
	b.WriteString("| work | broker | figure | this library | to raw franz-go | to confluent-kafka-go |\n| --- | --- | --- | --: | --: | --: |\n")
	for _, row := range rows {
		for _, broker := range []string{real, memory} {
			result := r.find(row.Name, broker)
			if result == nil {
				continue
			}
			for _, t := range row.Targets {
				c := columns[slices.IndexFunc(columns, func(c column) bool { return c.metric == t.Metric })]
				own := result.median(ours, t.Metric)
				figure := c.format(own)
				if t.Own > 0 {
					figure += verdict(own, t.Own, false)
				}
				fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", row.Name, broker, c.title, figure,
					compare(own, result.median(raw, t.Metric), t.Raw, t.AtLeast), compare(own, result.median(peer, t.Metric), t.Peer, t.AtLeast))
			}
		}
	}
	return b.String()
}

// compare shows a ratio beside its bound.
func compare(own, other, bound float64, atLeast bool) string {
	ratio := own / other
	switch {
	case math.IsNaN(ratio) || math.IsInf(ratio, 0):
		return "–"
	case bound == 0:
		return fmt.Sprintf("%.2f", ratio)
	}
	return fmt.Sprintf("%.2f", ratio) + verdict(ratio, bound, atLeast)
}

func verdict(v, bound float64, atLeast bool) string {
	sign, met := "≤", v <= bound
	if atLeast {
		sign, met = "≥", v >= bound
	}
	if met {
		return fmt.Sprintf(" (%s %g met)", sign, bound)
	}
	return fmt.Sprintf(" (%s %g **missed**)", sign, bound)
}
