package kafka

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// producerTopic is a topic that a producer was given messages for. Until its partitions are known the messages wait
// here, outside the engine: so they can be given up exactly when their time is over, by our own clock, and the
// partitioner runs in the order of Produce once the number of partitions is there.
type producerTopic struct {
	p        *Producer
	name     string
	parts    atomic.Pointer[[]*producerPartition] // only ever grows
	known    atomic.Bool                          // parts and noLeader may be used, nothing waits any more
	sticky   stickyPartition
	firstUse time.Duration

	noLeader   map[int32]bool // which had no leader at first; not changed once known
	forgetting atomic.Bool    // forget is at work

	mu      sync.Mutex // guards all below, and the outgoing in waiting; taken before a partition's
	waiting outgoingList
	asking  bool          // a task asks the cluster
	askNext time.Duration // not before
	refusal error         // what Produce returns while the cluster says that there is no such topic, or refuses it
}

// topic returns the topic of that name.
func (p *Producer) topic(name string) *producerTopic {
	return p.topics.get(name, func() *producerTopic {
		t := &producerTopic{p: p, name: *p.client.topics.name(name), firstUse: p.clock()}
		t.sticky = stickyPartition{linger: p.stickyLinger, batch: p.stickyBatch, available: t.available}
		return t
	})
}

// count returns the number of partitions, 0 while it is not known.
func (t *producerTopic) count() int {
	if parts := t.parts.Load(); parts != nil {
		return len(*parts)
	}
	return 0
}

// grow makes room for n partitions.
func (t *producerTopic) grow(n int) {
	for {
		old := t.parts.Load()
		var parts []*producerPartition
		if old != nil {
			parts = *old
		}
		if n <= len(parts) {
			return
		}
		parts, topicName := append([]*producerPartition(nil), parts...), t.p.client.topics.name(t.name)
		for i := len(parts); i < n; i++ {
			parts = append(parts, &producerPartition{p: t.p, topic: t, topicName: topicName, id: int32(i)})
		}
		if t.parts.CompareAndSwap(old, &parts) {
			return
		}
	}
}

// forget has the engine forget the topic, so that it learns the id of the one that has the name now. The engine must not
// be asked for that by its own goroutine.
func (t *producerTopic) forget() {
	if !t.forgetting.CompareAndSwap(false, true) {
		return
	}
	t.p.client.tasks.run(func(context.Context) {
		t.p.client.engine().PurgeTopicsFromProducing(t.name)
		t.forgetting.Store(false)
	})
}

// available reports whether a partition has a leader, as far as is known.
func (t *producerTopic) available(partition int32) bool {
	leader, epoch, err := t.p.client.engine().PartitionLeader(t.name, partition)
	if leader < 0 && epoch < 0 && err == nil { // not loaded: what the first answer said is all that is known
		return !t.noLeader[partition]
	}
	return leader >= 0 && err == nil
}

// produce sends a message on to its partition, or lets it wait for the topic's partitions. An error means that the
// message was not accepted.
func (t *producerTopic) produce(m order) error {
	if !t.known.Load() {
		t.mu.Lock()
		if !t.known.Load() {
			defer t.mu.Unlock()
			return t.waitLocked(m)
		}
		t.mu.Unlock()
	}
	part, id, err := t.choose(m.msg.TopicPartition.Partition, m.msg.Key, len(m.msg.Value), m.at)
	if err != nil {
		return err
	}
	return part.produce(t, id, m)
}

// send sends a message that waited on to its partition.
func (t *producerTopic) send(o *outgoing) error {
	part, _, err := t.choose(o.rec.Partition, o.rec.Key, len(o.rec.Value), o.at)
	if err != nil {
		return err
	}
	return part.accept(o)
}

// waitLocked lets a message wait for the topic's partitions.
func (t *producerTopic) waitLocked(m order) error {
	if t.p.client.closed.Load() {
		return errClosed()
	}
	t.askLocked()
	if t.refusal != nil {
		return t.refusal
	}
	if n, count := m.msg.TopicPartition.Partition, t.p.client.topics.count(t.name); count > 0 && n != PartitionAny && (n < 0 || int(n) >= count) {
		return errUnknownPartition // as GetMetadata or another question has told
	}
	o := newOutgoing()
	key, value := t.p.copies.clone(m.msg.Key, m.msg.Value)
	o.take(m, t.name, key, value)
	t.waiting.push(o)
	t.p.watch()
	return nil
}

// choose returns the partition n, or for PartitionAny the partitioner's choice for a message produced at that time, and its
// id.
func (t *producerTopic) choose(n int32, key []byte, size int, at time.Duration) (*producerPartition, int32, error) {
	parts := *t.parts.Load()
	switch {
	case n == PartitionAny:
		n = int32(t.p.partitioner.pick(key, size, len(parts), at, &t.sticky))
	case n >= 0 && int(n) < len(parts):
	case n >= 0 && t.added(n):
		parts = *t.parts.Load()
	default:
		return nil, 0, errUnknownPartition
	}
	return parts[n], n, nil
}

// added reports whether the engine has since learned of a partition beyond those that were known.
func (t *producerTopic) added(n int32) bool {
	if leader, epoch, err := t.p.client.engine().PartitionLeader(t.name, n); leader < 0 && epoch < 0 || err != nil {
		return false
	}
	t.grow(int(n) + 1)
	return true
}

// askLocked starts asking the cluster for the topic's partitions, if nobody asks already.
func (t *producerTopic) askLocked() {
	if now := t.p.clock(); !t.asking && now >= t.askNext {
		t.askNext = now + t.p.metadataRetry
		t.asking = t.p.client.tasks.run(t.ask)
	}
}

// ask asks until there is an answer that ends the waiting: partitions, a refusal, or the end of the time that a new
// topic has to become known everywhere.
func (t *producerTopic) ask(ctx context.Context) {
	for {
		n, leaderless, err := t.fetch(ctx)
		if n > 0 {
			t.found(n, leaderless)
			return
		}
		if t.refused(err) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(t.p.metadataRetry):
		}
	}
}

// fetch asks for the number of the topic's partitions and which of them have no leader.
func (t *producerTopic) fetch(ctx context.Context) (n int, leaderless map[int32]bool, err error) {
	req := kmsg.NewPtrMetadataRequest()
	rt := kmsg.NewMetadataRequestTopic()
	rt.Topic = &t.name
	req.Topics = append(req.Topics, rt)
	req.AllowAutoTopicCreation = t.p.client.conf.flag("allow.auto.create.topics")
	resp, err := req.RequestWith(ctx, t.p.client)
	if err != nil {
		return 0, nil, err
	}
	for _, rt := range resp.Topics {
		if rt.Topic == nil || *rt.Topic != t.name {
			continue
		}
		if err := kerr.ErrorForCode(rt.ErrorCode); err != nil {
			return 0, nil, err
		}
		for _, rp := range rt.Partitions {
			n = max(n, int(rp.Partition)+1)
			if rp.Leader < 0 {
				if leaderless == nil {
					leaderless = map[int32]bool{}
				}
				leaderless[rp.Partition] = true
			}
		}
	}
	return n, leaderless, nil
}

// found sends what waits on its way: in the order of Produce, and before anything that is produced from now on.
func (t *producerTopic) found(n int, leaderless map[int32]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asking, t.refusal, t.noLeader = false, nil, leaderless
	t.grow(n)
	for o := t.waiting.pop(); o != nil; o = t.waiting.pop() {
		if err := t.send(o); err != nil {
			t.p.reportFailed(o, toError(err))
		}
	}
	t.known.Store(true)
	t.p.hurry()
}

// refused takes in an answer without partitions. It reports whether that ends the waiting.
func (t *producerTopic) refused(err error) bool {
	refusal := topicRefusal(err)
	switch {
	case refusal == nil: // no answer, or an answer that may change: only the messages' own timeout counts
		return false
	case refusal.code == ErrUnknownTopicOrPart:
		if t.p.clock()-t.firstUse < t.p.propagation {
			return false
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asking = false
	t.refusal = *refusal
	if refusal.code == ErrUnknownTopicOrPart {
		t.refusal = newError(ErrUnknownTopic).withCause(err)
	}
	for o := t.waiting.pop(); o != nil; o = t.waiting.pop() {
		t.p.reportFailed(o, *refusal)
	}
	return true
}

// topicRefusal returns the error that messages for a topic fail with after the cluster answered so, nil where a later
// answer may be another.
func topicRefusal(err error) *Error {
	var ke *kerr.Error
	if !errors.As(err, &ke) {
		return nil
	}
	switch ke {
	case kerr.UnknownTopicOrPartition, kerr.InvalidTopicException, kerr.TopicAuthorizationFailed:
		e := brokerError(ke)
		return &e
	}
	return nil
}

// giveUp reports what waits as failed.
func (t *producerTopic) giveUp(err Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for o := t.waiting.pop(); o != nil; o = t.waiting.pop() {
		t.p.reportFailed(o, err)
	}
}

// expire reports the waiting messages whose time is over, as producerPartition.expire does.
func (t *producerTopic) expire(now, timeout time.Duration) (next time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.waiting.expired(nil, now, timeout) {
		t.p.reportFailed(o, errMsgTimedOut)
	}
	return t.waiting.first.expiry(timeout)
}

// writes notes when produce requests were last written to each broker, when partitions were last added to a transaction,
// and which broker coordinates the transactions. It is a hook of the engine.
type writes struct {
	p     *Producer
	mu    sync.Mutex // guards all below
	last  map[int32]time.Duration
	added time.Duration // 0 for never
	txn   int32         // the broker of the last request to the coordinator of transactions, -1 for none
}

// OnBrokerWrite is called by the engine after each request.
func (w *writes) OnBrokerWrite(meta kgo.BrokerMetadata, key int16, bytesWritten int, _, _ time.Duration, _ error) {
	if bytesWritten == 0 {
		return
	}
	switch kmsg.Key(key) {
	case kmsg.Produce:
		now := w.p.clock()
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.last == nil {
			w.last = map[int32]time.Duration{}
		}
		w.last[meta.NodeID] = now
	case kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.EndTxn:
		if w.p.txn == nil {
			return // any broker gives ids without transactions
		}
		now := w.p.clock()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.txn = meta.NodeID
		if kmsg.Key(key) == kmsg.AddPartitionsToTxn {
			w.added = now
		}
	}
}

// OnBrokerConnect is called by the engine. While no broker can be reached, messages are held back: of two requests that
// wait for a connection the engine fails the first with the attempt, and may send the second with the next one.
func (w *writes) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err != nil {
		w.p.outage.Store(!w.p.client.anyBrokerUp())
		return
	}
	w.p.outage.Store(false)
	w.p.timeouts.lookAgain() // what waits for a broker need not wait longer
}

// latest returns when a produce request was last written to a broker: to any, if it is -1.
func (w *writes) latest(broker int32) (at time.Duration, ever bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if broker >= 0 {
		at, ever = w.last[broker]
		return at, ever
	}
	for _, d := range w.last {
		at, ever = max(at, d), true
	}
	return at, ever
}

// adding returns when partitions were last added to a transaction, 0 for never. With version 2 of the transaction protocol
// the leaders of the partitions see to that.
func (w *writes) adding() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.added
}

// coordinator returns the broker that was last asked something as the coordinator of the transactions, -1 where none was.
func (w *writes) coordinator() int32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.txn
}
