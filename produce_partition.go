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
//
// As long as nothing of that happens, a promise changes nothing here, and takes no lock.
type producerPartition struct {
	p         *Producer
	topic     *producerTopic
	topicName *string // as messages have it
	id        int32

	takeBack atomic.Bool // the engine is to fail what it holds, see outgoing.Done
	protect  atomic.Bool // but not what may be at the broker, see protectLocked
	gone     atomic.Bool // the engine found that there is no such partition any more
	troubled atomic.Bool // promises have more to do than to report, see unlock

	joined atomic.Int64 // the last transaction that a message was delivered in, by transactions.number

	_         [8]byte    // Produce needs the next cache line of these, and no other
	mu        sync.Mutex // guards all below, and the outgoing in the lists
	holding   bool       // messages go to held
	gathered  gathered
	inEngine  inFlight      // handed to the engine, or gathered
	handing   bool          // somebody hands what is held to the engine
	givesBack bool          // the engine is failing what it holds, for a record that was given up
	noBroker  bool          // nothing that came back goes to the engine while no broker is up: a batch behind could find the connection that it did not
	givenUp   int           // records of given up messages that the engine still has
	returned  outgoingList  // came back from the engine, will be handed to it again
	again     outgoingList  // came back before those
	held      outgoingList  // produced since, behind those
	pause     time.Duration // nothing that came back goes to the engine before
	failing   error         // the broker's error that the engine fails the records with, one batch and all behind it
	_         [8]byte
}

// cacheLine keeps what one goroutine writes apart from what another reads.
type cacheLine [64]byte

// produce copies a message and hands it to the engine, has it gathered, or holds it back. An error means that it was not
// accepted. It is told its topic and id, as what part has of both is in a cache line that Produce does not need.
func (part *producerPartition) produce(t *producerTopic, id int32, m order) error {
	p := t.p
	key, value := p.copies.clone(m.msg.Key, m.msg.Value)
	part.mu.Lock()
	holding, err := part.enterLocked(p)
	if err != nil {
		part.mu.Unlock()
		return err
	}
	var o *outgoing
	gather := false
	if holding || p.acks > 1 {
		o = newOutgoing()
	} else {
		gather = p.gathering.takes(part, len(value))
		o = part.inEngine.take(&p.blocks, &p.queue, m.ch, gather)
	}
	o.take(m, t.name, key, value)
	part.acceptUnlock(p, id, o, holding, gather)
	return nil
}

// enterLocked reports whether messages are held back now. An error means that they are not accepted.
func (part *producerPartition) enterLocked(p *Producer) (holding bool, err error) {
	if p.client.closed.Load() {
		return false, errClosed()
	}
	if !part.holding && p.outage.Load() {
		part.handGatheredLocked()
		part.holding, part.noBroker = true, true
	}
	return part.holding, nil
}

// accept takes a message that waited for the topic.
func (part *producerPartition) accept(o *outgoing) error {
	part.mu.Lock()
	holding, err := part.enterLocked(part.p)
	if err != nil {
		part.mu.Unlock()
		return err
	}
	part.acceptUnlock(part.p, part.id, o, holding, false)
	return nil
}

// acceptUnlock hands a message to the engine, has it gathered, or holds it back. It unlocks the partition.
func (part *producerPartition) acceptUnlock(p *Producer, id int32, o *outgoing, holding, gather bool) {
	if o.part != part {
		o.part = part
	}
	switch {
	case p.acks > 1:
		// Brokers refuse to wait for a number of replicas. The engine can't ask for it, so it is refused here.
		part.mu.Unlock()
		p.reportError(o, kerr.InvalidRequiredAcks)
	case holding:
		part.held.push(o)
		part.unlock()
		p.watch()
	case gather:
		part.inEngine.push(o)
		part.gatherLocked(o)
		part.mu.Unlock()
	default:
		part.handGatheredLocked()
		part.inEngine.push(o)
		part.mu.Unlock()
		p.hand(o, id)
	}
}

// unlock is to be used where what makes promises take the long way may have changed.
func (part *producerPartition) unlock() {
	part.troubled.Store(part.holding || part.failing != nil || part.givenUp > 0)
	part.mu.Unlock()
}

// busyLocked reports whether the engine has records.
func (part *producerPartition) busyLocked() bool {
	return part.givenUp > 0 || part.inEngine.first(&part.p.blocks) != nil
}

// hand gives a message to the engine. It never blocks: the engine's own limits are out of the way.
func (p *Producer) hand(o *outgoing, partition int32) {
	o.rec.Partition = partition
	p.client.engine().TryProduce(o, &o.rec, p.promiseFunc)
	p.watch()
}

// promise takes a record back from the engine: sent, failed, or taken back. The engine calls it for one record after
// the other; of a partition they come in the order in which it got them.
func (p *Producer) promise(rec *kgo.Record, err error) {
	o := rec.Context.(*outgoing)
	part := o.part
	if err == nil && p.txn != nil {
		p.txn.join(part)
	}
	if err == nil && !part.troubled.Load() && o.goesTo(msgInEngine, msgDelivered) {
		m, size := p.reportDelivered(o), len(o.rec.Value)
		ch, callback := o.destination()
		o.forget()
		p.blocks.delivered(o.home.block)
		p.deliver(m, ch, callback, size)
		return
	}
	if err != nil && part.gone.Load() {
		err = errUnknownPartition
	}
	p.blocks.settle()
	part.mu.Lock()
	given := !o.goesTo(msgInEngine, msgWaits)
	back := false
	switch {
	case given:
		part.givenUp--
		part.givesBack = part.givesBack || err != nil
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
			part.handGatheredLocked()
		}
	}
	busy := part.busyLocked()
	if !busy {
		part.failing = nil
	}
	if part.holding {
		part.protectLocked()
	}
	resume := part.readyLocked()
	paused := back && !resume && !busy
	part.unlock()

	if paused {
		p.timeouts.lookAgain()
	}
	switch {
	case given || back:
	case err != nil:
		err = p.failed(o, err) // first: who sees the report sees what follows from it
		p.reportError(o, err)
	default:
		p.deliverTo(o, p.reportDelivered(o))
	}
	if resume {
		part.resume()
	}
}

// forget drops what the message refers to, but for what the next one replaces: the block's channel, which it most often
// has too, and a small key and value. It writes only what has to change: of memory that a promise only reads, Produce keeps
// its copy in the cache.
func (o *outgoing) forget() {
	if len(o.rec.Key)+len(o.rec.Value) > smallBytes {
		o.rec.Key, o.rec.Value = nil, nil
	}
	if o.rec.Headers != nil {
		o.rec.Headers = nil
	}
	f := o.flags.Load()
	if f&hasCallback != 0 {
		*o.needCallback() = nil
	}
	if f&(hasOpaque|hasChannel) != 0 {
		m := o.more()
		m.opaque, m.ch = nil, nil
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
	if errors.Is(err, errTakenBack) || part.givesBack && kerr.IsRetriable(err) {
		// The engine gives records back also when it has learned that the partition has no leader. It tells that error then,
		// which it would have waited out but for the record that is given up.
		o.noteSent(sent)
		return !sent || !part.p.idempotent
	}
	if connectionLost(err) {
		// With one record taken back while no broker can be reached, the engine fails all of the partition. They are
		// to wait for a broker, until message.timeout.ms ends that.
		part.pause, part.noBroker = part.p.clock()+part.p.retryBackoff, true
		o.noteSent(sent)
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
	if first || part.returned.empty() && !o.has(leadsBatch) && sent {
		return false
	}
	o.noteSent(sent)
	return true
}

// connectionLost reports whether the engine had no broker to send to.
func connectionLost(err error) bool { return unreachable(err) || kgo.IsRetryableBrokerErr(err) }

// protectLocked looks whether the oldest message in the engine may be at the broker already. With idempotence it must
// then not be taken back: sent again, under other numbers, it could be there twice.
func (part *producerPartition) protectLocked() {
	if part.p.idempotent {
		first := part.inEngine.first(&part.p.blocks)
		part.protect.Store(first != nil && first.maybeThere())
	}
}

// readyLocked reports whether what is held may go to the engine now, and if so notes that the caller is to do it.
func (part *producerPartition) readyLocked() bool {
	if !part.holding || part.handing || part.givenUp > 0 || part.p.client.closed.Load() || part.p.clock() < part.pause {
		return false
	}
	// Once some records have come back, all will.
	if (part.givesBack || !part.returned.empty()) && part.busyLocked() {
		return false
	}
	if part.noBroker && !part.p.client.anyBrokerUp() {
		part.pause = part.p.clock() + part.p.retryBackoff // or until OnBrokerConnect
		return false
	}
	part.noBroker = false
	part.handing, part.givesBack = true, false
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
			again := part.readyLocked()
			part.unlock()
			if again {
				continue
			}
			break
		}
		o.more().handed = part.p.clock()
		o.flags.Store(o.flags.Load()&^leadsBatch | handedAgain)
		part.inEngine.push(o)
		part.mu.Unlock()
		part.p.hand(o, part.id)
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
	part.handGatheredLocked()
	var reports []failedMessage
	part.inEngine.each(&part.p.blocks, func(o *outgoing, word uint32) bool {
		err := unsent
		if o.maybeThere() {
			err = sent
		}
		if err != nil && part.giveUpLocked(o, word) {
			reports = append(reports, failedMessage{o, err})
		}
		return true
	})
	for _, l := range part.waitingLocked() {
		var next *outgoing
		for o := l.first; o != nil; o = next {
			next = o.more().next
			err := unsent
			if o.has(maybeSent) {
				err = sent
			}
			if err != nil {
				l.remove(o)
				reports = append(reports, failedMessage{o, err})
			}
		}
	}
	part.protectLocked()
	resume := part.readyLocked()
	part.unlock()
	for _, f := range reports {
		part.p.reportFailed(f.o, *f.err)
	}
	if resume {
		part.resume()
	}
}

// failedMessage is a message to be reported.
type failedMessage struct {
	o   *outgoing
	err *Error
}

// waitingLocked returns the lists of messages that wait to be handed to the engine.
func (part *producerPartition) waitingLocked() []*outgoingList {
	return []*outgoingList{&part.returned, &part.again, &part.held}
}

// giveUpLocked notes that a message that the engine has will be reported, unless its promise has just come.
func (part *producerPartition) giveUpLocked(o *outgoing, word uint32) bool {
	if !o.state.CompareAndSwap(word, word-msgInEngine+msgGivenUp) {
		return false
	}
	part.inEngine.remove(o)
	part.givenUp++
	part.holding = true
	part.takeBack.Store(true)
	return true
}

// expire reports the messages whose time is over at now, and returns when to look again: 0 if there is nothing to wait
// for.
func (part *producerPartition) expire(now, timeout time.Duration) (next time.Duration) {
	part.mu.Lock()
	part.handGatheredLocked()
	var reports []*outgoing
	part.inEngine.each(&part.p.blocks, func(o *outgoing, word uint32) bool {
		if !o.expired(now, timeout) {
			next = o.expiry(timeout)
			return false
		}
		if part.giveUpLocked(o, word) {
			reports = append(reports, o)
		}
		return true
	})
	if !part.inEngine.shrink(&part.p.blocks) {
		next = sooner(next, now+shrinkInterval)
	}
	for _, l := range part.waitingLocked() {
		reports = l.expired(reports, now, timeout)
		next = sooner(next, l.first.expiry(timeout))
	}
	part.protectLocked()
	resume := part.readyLocked()
	if part.pause > now {
		next = sooner(next, part.pause)
	}
	part.unlock()
	for _, o := range reports {
		part.p.reportFailed(o, errMsgTimedOut)
	}
	if resume {
		part.resume()
	}
	return next
}

// shrinkInterval is how often to look whether there are no messages any more.
const shrinkInterval = time.Second

// outgoingList is a queue of messages that any of them can be taken out of.
type outgoingList struct{ first, last *outgoing }

func (l *outgoingList) empty() bool { return l.first == nil }

// len counts. Only statistics need it, of lists that are empty as a rule.
func (l *outgoingList) len() (n int) {
	for o := l.first; o != nil; o = o.more().next {
		n++
	}
	return n
}

func (l *outgoingList) push(o *outgoing) {
	m := o.needMore()
	m.prev, m.next = l.last, nil
	if l.last == nil {
		l.first = o
	} else {
		l.last.more().next = o
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
	m := o.more()
	if m.prev == nil {
		l.first = m.next
	} else {
		m.prev.more().next = m.next
	}
	if m.next == nil {
		l.last = m.prev
	} else {
		m.next.more().prev = m.prev
	}
	m.next, m.prev = nil, nil
}

// append moves all of other to the end of l.
func (l *outgoingList) append(other *outgoingList) {
	switch {
	case other.first == nil:
		return
	case l.first == nil:
		*l = *other
	default:
		l.last.more().next, other.first.more().prev = other.first, l.last
		l.last = other.last
	}
	*other = outgoingList{}
}

// expired takes the messages whose time is over at now out of the list, and appends them to reports.
func (l *outgoingList) expired(reports []*outgoing, now, timeout time.Duration) []*outgoing {
	for o := l.first; o != nil && o.expired(now, timeout); o = l.first {
		l.remove(o)
		reports = append(reports, o)
	}
	return reports
}

// expired reports whether the message's time is over at now.
func (o *outgoing) expired(now, timeout time.Duration) bool {
	return timeout > 0 && o.at+timeout <= now
}

// expiry returns when the message's time is over, 0 for never.
func (o *outgoing) expiry(timeout time.Duration) time.Duration {
	if o == nil || timeout == 0 {
		return 0
	}
	return o.at + timeout
}
