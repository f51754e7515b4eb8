package kafka_test

import (
	"runtime"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// TestProduceAllocs: messages share allocations, seventeen of them two for themselves and about as many one for their keys
// and values, and so do their reports.
func TestProduceAllocs(t *testing.T) {
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap, "linger.ms", 60000)
	const n = 5000
	ch := make(chan kafka.Event, n+1)
	m := message("orders", kafka.PartitionAny, "key", "a value")
	must(t, p.Produce(m, ch))
	go p.Flush(10000)
	nextReport(t, ch)
	soon(t, "the flush has ended", func() bool { return p.Len() == 0 })
	if got := testing.AllocsPerRun(1000, func() { must(t, p.Produce(m, ch)) }); got > 0.3 {
		t.Errorf("%.2f allocations in Produce", got)
	}
}

// TestReportAllocs: all that is allocated from Produce to the reading of the report, on the broker's side too.
func TestReportAllocs(t *testing.T) {
	c := testcluster.New(t, 1, testcluster.Topic("orders", 1))
	p := newProducer(t, c.Bootstrap)
	const n = 5000
	ch := make(chan kafka.Event, n)
	m := message("orders", kafka.PartitionAny, "", "a value")
	round := func() {
		for range n {
			must(t, p.Produce(m, ch))
		}
		for range n {
			if e := <-ch; e.(*kafka.Message).TopicPartition.Error != nil {
				t.Fatal(e)
			}
		}
	}
	round()
	if got := testing.AllocsPerRun(5, round) / n; got > 0.5 {
		t.Errorf("%.2f allocations for a message", got)
	}
}

const benchmarkBatch = 50000

// BenchmarkProduce: from Produce to the report on a delivery channel, on an in-memory broker.
func BenchmarkProduce(b *testing.B) {
	c := testcluster.New(b, 1, testcluster.Topic("orders", 4))
	p := newProducer(b, c.Bootstrap)
	ch := make(chan kafka.Event, benchmarkBatch)
	m := message("orders", kafka.PartitionAny, "", string(make([]byte, 100)))
	b.ReportAllocs()
	for b.Loop() {
		for range benchmarkBatch {
			for p.Produce(m, ch) != nil {
				runtime.Gosched()
			}
		}
		for range benchmarkBatch {
			<-ch
		}
	}
	perMessage(b)
}

// BenchmarkProduceCallback: the same with a callback that Poll serves.
func BenchmarkProduceCallback(b *testing.B) {
	c := testcluster.New(b, 1, testcluster.Topic("orders", 4))
	p := newProducer(b, c.Bootstrap)
	m := message("orders", kafka.PartitionAny, "", string(make([]byte, 100)))
	n := 0
	count := func(*kafka.Message, error) { n++ }
	b.ReportAllocs()
	for b.Loop() {
		for range benchmarkBatch {
			must(b, p.ProduceFunc(m, count))
		}
		for n = 0; n < benchmarkBatch; {
			p.Poll(-1)
		}
	}
	perMessage(b)
}

// BenchmarkEngine is what the engine takes for the same, to compare with.
func BenchmarkEngine(b *testing.B) {
	c := testcluster.New(b, 1, testcluster.Topic("orders", 4))
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap), kgo.DisableIdempotentWrite(), kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.MaxBufferedRecords(2*benchmarkBatch), kgo.MaxProduceRequestsInflightPerBroker(1000))
	must(b, err)
	defer cl.Close()
	ch := make(chan *kgo.Record, benchmarkBatch)
	done := func(r *kgo.Record, _ error) { ch <- r }
	value := make([]byte, 100)
	b.ReportAllocs()
	for b.Loop() {
		for range benchmarkBatch {
			cl.Produce(b.Context(), &kgo.Record{Topic: "orders", Value: append([]byte(nil), value...)}, done)
		}
		for range benchmarkBatch {
			<-ch
		}
	}
	perMessage(b)
}

func perMessage(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchmarkBatch, "ns/message")
}
