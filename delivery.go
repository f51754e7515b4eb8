package kafka

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// outgoing is a message on its way: the engine's record, the delivery report that will be made of it, and where that
// report goes. All of it is one allocation; the copied key and value are a second one.
//
// It is also the context that the record is produced with. That gives the promise its outgoing back without a closure
// for every message, and it is how a record is taken back from the engine (see Done).
type outgoing struct {
	rec kgo.Record
	msg Message

	part     *producerPartition    // set once the partition is known
	ch       chan Event            // where the report goes: here,
	callback func(*Message, error) // or to this callback in Poll or Flush, else to Events
	at       time.Duration         // when it was produced, on the producer's clock
	handed   time.Duration         // when the engine got it

	// Guarded by the mutex of the partition, or of the topic while the partition is not known.
	next, prev *outgoing
	listed     bool // it is in a list, as it has no report yet

	maybeSent bool // the engine had it before, and may have sent it then; changes only while the engine has it not

	leads atomic.Bool // the engine looked at it as the first record of a batch
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
	return ever && at >= o.handed
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

// newOutgoing copies a message: the application may use its buffers again as soon as Produce returns.
func (p *Producer) newOutgoing(msg *Message, topic *string, ch chan Event, callback func(*Message, error)) *outgoing {
	now := time.Now()
	o := &outgoing{ch: ch, callback: callback, at: now.Sub(p.born)}
	o.rec.Topic = *topic
	o.rec.Timestamp = msg.Timestamp
	if msg.Timestamp.IsZero() || msg.Timestamp.UnixMilli() == 0 { // the peer's 0 means now, too
		o.rec.Timestamp = now
	}
	if msg.Key != nil || msg.Value != nil {
		k := len(msg.Key)
		b := make([]byte, k+len(msg.Value))
		copy(b, msg.Key)
		copy(b[k:], msg.Value)
		if msg.Key != nil {
			o.rec.Key = b[:k:k]
		}
		if msg.Value != nil {
			o.rec.Value = b[k:]
		}
	}
	if len(msg.Headers) > 0 {
		o.rec.Headers = make([]kgo.RecordHeader, len(msg.Headers))
		for i, h := range msg.Headers {
			o.rec.Headers[i].Key = h.Key
			if h.Value != nil {
				o.rec.Headers[i].Value = append([]byte{}, h.Value...)
			}
		}
	}

	o.msg.TopicPartition = TopicPartition{Topic: topic, Partition: msg.TopicPartition.Partition, Offset: OffsetInvalid}
	o.msg.Opaque = msg.Opaque
	if p.fields.key {
		o.msg.Key = o.rec.Key
	}
	if p.fields.value {
		o.msg.Value = o.rec.Value
	}
	if p.fields.headers && len(o.rec.Headers) > 0 {
		o.msg.Headers = make([]Header, len(o.rec.Headers))
		for i, h := range o.rec.Headers {
			o.msg.Headers[i] = Header{Key: h.Key, Value: h.Value}
		}
	}
	return o
}

// detach gives the report bytes of its own: the engine still holds the record, and what an application does with its
// report must not reach the wire.
func (o *outgoing) detach() {
	o.msg.Key, o.msg.Value = cloneBytes(o.msg.Key), cloneBytes(o.msg.Value)
	for i := range o.msg.Headers {
		o.msg.Headers[i].Value = cloneBytes(o.msg.Headers[i].Value)
	}
}

func cloneBytes(b []byte) []byte {
	if b == nil {
		return nil
	}
	return append(make([]byte, 0, len(b)), b...)
}

// reportDone makes the report of a message that the engine is done with.
func (p *Producer) reportDone(o *outgoing, err error) {
	tp := &o.msg.TopicPartition
	switch {
	case err == nil && p.acks == 0: // the broker said nothing
	case err == nil:
		tp.Offset = Offset(o.rec.Offset)
	default:
		e := produceError(err)
		tp.Error = e
		if e.code > 0 {
			tp.Offset = -1 // as the broker's answer has it
		}
	}
	p.deliver(o)
}

// reportFailed makes the report of a message that is given up.
func (p *Producer) reportFailed(o *outgoing, err Error) {
	o.msg.TopicPartition.Error = err
	p.deliver(o)
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

// deliver brings a finished report to where it is to go. It never blocks: what a channel can't take now waits in a
// queue for that channel, so that a slow reader only holds up its own reports.
func (p *Producer) deliver(o *outgoing) {
	if p.txn != nil {
		p.txn.reported(o.msg.TopicPartition.Error != nil)
	}
	callback := o.callback
	if callback == nil && o.ch == nil {
		callback = p.onDelivery
	}
	switch {
	case callback != nil:
		p.calls.put(call{out: o, deliver: callback})
		p.release(o)
	case o.ch != nil:
		p.channels.send(o)
	case p.reports:
		p.events.send(&o.msg, o)
	default:
		p.release(o)
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
