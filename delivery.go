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

// outgoing is a message on its way: the engine's record, and what is to be known for the report of it. When the message
// is delivered the partition uses it again for another one (see inFlight): only the report and the copied key and value
// are made for each message.
//
// It is also the context that the record is produced with. That gives the promise its outgoing back without a closure
// for every message, and it is how a record is taken back from the engine (see Done).
//
// A full queue of them is larger than a processor's caches. So it has three lines of a cache, and what many messages
// share or most don't need is with the block.
type outgoing struct {
	rec   kgo.Record
	state atomic.Uint32 // one of the states below, and above it the number of its block
	flags atomic.Uint32 // see below
	home  *outgoingHome
	part  *producerPartition // set once it is known; until then rec has the one that was asked for
	at    time.Duration      // when it was produced, on the producer's clock
}

// Flags of an outgoing. Above them is its place in its home.
const (
	hasOpaque   = uint32(1 << iota) // it has an opaque, see outgoingMore
	hasCallback                     // and a callback
	hasChannel                      // and a channel, which is not its home's
	maybeSent                       // the engine had it before, and may have sent it then; changes only while the engine has it not
	handedAgain                     // outgoingMore says when the engine got it; it is at otherwise
	leadsBatch                      // the engine looked at it as the first record of a batch
	outOfBlock                      // it is in no block, or in none any more

	flagBits = 8
)

// outgoingHome is what the messages of a block have together. A message that is in no block has one of its own.
type outgoingHome struct {
	block     *outgoingBlock
	ch        chan Event                              // where reports go; nil: to Events
	callbacks atomic.Pointer[[]func(*Message, error)] // by place; nil until there is one
	more      atomic.Pointer[[]outgoingMore]          // likewise
}

// outgoingMore is of an outgoing what most messages don't need.
type outgoingMore struct {
	opaque any
	ch     chan Event
	handed time.Duration // when the engine got it

	next, prev *outgoing // guarded by the mutex of the partition, or of the topic while the partition is not known
}

// newOutgoing returns one that is in no block.
func newOutgoing() *outgoing {
	o := &struct {
		outgoing
		home     outgoingHome
		more     [1]outgoingMore
		callback [1]func(*Message, error)
	}{}
	o.flags.Store(outOfBlock)
	o.outgoing.home = &o.home
	more, callbacks := o.more[:], o.callback[:]
	o.home.more.Store(&more)
	o.home.callbacks.Store(&callbacks)
	return &o.outgoing
}

func (o *outgoing) has(flag uint32) bool { return o.flags.Load()&flag != 0 }

func (o *outgoing) set(flag uint32) {
	if !o.has(flag) {
		o.flags.Or(flag)
	}
}

// place returns where in its home it is.
func (o *outgoing) place() uint32 { return o.flags.Load() >> flagBits }

// more returns the outgoingMore. It is there for a message that has something in it.
func (o *outgoing) more() *outgoingMore { return &(*o.home.more.Load())[o.place()] }

// needMore returns the outgoingMore, made if need be.
func (o *outgoing) needMore() *outgoingMore { return placeIn(o, &o.home.more) }

// needCallback returns the place of the callback, made if need be.
func (o *outgoing) needCallback() *func(*Message, error) { return placeIn(o, &o.home.callbacks) }

// placeIn returns what o has in a list of its home. Several goroutines may need the list at once.
func placeIn[T any](o *outgoing, list *atomic.Pointer[[]T]) *T {
	l := list.Load()
	if l == nil {
		made := make([]T, len(o.home.block.each))
		list.CompareAndSwap(nil, &made)
		l = list.Load()
	}
	return &(*l)[o.place()]
}

// destination returns where the report goes: to the channel or the callback that came with the message, if any.
func (o *outgoing) destination() (chan Event, func(*Message, error)) {
	f := o.flags.Load()
	switch {
	case f&hasCallback != 0:
		return nil, (*o.home.callbacks.Load())[f>>flagBits]
	case f&hasChannel != 0:
		return o.more().ch, nil
	}
	return o.home.ch, nil
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
	o.set(leadsBatch)
	if o.part.takeBack.Load() && !(o.part.protect.Load() && o.maybeThere()) {
		return alwaysDone
	}
	return nil
}

// maybeThere reports whether a message may be on its way to the broker, or there: whether any produce request was
// written to the leader since the engine got the message. Where that is not known it says yes, so that a message of
// which it says no has certainly not been sent.
func (o *outgoing) maybeThere() bool {
	if o.has(maybeSent) {
		return true
	}
	leader, _, err := o.part.p.client.engine().PartitionLeader(o.part.topic.name, o.part.id)
	if err != nil {
		leader = -1
	}
	at, ever := o.part.p.writes.latest(leader)
	handed := o.at
	if o.has(handedAgain) {
		handed = o.more().handed
	}
	return ever && at >= handed
}

// noteSent notes whether the engine, which gave the message back, may have sent it.
func (o *outgoing) noteSent(sent bool) {
	if sent {
		o.set(maybeSent)
	}
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
	msg       *Message
	ch        chan Event
	callback  func(*Message, error)
	timestamp time.Time
	at        time.Duration // now, on the producer's clock
}

// take copies a message: the application may use its buffers again as soon as Produce returns. key and value are copies
// already.
func (o *outgoing) take(m order, topic string, key, value []byte) {
	msg := m.msg
	o.at = m.at
	before := o.flags.Load()
	flags := before &^ (hasOpaque | hasCallback | hasChannel | maybeSent | handedAgain | leadsBatch)
	if msg.Opaque != nil {
		o.needMore().opaque = msg.Opaque
		flags |= hasOpaque
	}
	switch {
	case m.callback != nil:
		*o.needCallback() = m.callback
		flags |= hasCallback
	case m.ch != o.home.ch:
		o.needMore().ch = m.ch
		flags |= hasChannel
	}
	if flags != before {
		o.flags.Store(flags)
	}
	if o.rec.Topic != topic {
		o.rec.Topic = topic
	}
	o.rec.Attrs = kgo.RecordAttrs{}
	o.rec.Partition = msg.TopicPartition.Partition
	o.rec.Timestamp = m.timestamp
	if key != nil || o.rec.Key != nil {
		o.rec.Key = key
	}
	o.rec.Value = value
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
		m.TopicPartition.Topic, m.TopicPartition.Partition = o.part.topicName, o.part.id // the engine may be writing rec's
	}
	m.TopicPartition.Offset = OffsetInvalid
	if o.has(hasOpaque) {
		m.Opaque = o.more().opaque
	}
	if p.fields.key && o.rec.Key != nil {
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

// reportLot is how many reports of delivered messages share an allocation. An application that keeps one of them keeps the
// others with it: so lots are small. The first ones are smaller still, as many producers send little.
const reportLot = 16

// reportDelivered makes the report of a message that was delivered. Only the promise calls it, which is one at a time.
func (p *Producer) reportDelivered(o *outgoing) *Message {
	if p.lotUsed == len(p.lot) {
		p.lot, p.lotUsed = make([]Message, min(1+2*len(p.lot), reportLot)), 0
	}
	m := &p.lot[p.lotUsed]
	p.lotUsed++
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
	p.deliverTo(o, m)
}

// reportFailed makes the report of a message that is given up.
func (p *Producer) reportFailed(o *outgoing, err Error) {
	m := &Message{}
	p.report(m, o)
	m.TopicPartition.Error = err
	if o.state.Load()%msgStates == msgGivenUp {
		detach(m)
	}
	p.deliverTo(o, m)
}

// deliverTo brings the report of a message that is not used again yet to where it is to go.
func (p *Producer) deliverTo(o *outgoing, m *Message) {
	ch, callback := o.destination()
	p.deliver(m, ch, callback, len(o.rec.Value))
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
