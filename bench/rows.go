package main

import (
	"fmt"
	"slices"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

// Row is one piece of work that all libraries do, and what this library's figures are to be against the others'.
type Row struct {
	Name    string
	Work    string
	Job     func(*work.Job) // what differs from the settings of all rows
	Brokers []string        // where it runs; empty: both
	Quick   bool            // part of -quick
	Targets []Target
	Curve   string  // the chart of growth that the row is a point of
	X       float64 // where in that chart
}

// Target bounds the ratio of this library's median to that of raw franz-go and of confluent-kafka-go. A 0 is no bound.
type Target struct {
	Metric    string
	Raw, Peer float64
	AtLeast   bool    // bounds are from below
	Own       float64 // the bound of the figure itself
}

// Library is what runs the work.
type Library struct {
	Name  string
	Dir   string // of its worker
	Cgo   bool
	Share float64 // of a row's messages that it gets, where it is so slow that a round would take too long; see enough
	Works []string
}

const (
	ours   = "this library"
	raw    = "franz-go"
	peer   = "confluent-kafka-go"
	python = "confluent-kafka (Python)"
)

var libraries = []Library{
	{Name: ours, Dir: "ours", Share: 1, Works: []string{"produce", "produce-chan", "produce-func", "transactions", "latency", "end-to-end", "idle", "consume", "consume-batch", "consume-iter", "lag", "size"}},
	{Name: raw, Dir: "franz", Share: 1, Works: []string{"produce", "produce-chan", "produce-func", "transactions", "latency", "end-to-end", "idle", "consume", "consume-batch", "consume-iter", "lag", "size"}},
	{Name: peer, Dir: "confluent", Cgo: true, Share: 0.2, Works: []string{"produce", "produce-chan", "transactions", "latency", "end-to-end", "idle", "consume", "lag", "size"}},
	{Name: "sarama", Dir: "sarama", Share: 0.2, Works: []string{"produce", "latency", "idle", "consume"}},
	{Name: "kafka-go", Dir: "segmentio", Share: 0.1, Works: []string{"produce", "latency", "idle", "consume"}},
	{Name: python, Dir: "python", Share: 0.1, Works: []string{"produce", "produce-func", "consume"}},
}

// enough messages are not shared out further.
const enough = 100_000

// messages are how many of a row's messages the library gets.
func (l *Library) messages(n int) int { return max(int(float64(n)*l.Share), min(n, enough)) }

func (l *Library) can(work string) bool { return slices.Contains(l.Works, work) }

const (
	real   = "Apache Kafka"
	memory = "kfake"
)

// base are the settings of all rows: librdkafka's defaults, where the others have the setting too.
func base() work.Job {
	return work.Job{
		Messages: 2_000_000, Warm: 20_000, Bytes: 100, Partitions: 6,
		Linger: 5, Acks: -1, Codec: "none", BatchBytes: 1_000_000, BatchMessages: 10_000,
		QueueMessages: 100_000, QueueKB: 1 << 20, MaxMessage: 1_000_000,
		FetchMinBytes: 1, FetchWait: 500, FetchBytes: 50 << 20, FetchPartitionBytes: 1 << 20,
		FetchQueueMessages: 100_000, FetchQueueKB: 64 << 10,
	}
}

// rows are all rows, in the order of the report.
func rows() []Row {
	list := []Row{
		{Name: "produce 100 B, reports on Events()", Work: "produce", Quick: true, Targets: []Target{
			{Metric: work.CPU, Raw: 1.25, Peer: 0.45}, {Metric: work.Rate, Raw: 0.85, Peer: 2, AtLeast: true}, {Metric: work.Allocs, Own: 2.1},
		}},
		{Name: "produce 100 B, ProduceFunc", Work: "produce-func", Targets: []Target{{Metric: work.CPU, Raw: 1.3, Peer: 0.5}}},
		{Name: "produce 100 B, deliveryChan", Work: "produce-chan", Targets: []Target{{Metric: work.CPU, Raw: 1.3, Peer: 0.5}}},
		{Name: "consume 100 B in a group, Poll", Work: "consume", Quick: true, Job: small, Targets: []Target{
			{Metric: work.CPU, Raw: 1.15, Peer: 0.25}, {Metric: work.Rate, Raw: 0.85, Peer: 5, AtLeast: true}, {Metric: work.Allocs, Own: 0.05},
		}},
		{Name: "consume 100 B, ReadBatch", Work: "consume-batch", Job: small, Targets: []Target{{Metric: work.CPU, Raw: 1.1}}},
		{Name: "consume 100 B, Messages", Work: "consume-iter", Job: small, Targets: []Target{{Metric: work.CPU, Raw: 1.1}}},
	}
	for _, codec := range []string{"lz4", "zstd", "snappy", "gzip"} {
		for _, w := range []string{"produce", "consume"} {
			list = append(list, Row{Name: fmt.Sprintf("%s 1 KiB, %s", w, codec), Work: w,
				// The first 100,000 fill the producer's queue, in memory that is new: with fewer in all that is what is measured.
				Job:     func(j *work.Job) { j.Codec, j.Text, j.Bytes, j.Messages = codec, true, 1<<10, 600_000 },
				Targets: []Target{{Metric: work.CPU, Raw: 1.2, Peer: 1}}})
		}
	}
	for _, w := range []string{"produce", "consume"} {
		targets := []Target{{Metric: work.Throughput, Raw: 0.95, Peer: 1, AtLeast: true}}
		list = append(list,
			Row{Name: w + " 10 KiB", Work: w, Targets: targets, Job: func(j *work.Job) { j.Bytes, j.Messages, j.Warm = 10<<10, 100_000, 1000 }},
			Row{Name: w + " 1 MiB", Work: w, Targets: targets, Job: large})
	}
	half := []Target{{Metric: work.CPU, Raw: 1.25, Peer: 0.6}}
	for _, n := range []int{12, 100, 1000} {
		row := Row{Name: fmt.Sprintf("produce 100 B, %d partitions", n), Work: "produce", Targets: half, Job: func(j *work.Job) { j.Partitions = n }}
		if n == 1000 {
			row.Brokers = []string{memory} // a thousand files for each measurement are a test of the disk
		}
		list = append(list, row)
	}
	percentiles := []Target{{Metric: work.P50, Raw: 1.15, Peer: 1}, {Metric: work.P99, Raw: 1.15, Peer: 1}}
	list = append(list,
		Row{Name: "produce 100 B, keys, default partitioner", Work: "produce", Targets: half, Job: func(j *work.Job) { j.Keys = 10_000 }},
		Row{Name: "produce 100 B, idempotent", Work: "produce", Targets: half, Job: func(j *work.Job) { j.Idempotent = true; j.InFlight = 5 }},
		Row{Name: "produce 100 B, transactions of 1,000", Work: "transactions", Targets: half, Brokers: []string{real},
			Job: func(j *work.Job) { j.Idempotent, j.InFlight, j.Messages, j.Warm = true, 5, 400_000, 10_000 }},
		Row{Name: "one message in flight, linger.ms=0", Work: "latency", Targets: percentiles, Quick: true,
			Job: func(j *work.Job) { j.Linger, j.Messages, j.Warm = 0, 10_000, 500 }},
		Row{Name: "end to end at 1,000 msg/s", Work: "end-to-end", Targets: percentiles, Brokers: []string{real},
			Job: func(j *work.Job) { j.Messages, j.Warm = 4000, 1000 }},
		Row{Name: "100 idle producers", Work: "idle", Job: func(j *work.Job) { j.Clients, j.Seconds = 100, 5 }, Targets: []Target{
			{Metric: work.Memory, Raw: 1.5, Peer: 0.5}, {Metric: work.Threads, Raw: 1.5, Peer: 0.05}, {Metric: work.IdleCPU, Raw: 1.5, Peer: 0.05},
		}},
		Row{Name: "a slow consumer far behind, 1,000 partitions", Work: "lag", Brokers: []string{memory}, Targets: []Target{{Metric: work.Memory, Peer: 1}},
			// The broker in memory puts a batch of every partition into an answer, whatever fetch.max.bytes says.
			Job: func(j *work.Job) { j.Partitions, j.Bytes, j.Seconds, j.FetchPartitionBytes = 1000, 1<<10, 10, 32<<10 }},
		Row{Name: "stripped binary, a producer and a consumer", Work: "size", Brokers: []string{memory}, Targets: []Target{{Metric: work.BinarySize, Raw: 1.15, Peer: 1}}},
	)
	return append(list, curves()...)
}

// small messages are consumed so fast that it takes more of them to measure for a second.
func small(j *work.Job) { j.Messages = 3_000_000 }

func large(j *work.Job) { j.Bytes, j.Messages, j.Warm, j.MaxMessage = 1<<20, 1000, 20, 2<<20 }

// curves are the rows that show how cost grows.
func curves() (list []Row) {
	add := func(curve, w, unit string, x int, job func(*work.Job)) {
		list = append(list, Row{Name: fmt.Sprintf("%s, %s: %d", curve, unit, x), Work: w, Curve: curve, X: float64(x), Job: job, Brokers: []string{memory}})
	}
	for _, n := range []int{10, 100, 1 << 10, 10 << 10, 100 << 10, 1 << 20} {
		for _, w := range []string{"produce", "consume"} {
			add(w+" by size", w, "bytes", n, func(j *work.Job) {
				large(j)
				j.Bytes, j.Messages = n, min(500_000, max(500, 500<<20/n))
				j.Warm = j.Messages / 50
			})
		}
	}
	for _, n := range []int{1, 10, 100, 1000} {
		add("produce by partitions", "produce", "partitions", n, func(j *work.Job) { j.Partitions, j.Messages = n, 3_000_000 })
		add("consume by partitions", "consume", "partitions", n, func(j *work.Job) {
			j.Partitions, j.Messages = n, 3_000_000
			j.FetchPartitionBytes = min(j.FetchPartitionBytes, 6<<20/n) // the broker in memory has a batch of each in an answer
		})
		add("produce by topics", "produce", "topics", n, func(j *work.Job) { j.Partitions, j.Topics, j.Messages = 1, n, max(1_000_000, 3_000_000/n) })
		add("memory by clients", "idle", "clients", n, func(j *work.Job) { j.Clients, j.Seconds = n, 2 })
	}
	return list
}

// job returns the job of a row.
func (r *Row) job() work.Job {
	j := base()
	j.Work = r.Work
	if r.Job != nil {
		r.Job(&j)
	}
	return j
}

func (r *Row) consumes() bool { return r.Work[:4] == "cons" || r.Work == "lag" }
