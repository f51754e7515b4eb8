package kafka

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// outgoing is a message on its way: the engine's record, and where the report of it goes. When the message is delivered
// the partition uses it again for another one (see inFlight): only the report and the copied key and value are made
// for each message.
//
// It is also the context that the record is produced with. That gives the promise its outgoing back without a closure
// for every message, and it is how a record is taken back from the engine (see Done).
//
// A full queue of them is larger than a processor's caches. So it is kept small, and what most messages don't need is
// elsewhere.
type outgoing struct {
	rec   kgo.Record
	state atomic.Uint32 // one of the states below, and above it the number of its block

	leads     atomic.Bool // the engine looked at it as the first record of a batch
	maybeSent bool        // the engine had it before, and may have sent it then; changes only while the engine has it not
	hasOpaque bool        // opaque is this message's
	again     bool        // handed is this message's; it is at otherwise

	part     *producerPartition    // set once the partition is known; until then rec has the one that was asked for
	block    *outgoingBlock        // that it is in, if any
	ch       chan Event            // where the report goes: here,
	callback func(*Message, error) // or to this callback in Poll or Flush, else to Events
	at       time.Duration         // when it was produced, on the producer's clock

	*outgoingMore // nil until it is needed
}

// outgoingMore is of an outgoing what most messages don't need.
type outgoingMore struct {
	opaque any
	handed time.Duration // when the engine got it

	next, prev *outgoing // guarded by the mutex of the partition, or of the topic while the partition is not known
}

// newOutgoing returns one that is in no block.
func newOutgoing() *outgoing {
	o := &struct {
		outgoing
		more outgoingMore
	}{}
	o.outgoingMore = &o.more
	return &o.outgoing
}

// needMore makes the fields of outgoingMore usable: of one in a block, which is about to be used, also those of the ones
// behind it.
func (o *outgoing) needMore() {
	switch {
	case o.outgoingMore != nil:
	case o.block == nil:
		o.outgoingMore = &outgoingMore{}
	default:
		more := make([]outgoingMore, outgoingPerBlock)
		for i := outgoingPerBlock - 1; o.outgoingMore == nil; i-- {
			o.block.each[i].outgoingMore = &more[i]
		}
	}
}

// States of an outgoing. A promise that finds nothing in its way goes from msgInEngine to msgDelivered without a lock.
const (
	msgWaits     = uint32(iota) // for its topic, or to be handed to the engine again
	msgInEngine                 // no report yet
	msgDelivered                // its promise has it
	msgGivenUp                  // reported, while the engine still has it
	msgStates
)

// goesTo changes the state, if it is from.
func (o *outgoing) goesTo(from, to uint32) bool {
	word := o.state.Load()
	return word%msgStates == from && o.state.CompareAndSwap(word, word-from+to)
}

var errTakenBack = errors.New("the record was taken back from the engine")

var alwaysDone = func() <-chan struct{} { c := make(chan struct{}); close(c); return c }()

// Deadline is part of context.Context.
func (o *outgoing) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value is part of context.Context.
func (o *outgoing) Value(any) any { return nil }

// Done is how the engine asks, whenever it is about to send a batch or to try one again, whether the batch's first
// record is still wanted. It is nil, never done, until the partition wants its records back; then the engine fails
// all that it holds for the partition and has not in flight. So neither a channel nor a timer is needed for a message.
//
// The engine asks with its lock of the partition held: nothing here may block.
func (o *outgoing) Done() <-chan struct{} {
	if !o.leads.Load() {
		o.leads.Store(true)
	}
	if o.part.takeBack.Load() && !(o.part.protect.Load() && o.maybeThere()) {
		return alwaysDone
	}
	return nil
}

// maybeThere reports whether a message may be on its way to the broker, or there: whether any produce request was
// written to the leader since the engine got the message. Where that is not known it says yes, so that a message of
// which it says no has certainly not been sent.
func (o *outgoing) maybeThere() bool {
	if o.maybeSent {
		return true
	}
	leader, _, err := o.part.p.client.engine().PartitionLeader(*o.part.topic.name, o.part.id)
	if err != nil {
		leader = -1
	}
	at, ever := o.part.p.writes.latest(leader)
	handed := o.at
	if o.again {
		handed = o.handed
	}
	return ever && at >= handed
}

// Err is part of context.Context: the error that the engine fails the records with.
func (o *outgoing) Err() error {
	if o.part.takeBack.Load() {
		return errTakenBack
	}
	return nil
}

var _ context.Context = (*outgoing)(nil)

// reportFields are the fields of a message that go.delivery.report.fields asks for.
type reportFields struct{ key, value, headers bool }

func newReportFields(s string) reportFields {
	has := func(name string) bool { return s == "all" || slices.Contains(strings.Split(s, ","), name) }
	return reportFields{key: has("key"), value: has("value"), headers: has("headers")}
}

// order is what Produce was asked to do.
type order struct {
	msg      *Message
	ch       chan Event
	callback func(*Message, error)
	now      time.Time
	at       time.Duration // the same on the producer's clock
}

// take copies a message: the application may use its buffers again as soon as Produce returns. key and value are copies
// already.
func (o *outgoing) take(m order, topic *string, key, value []byte) {
	msg := m.msg
	o.at = m.at
	if o.hasOpaque = msg.Opaque != nil; o.hasOpaque {
		o.needMore()
		o.opaque = msg.Opaque
	}
	if m.callback != nil {
		o.callback = m.callback
	}
	if o.ch != m.ch {
		o.ch = m.ch
	}
	if o.rec.Topic != *topic {
		o.rec.Topic = *topic
	}
	if o.leads.Load() {
		o.leads.Store(false)
	}
	o.maybeSent, o.again = false, false
	o.rec.Attrs = kgo.RecordAttrs{}
	o.rec.Partition = msg.TopicPartition.Partition
	o.rec.Timestamp = msg.Timestamp
	if msg.Timestamp.IsZero() || msg.Timestamp.UnixMilli() == 0 { // the peer's 0 means now, too
		o.rec.Timestamp = m.now
	}
	o.rec.Key, o.rec.Value = key, value
	if len(msg.Headers) > 0 {
		o.rec.Headers = make([]kgo.RecordHeader, len(msg.Headers))
		for i, h := range msg.Headers {
			o.rec.Headers[i].Key = h.Key
			o.rec.Headers[i].Value = bytes.Clone(h.Value)
		}
	}
}

// report fills in m, which is empty, as the report of a message, all but the offset and the error.
func (p *Producer) report(m *Message, o *outgoing) {
	if o.part == nil {
		m.TopicPartition.Topic, m.TopicPartition.Partition = p.client.topics.name(o.rec.Topic), o.rec.Partition
	} else {
		m.TopicPartition.Topic, m.TopicPartition.Partition = o.part.topic.name, o.part.id // the engine may be writing rec's
	}
	m.TopicPartition.Offset = OffsetInvalid
	if o.hasOpaque {
		m.Opaque = o.opaque
	}
	if p.fields.key {
		m.Key = o.rec.Key
	}
	if p.fields.value {
		m.Value = o.rec.Value
	}
	if p.fields.headers && len(o.rec.Headers) > 0 {
		m.Headers = make([]Header, len(o.rec.Headers))
		for i, h := range o.rec.Headers {
			m.Headers[i] = Header{Key: h.Key, Value: h.Value}
		}
	}
}

// detach gives a report bytes of its own: the engine still holds the record, and what an application does with its
// report must not reach the wire.
func detach(m *Message) {
	m.Key, m.Value = bytes.Clone(m.Key), bytes.Clone(m.Value)
	for i := range m.Headers {
		m.Headers[i].Value = bytes.Clone(m.Headers[i].Value)
	}
}

// Reports of delivered messages share allocations, and so do the copies of small messages. An application that keeps
// one of them keeps the others with it: so lots are small.
const (
	reportLot  = 16
	bytesLot   = 2 << 10
	smallBytes = bytesLot / 8 // larger ones are allocated each for itself
)

// reportDelivered makes the report of a message that was delivered. Only the promise calls it, which is one at a time.
func (p *Producer) reportDelivered(o *outgoing) *Message {
	if len(p.lot) == 0 {
		p.lot = make([]Message, reportLot)
	}
	m := &p.lot[0]
	p.lot = p.lot[1:]
	p.report(m, o)
	if p.acks != 0 { // else the broker said nothing
		m.TopicPartition.Offset = Offset(o.rec.Offset)
	}
	return m
}

// reportError makes the report of a message that the engine failed.
func (p *Producer) reportError(o *outgoing, err error) {
	e := produceError(err)
	m := &Message{}
	p.report(m, o)
	m.TopicPartition.Error = e
	if e.code > 0 {
		m.TopicPartition.Offset = -1 // as the broker's answer has it
	}
	p.deliver(m, o.ch, o.callback, len(o.rec.Value))
}

// reportFailed makes the report of a message that is given up.
func (p *Producer) reportFailed(o *outgoing, err Error) {
	m := &Message{}
	p.report(m, o)
	m.TopicPartition.Error = err
	if o.state.Load()%msgStates == msgGivenUp {
		detach(m)
	}
	p.deliver(m, o.ch, o.callback, len(o.rec.Value))
}

// produceError is toError for the error of a record.
func produceError(err error) Error {
	e := toError(err)
	switch e.code {
	case ErrTimedOut, ErrTimedOutQueue: // a request that timed out, for the message
		cause := e.cause
		e = newError(ErrMsgTimedOut)
		e.cause = cause
	case ErrTransport:
		if errors.Is(err, errTakenBack) {
			e = errPurgeInflight.withCause(err)
		}
	case ErrDestroy:
		e = newError(ErrPurgeInflight).withCause(err)
	}
	return e
}

// deliver brings a report to where it is to go: to the channel or the callback that came with the message, if any. size
// is what the queue counts for the message. It never blocks: what a channel can't take now waits in a queue for that
// channel, so that a slow reader only holds up its own reports.
func (p *Producer) deliver(m *Message, ch chan Event, callback func(*Message, error), size int) {
	if p.txn != nil {
		p.txn.reported(m.TopicPartition.Error != nil)
	}
	if callback == nil && ch == nil {
		callback = p.onDelivery
	}
	switch {
	case callback != nil:
		p.calls.put(call{report: m, deliver: callback})
		p.release(size)
	case ch != nil:
		p.channels.send(ch, m, size)
	case p.reports:
		p.events.send(m, size)
	default:
		p.release(size)
	}
}

// recordSpecific reports whether a broker's error is about the batch that it answers, so that other messages of the
// partition may well be accepted.
func recordSpecific(err error) bool {
	var ke *kerr.Error
	if !errors.As(err, &ke) {
		return errors.Is(err, kgo.ErrRecordRetries)
	}
	switch ke {
	case kerr.TopicAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed,
		kerr.InvalidTopicException, kerr.UnknownTopicOrPartition, kerr.UnknownTopicID, kerr.UnsupportedVersion:
		return false
	}
	return !fatalToIdempotence(ke)
}

// fatalToIdempotence reports whether an idempotent producer can't keep its promise after this error.
func fatalToIdempotence(err *kerr.Error) bool {
	switch err {
	case kerr.OutOfOrderSequenceNumber, kerr.UnknownProducerID, kerr.InvalidProducerIDMapping, kerr.InvalidProducerEpoch,
		kerr.ProducerFenced, kerr.ClusterAuthorizationFailed, kerr.TransactionalIDAuthorizationFailed:
		return true
	}
	return false
}
