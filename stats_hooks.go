package kafka

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// figures are what the engine's hooks count. They are called for requests and batches, not for messages, so a lock
// does not hurt.
type figures struct {
	born time.Time

	mu      sync.Mutex // guards all below
	brokers map[int32]*brokerFigures
	topics  map[string]*topicFigures
}

type brokerFigures struct {
	BrokerStats
	since          time.Time
	lastTx, lastRx time.Time
	requests       map[int16]int64
	outbuf, rtt    *window
	throttle       *window
	conns          int
}

type topicFigures struct {
	first       time.Time
	size, count *window
	partitions  map[int32]*partitionFigures
}

type partitionFigures struct {
	txMsgs, txBytes, rxMsgs, rxBytes int64
}

func newFigures() *figures {
	return &figures{born: time.Now(), brokers: map[int32]*brokerFigures{}, topics: map[string]*topicFigures{}}
}

// Upper ends of the histograms: a minute of latency, ten of throttling, a gigabyte of batch.
const (
	mostLatency  = int64(time.Minute / time.Microsecond)
	mostThrottle = int64(10 * time.Minute / time.Millisecond)
	mostBatch    = int64(1 << 30)
	mostMessages = int64(1 << 24)
)

func (f *figures) brokerLocked(meta kgo.BrokerMetadata) *brokerFigures {
	b := f.brokers[meta.NodeID]
	if b != nil {
		return b
	}
	b = &brokerFigures{since: time.Now(), requests: map[int16]int64{}, outbuf: newWindow(mostLatency), rtt: newWindow(mostLatency),
		throttle: newWindow(mostThrottle)}
	b.NodeName = net.JoinHostPort(meta.Host, strconv.Itoa(int(meta.Port)))
	b.NodeID, b.Source, b.State = meta.NodeID, "learned", "INIT"
	b.Name = fmt.Sprintf("%s/%d", b.NodeName, meta.NodeID)
	if meta.NodeID < 0 { // the engine numbers its seeds below zero
		b.NodeID, b.Source, b.Name = -1, "configured", b.NodeName+"/bootstrap"
	}
	f.brokers[meta.NodeID] = b
	return b
}

func (f *figures) topicLocked(name string) *topicFigures {
	t := f.topics[name]
	if t == nil {
		t = &topicFigures{first: time.Now(), size: newWindow(mostBatch), count: newWindow(mostMessages), partitions: map[int32]*partitionFigures{}}
		f.topics[name] = t
	}
	return t
}

func (t *topicFigures) partition(id int32) *partitionFigures {
	p := t.partitions[id]
	if p == nil {
		p = &partitionFigures{}
		t.partitions[id] = p
	}
	return p
}

// OnBrokerConnect is a hook of the engine.
func (f *figures) OnBrokerConnect(meta kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.brokerLocked(meta)
	if err != nil {
		b.setState("DOWN")
		return
	}
	b.Connects++
	b.conns++
	b.setState("UP")
}

// OnBrokerDisconnect is a hook of the engine.
func (f *figures) OnBrokerDisconnect(meta kgo.BrokerMetadata, _ net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.brokerLocked(meta)
	b.Disconnects++
	if b.conns--; b.conns <= 0 {
		b.setState("DOWN")
	}
}

func (b *brokerFigures) setState(state string) {
	if b.State != state {
		b.State, b.since = state, time.Now()
	}
}

// OnBrokerWrite is a hook of the engine.
func (f *figures) OnBrokerWrite(meta kgo.BrokerMetadata, key int16, bytes int, wait, _ time.Duration, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.brokerLocked(meta)
	b.TxBytes += int64(bytes)
	if err != nil {
		b.TxErrors++
		return
	}
	b.Tx++
	b.WaitRespCount++
	b.lastTx = time.Now()
	b.requests[key]++
	b.outbuf.add(wait.Microseconds())
}

// OnBrokerE2E is a hook of the engine.
func (f *figures) OnBrokerE2E(meta kgo.BrokerMetadata, _ int16, e2e kgo.BrokerE2E) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.brokerLocked(meta)
	if e2e.WriteErr != nil {
		return
	}
	b.WaitRespCount = max(b.WaitRespCount-1, 0)
	b.RxBytes += int64(e2e.BytesRead)
	if e2e.ReadErr != nil {
		b.RxErrors++
		if errors.Is(e2e.ReadErr, os.ErrDeadlineExceeded) {
			b.RequestTimeouts++
		}
		return
	}
	b.Rx++
	b.lastRx = time.Now()
	b.rtt.add(e2e.DurationE2E().Microseconds())
}

// OnBrokerThrottle is a hook of the engine.
func (f *figures) OnBrokerThrottle(meta kgo.BrokerMetadata, d time.Duration, _ bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.brokerLocked(meta).throttle.add(d.Milliseconds())
}

// OnProduceBatchWritten is a hook of the engine.
func (f *figures) OnProduceBatchWritten(_ kgo.BrokerMetadata, topic string, partition int32, m kgo.ProduceBatchMetrics) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.topicLocked(topic)
	t.size.add(int64(m.CompressedBytes))
	t.count.add(int64(m.NumRecords))
	p := t.partition(partition)
	p.txMsgs += int64(m.NumRecords)
	p.txBytes += int64(m.UncompressedBytes)
}

// OnFetchBatchRead is a hook of the engine.
func (f *figures) OnFetchBatchRead(_ kgo.BrokerMetadata, topic string, partition int32, m kgo.FetchBatchMetrics) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.topicLocked(topic).partition(partition)
	p.rxMsgs += int64(m.NumRecords)
	p.rxBytes += int64(m.UncompressedBytes)
}

// snapshot copies the figures out.
func (f *figures) snapshot(roll bool) *Statistics {
	now := time.Now()
	s := &Statistics{TS: time.Since(processStart).Microseconds(), Age: now.Sub(f.born).Microseconds(),
		Brokers: map[string]*BrokerStats{}, Topics: map[string]*TopicStats{}}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, b := range f.brokers {
		out := b.BrokerStats
		out.StateAge = now.Sub(b.since).Microseconds()
		out.TxIdle, out.RxIdle = idle(now, b.lastTx), idle(now, b.lastRx)
		out.OutbufLatency, out.RTT, out.Throttle = b.outbuf.roll(roll), b.rtt.roll(roll), b.throttle.roll(roll)
		out.Requests = map[string]int64{}
		for key, n := range b.requests {
			out.Requests[requestName(key)] = n
		}
		out.TopicPartitions = map[string]BrokerPartitionStats{}
		s.Brokers[out.Name] = &out
		s.Tx, s.TxBytes, s.Rx, s.RxBytes = s.Tx+out.Tx, s.TxBytes+out.TxBytes, s.Rx+out.Rx, s.RxBytes+out.RxBytes
	}
	for name, t := range f.topics {
		out := &TopicStats{Topic: name, Age: now.Sub(t.first).Milliseconds(), BatchSize: t.size.roll(roll), BatchCount: t.count.roll(roll),
			Partitions: map[string]*PartitionStats{"-1": newPartitionStats(-1)}}
		s.Topics[name] = out
		for id, p := range t.partitions {
			q := out.partition(id)
			q.TxMsgs, q.TxBytes, q.RxMsgs, q.RxBytes, q.Msgs = p.txMsgs, p.txBytes, p.rxMsgs, p.rxBytes, p.txMsgs+p.rxMsgs
			s.TxMsgs, s.TxMsgBytes, s.RxMsgs, s.RxMsgBytes = s.TxMsgs+p.txMsgs, s.TxMsgBytes+p.txBytes, s.RxMsgs+p.rxMsgs, s.RxMsgBytes+p.rxBytes
		}
	}
	return s
}

var processStart = time.Now()

func idle(now, last time.Time) int64 {
	if last.IsZero() {
		return -1
	}
	return now.Sub(last).Microseconds()
}

// requestName is a request's name as librdkafka prints it.
func requestName(key int16) string {
	switch name := kmsg.NameForKey(key); name {
	case "ApiVersions":
		return "ApiVersion"
	case "SASLHandshake":
		return "SaslHandshake"
	case "SASLAuthenticate":
		return "SaslAuthenticate"
	case "InitProducerID":
		return "InitProducerId"
	default:
		return name
	}
}

// partition returns the figures of a partition, made on first use.
func (t *TopicStats) partition(id int32) *PartitionStats {
	key := strconv.Itoa(int(id))
	p := t.Partitions[key]
	if p == nil {
		p = newPartitionStats(id)
		t.Partitions[key] = p
	}
	return p
}
