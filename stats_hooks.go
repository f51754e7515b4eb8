package kafka

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
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

// topicFigures are what a producer's batches of a topic add up to. With a thousand topics none is in a cache when its next
// batch is written, so they lie together.
type topicFigures struct {
	first       time.Time
	size, count window
	sent        []sentFigures // by partition; of those that were not sent to, too
	places      [2][4]valueCount
}

func newTopicFigures() *topicFigures {
	t := &topicFigures{first: time.Now(), size: window{most: mostBatch}, count: window{most: mostMessages}}
	t.size.counts, t.count.counts = t.places[0][:0], t.places[1][:0]
	return t
}

// sentFigures are the messages that were written to a broker, and their bytes with the framing of each.
type sentFigures struct{ messages, bytes int64 }

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
		t = newTopicFigures()
		f.topics[name] = t
	}
	return t
}

// OnBrokerConnect is a hook of the engine.
func (f *figures) OnBrokerConnect(meta kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.brokerLocked(meta)
	b.Connects++
	if err != nil {
		b.setState("DOWN")
		return
	}
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
	if n := int(partition) + 1; n > len(t.sent) {
		t.sent = append(t.sent, make([]sentFigures, n-len(t.sent))...)
	}
	sent := &t.sent[partition]
	sent.messages += int64(m.NumRecords)
	sent.bytes += int64(m.UncompressedBytes)
}

// snapshot copies the figures out. The topics that are in use have some from now on. usual are the requests that are
// there from the beginning.
func (f *figures) snapshot(roll bool, topics []string, usual []kmsg.Key) *Statistics {
	now := time.Now()
	s := &Statistics{TS: time.Since(processStart).Microseconds(), Age: now.Sub(f.born).Microseconds(),
		Brokers: map[string]*BrokerStats{}, Topics: map[string]*TopicStats{}}
	f.mu.Lock()
	defer f.mu.Unlock()
	byAddress := map[string]*BrokerStats{}
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(f.brokers))) { // seeds come last
		b := f.brokers[id]
		out := b.BrokerStats
		out.StateAge = now.Sub(b.since).Microseconds()
		out.TxIdle, out.RxIdle = idle(now, b.lastTx), idle(now, b.lastRx)
		out.OutbufLatency, out.RTT, out.Throttle = b.outbuf.roll(roll), b.rtt.roll(roll), b.throttle.roll(roll)
		out.Requests = map[string]int64{}
		for _, key := range usual {
			out.Requests[requestName(key.Int16())] = 0
		}
		for key, n := range b.requests {
			out.Requests[requestName(key)] = n
		}
		out.TopicPartitions = map[string]BrokerPartitionStats{}
		s.Tx, s.TxBytes, s.Rx, s.RxBytes = s.Tx+out.Tx, s.TxBytes+out.TxBytes, s.Rx+out.Rx, s.RxBytes+out.RxBytes
		if same := byAddress[out.NodeName]; same != nil && id < 0 {
			same.merge(&out)
			continue
		}
		byAddress[out.NodeName] = &out
		s.Brokers[out.Name] = &out
	}
	for _, name := range topics {
		f.topicLocked(name)
	}
	for name, t := range f.topics {
		out := &TopicStats{Topic: name, Age: now.Sub(t.first).Milliseconds(), BatchSize: t.size.roll(roll), BatchCount: t.count.roll(roll),
			Partitions: map[string]*PartitionStats{"-1": newPartitionStats(-1)}}
		for id, sent := range t.sent {
			if sent.messages == 0 {
				continue
			}
			p := out.partition(int32(id))
			p.TxMsgs, p.TxBytes, p.Msgs = sent.messages, sent.bytes, sent.messages
		}
		s.Topics[name] = out
	}
	return s
}

// merge adds the figures of a seed to those of the broker that it turned out to be: the engine goes on to hold them
// apart. The windows are the broker's own.
func (b *BrokerStats) merge(seed *BrokerStats) {
	if b.State != "UP" && seed.State == "UP" {
		b.State, b.StateAge = seed.State, seed.StateAge
	}
	b.WaitRespCount += seed.WaitRespCount
	b.Tx, b.TxBytes, b.TxErrors = b.Tx+seed.Tx, b.TxBytes+seed.TxBytes, b.TxErrors+seed.TxErrors
	b.Rx, b.RxBytes, b.RxErrors = b.Rx+seed.Rx, b.RxBytes+seed.RxBytes, b.RxErrors+seed.RxErrors
	b.TxIdle, b.RxIdle = lesserIdle(b.TxIdle, seed.TxIdle), lesserIdle(b.RxIdle, seed.RxIdle)
	b.RequestTimeouts += seed.RequestTimeouts
	b.Connects, b.Disconnects = b.Connects+seed.Connects, b.Disconnects+seed.Disconnects
	for name, n := range seed.Requests {
		b.Requests[name] += n
	}
}

// lesserIdle is the shorter of two times, of which -1 is none.
func lesserIdle(a, b int64) int64 {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// usualRequests are the requests that a producer or consumer has statistics of before it makes any.
func usualRequests(kind clientKind) []kmsg.Key {
	keys := []kmsg.Key{kmsg.ListOffsets, kmsg.Metadata, kmsg.FindCoordinator, kmsg.SASLHandshake, kmsg.ApiVersions, kmsg.SASLAuthenticate}
	if kind == consumerClient {
		return append(keys, kmsg.Fetch, kmsg.OffsetCommit, kmsg.OffsetFetch, kmsg.JoinGroup, kmsg.Heartbeat, kmsg.LeaveGroup, kmsg.SyncGroup)
	}
	return append(keys, kmsg.Produce, kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.EndTxn, kmsg.TxnOffsetCommit)
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
