package kafka

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// producerPartition is where a producer keeps account of the messages of one partition that have no report yet.
//
// Messages normally go to the engine at once. The engine can't drop a single record, though: it can only fail all that
// it holds for a partition. So when a message is given up (its time is over, it is purged) while the engine has it, its
// report is made at once and the partition asks for its records back: the engine fails them when it next looks at
// them, which is before it sends them, and those that are still wanted are handed to it again, in order. What is
// produced meanwhile is held back, so that nothing overtakes.
type producerPartition struct {
	p     *Producer
	topic *producerTopic
	id    int32

	takeBack atomic.Bool // the engine is to fail what it holds, see outgoing.Done
	protect  atomic.Bool // but not what may be at the broker, see protectLocked
	gone     atomic.Bool // the engine found that there is no such partition any more

	mu       sync.Mutex    // guards all below, and the outgoing in the lists
	inEngine outgoingList  // handed to the engine, no report yet
	engine   int           // records that the engine has: those in the list, and those of given up messages
	givenUp  int           // records of given up messages that the engine still has
	returned outgoingList  // came back from the engine, will be handed to it again
	again    outgoingList  // came back before those
	held     outgoingList  // produced since, behind those
	holding  bool          // messages go to held
	handing  bool          // somebody hands what is held to the engine
	pause    time.Duration // nothing that came back goes to the engine before
	noBroker bool          // nor while no broker is up: a batch behind could find the connection that it did not
	failing  error         // the broker's error that the engine fails the records with, one batch and all behind it
}

// produce hands a message to the engine, or holds it back. An error means that the message was not accepted.
func (part *producerPartition) produce(o *outgoing) error {
	part.mu.Lock()
	if part.p.client.closed.Load() {
		part.mu.Unlock()
		return errClosed()
	}
	o.part = part
	if part.p.acks > 1 {
		// Brokers refuse to wait for a number of replicas. The engine can't ask for it, so it is refused here.
		part.mu.Unlock()
		o.msg.TopicPartition.Partition = part.id
		part.p.reportDone(o, kerr.InvalidRequiredAcks)
		return nil
	}
	if !part.holding && part.p.outage.Load() {
		part.holding, part.noBroker = true, true
	}
	if part.holding {
		part.held.push(o)
		part.mu.Unlock()
		part.p.watch()
		return nil
	}
	o.handed = o.at
	part.handLocked(o)
	part.mu.Unlock()
	part.p.hand(o)
	return nil
}

// handLocked notes that the engine is about to get a message.
func (part *producerPartition) handLocked(o *outgoing) {
	part.inEngine.push(o)
	part.engine++
}

// hand gives a message to the engine. It never blocks: the engine's own limits are out of the way.
func (p *Producer) hand(o *outgoing) {
	o.rec.Partition = o.part.id
	p.client.engine().TryProduce(o, &o.rec, p.promiseFunc)
	p.watch()
}

// promise takes a record back from the engine: sent, failed, or taken back. The engine calls it for one record after
// the other; of a partition they come in the order in which it got them.
func (p *Producer) promise(rec *kgo.Record, err error) {
	o := rec.Context.(*outgoing)
	part := o.part
	if err != nil && part.gone.Load() {
		err = errUnknownPartition
	}
	part.mu.Lock()
	part.engine--
	given := !o.listed
	back := false
	switch {
	case given:
		part.givenUp--
	default:
		part.inEngine.remove(o)
		if err == nil {
			part.failing = nil
			break
		}
		if back = part.wantsBackLocked(o, err); back {
			part.returned.push(o)
			part.holding = true
			part.takeBack.Store(true)
		}
	}
	if part.engine == 0 {
		part.failing = nil
	}
	if part.holding {
		part.protectLocked()
	}
	resume := part.readyLocked()
	paused := back && !resume && part.engine == 0
	part.mu.Unlock()

	if paused {
		p.timeouts.lookAgain()
	}
	if !given && !back {
		o.msg.TopicPartition.Partition = part.id
		if err != nil {
			err = p.failed(o, err) // first: who sees the report sees what follows from it
		}
		p.reportDone(o, err)
	}
	if resume {
		part.resume()
	}
}

// wantsBackLocked reports whether a message that the engine failed is to be handed to it again, because the reason was
// not the message itself.
func (part *producerPartition) wantsBackLocked(o *outgoing, err error) bool {
	switch {
	case part.p.client.closed.Load(), errors.Is(err, kgo.ErrClientClosed), errors.Is(err, kgo.ErrAborting):
		return false
	case errors.Is(err, kerr.UnknownTopicID) && part.p.txn == nil:
		// The topic was deleted and made anew, and the engine knows the old one: no broker took the message.
		part.topic.forget()
		part.pause = part.p.clock() + part.p.retryBackoff
		return true
	case !errors.Is(err, errTakenBack) && !recordSpecific(err) && !connectionLost(err):
		return false
	}
	sent := o.maybeThere()
	if errors.Is(err, errTakenBack) {
		o.maybeSent = sent
		return !sent || !part.p.idempotent
	}
	if connectionLost(err) {
		// With one record taken back while no broker can be reached, the engine fails all of the partition. They are
		// to wait for a broker, until message.timeout.ms ends that.
		part.pause, part.noBroker = part.p.clock()+part.p.retryBackoff, true
		o.maybeSent = sent
		return !sent || !part.p.idempotent
	}
	// The engine fails a partition's records all together: those of the batch that failed, and the innocent behind
	// it. A message is innocent if another batch begins with it or in front of it, or if it can't have been sent.
	first := part.failing != err
	part.failing = err
	if errors.Is(err, kgo.ErrRecordRetries) {
		if !sent {
			// There was no connection. Only what was sent counts as a try; so try again, but not in a busy loop.
			part.pause, part.noBroker = part.p.clock()+part.p.retryBackoff, true
			return true
		}
		if part.p.idempotent {
			return false
		}
	}
	if first || part.returned.empty() && !o.leads.Load() && sent {
		return false
	}
	o.maybeSent = sent
	return true
}

// connectionLost reports whether the engine had no broker to send to.
func connectionLost(err error) bool { return unreachable(err) || kgo.IsRetryableBrokerErr(err) }

// protectLocked looks whether the oldest message in the engine may be at the broker already. With idempotence it must
// then not be taken back: sent again, under other numbers, it could be there twice.
func (part *producerPartition) protectLocked() {
	if part.p.idempotent {
		first := part.inEngine.first
		part.protect.Store(first != nil && first.maybeThere())
	}
}

// readyLocked reports whether what is held may go to the engine now, and if so notes that the caller is to do it.
func (part *producerPartition) readyLocked() bool {
	if !part.holding || part.handing || part.givenUp > 0 || part.p.client.closed.Load() || part.p.clock() < part.pause {
		return false
	}
	// Once some records have come back, all will.
	if !part.returned.empty() && part.engine > 0 {
		return false
	}
	if part.noBroker && !part.p.client.anyBrokerUp() {
		part.pause = part.p.clock() + part.p.retryBackoff // or until OnBrokerConnect
		return false
	}
	part.noBroker = false
	part.handing = true
	part.failing = nil
	part.takeBack.Store(false)
	part.returned.append(&part.again)
	part.again, part.returned = part.returned, outgoingList{}
	return true
}

// resume hands the engine all that is held back. Only who got true from readyLocked calls it.
func (part *producerPartition) resume() {
	for {
		part.mu.Lock()
		o := part.nextLocked()
		if o == nil {
			part.handing = false
			if part.readyLocked() {
				part.mu.Unlock()
				continue
			}
			part.mu.Unlock()
			break
		}
		o.handed = part.p.clock()
		o.leads.Store(false)
		part.handLocked(o)
		part.mu.Unlock()
		part.p.hand(o)
	}
	part.p.hurry()
}

// nextLocked returns the next message that was held back, nil when there is none or when the engine is giving records
// back again, which go first.
func (part *producerPartition) nextLocked() *outgoing {
	if part.takeBack.Load() || part.p.client.closed.Load() {
		return nil
	}
	if o := part.again.pop(); o != nil {
		return o
	}
	if o := part.held.pop(); o != nil {
		return o
	}
	part.holding = false
	return nil
}

// giveUp reports messages as failed: unsent those that can't have been sent yet, sent the others. A nil leaves them as
// they are.
func (part *producerPartition) giveUp(unsent, sent *Error) {
	part.mu.Lock()
	var reports []*outgoing
	for _, l := range []*outgoingList{&part.inEngine, &part.returned, &part.again, &part.held} {
		var next *outgoing
		for o := l.first; o != nil; o = next {
			next = o.next
			in := l == &part.inEngine
			err := unsent
			if o.maybeSent || in && o.maybeThere() {
				err = sent
			}
			if err == nil {
				continue
			}
			part.giveUpLocked(l, o, in)
			o.msg.TopicPartition.Error = *err
			reports = append(reports, o)
		}
	}
	part.protectLocked()
	resume := part.readyLocked()
	part.mu.Unlock()
	for _, o := range reports {
		part.p.deliver(o)
	}
	if resume {
		part.resume()
	}
}

// giveUpLocked takes a message that will be reported out of its list.
func (part *producerPartition) giveUpLocked(l *outgoingList, o *outgoing, inEngine bool) {
	l.remove(o)
	o.msg.TopicPartition.Partition = part.id
	if inEngine {
		o.detach()
		part.givenUp++
		part.holding = true
		part.takeBack.Store(true)
	}
}

// expire reports the messages whose time is over at now, and returns when to look again: 0 if there is nothing to wait
// for.
func (part *producerPartition) expire(now, timeout time.Duration) (next time.Duration) {
	part.mu.Lock()
	var reports []*outgoing
	for _, l := range []*outgoingList{&part.inEngine, &part.returned, &part.again, &part.held} {
		reports = l.expired(reports, now, timeout, func(o *outgoing) { part.giveUpLocked(l, o, l == &part.inEngine) })
		next = sooner(next, l.expiry(timeout))
	}
	part.protectLocked()
	resume := part.readyLocked()
	if part.pause > now {
		next = sooner(next, part.pause)
	}
	part.mu.Unlock()
	for _, o := range reports {
		part.p.reportFailed(o, errMsgTimedOut)
	}
	if resume {
		part.resume()
	}
	return next
}

// outgoingList is a queue of messages that any of them can be taken out of.
type outgoingList struct{ first, last *outgoing }

func (l *outgoingList) empty() bool { return l.first == nil }

// len counts. Only statistics need it, of lists that are empty as a rule.
func (l *outgoingList) len() (n int) {
	for o := l.first; o != nil; o = o.next {
		n++
	}
	return n
}

func (l *outgoingList) push(o *outgoing) {
	o.listed, o.prev, o.next = true, l.last, nil
	if l.last == nil {
		l.first = o
	} else {
		l.last.next = o
	}
	l.last = o
}

func (l *outgoingList) pop() *outgoing {
	o := l.first
	if o != nil {
		l.remove(o)
	}
	return o
}

func (l *outgoingList) remove(o *outgoing) {
	if o.prev == nil {
		l.first = o.next
	} else {
		o.prev.next = o.next
	}
	if o.next == nil {
		l.last = o.prev
	} else {
		o.next.prev = o.prev
	}
	o.listed, o.next, o.prev = false, nil, nil
}

// append moves all of other to the end of l.
func (l *outgoingList) append(other *outgoingList) {
	switch {
	case other.first == nil:
		return
	case l.first == nil:
		*l = *other
	default:
		l.last.next, other.first.prev = other.first, l.last
		l.last = other.last
	}
	*other = outgoingList{}
}

// expired appends to reports the messages whose time is over at now, and calls take to take each out of the list.
func (l *outgoingList) expired(reports []*outgoing, now, timeout time.Duration, take func(*outgoing)) []*outgoing {
	for o := l.first; timeout > 0 && o != nil && o.at+timeout <= now; o = l.first {
		take(o)
		reports = append(reports, o)
	}
	return reports
}

// expiry returns when the time of the first message is over, 0 if there is none.
func (l *outgoingList) expiry(timeout time.Duration) time.Duration {
	if l.first == nil || timeout == 0 {
		return 0
	}
	return l.first.at + timeout
}
