package kafka

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// txnState is the state of a transactional producer, as librdkafka names it in its errors.
type txnState int

const (
	txnInit txnState = iota
	txnWaitPID
	txnReadyNotAcked
	txnReady
	txnInTransaction
	txnBeginCommit
	txnCommitting
	txnCommitNotAcked
	txnBeginAbort
	txnAborting
	txnAbortedNotAcked
	txnAbortableError
	txnFatalError
)

func (s txnState) String() string {
	return [...]string{"Init", "WaitPID", "ReadyNotAcked", "Ready", "InTransaction", "BeginCommit", "CommittingTransaction",
		"CommitNotAcked", "BeginAbort", "AbortingTransaction", "AbortedNotAcked", "AbortableError", "FatalError"}[s]
}

// transactions is the transactional side of a producer. Its calls outlive their callers: one that ran into its
// deadline goes on, and making it again waits for it. So the work is done by a goroutine of the client, and the call itself
// only waits. The goroutine stays: a new one would grow its stack anew for each call, which cost 7 % of a producer whose
// transactions have a thousand messages.
//
// The version of the protocol is 2 (KIP-890) where the cluster has it: see transactionVersions.
type transactions struct {
	p       *Producer
	id      string
	timeout time.Duration // transaction.timeout.ms

	// Of the open transaction. These are touched for every message, so without the lock.
	open   atomic.Bool  // messages may be produced
	failed atomic.Int64 // messages that were not delivered
	wrote  atomic.Bool  // at least one was
	number atomic.Int64 // the first is 1

	mu      sync.Mutex // guards all below
	state   txnState
	since   time.Time       // of state
	err     Error           // of AbortableError and FatalError
	call    *txnCall        // at work, or done and not yet told
	calls   chan *txnCall   // to the goroutine that does the work; nil before the first
	ended   bool            // that goroutine has, with the client
	offsets map[string]bool // the groups that this transaction commits offsets of
	began   time.Duration   // when the transaction did, on the producer's clock
}

// txnCall is a call at work.
type txnCall struct {
	name    string // as librdkafka's errors have it
	work    func(context.Context, *txnCall) error
	done    chan struct{}
	err     error
	waiting bool // somebody waits for it
	flush   bool // it waits for messages to be delivered
	then    txnState
}

func newTransactions(p *Producer, s *settings) *transactions {
	if s.str("transactional.id") == "" {
		return nil
	}
	return &transactions{p: p, since: time.Now(), id: s.str("transactional.id"), timeout: s.ms("transaction.timeout.ms")}
}

// transactionVersions bounds the versions of a transactional producer's requests.
//
// The engine speaks version 2 of the transaction protocol where the cluster does. There partitions join a transaction
// with the first message, without AddPartitionsToTxn, and every end of a transaction moves the producer's epoch, so that
// nothing late comes into the next one. librdkafka speaks version 1. What programs see of the requests that both have is
// kept equal by their older versions: in these, AddOffsetsToTxn answers a fenced producer with what is fatal to it,
// instead of what an abort finds out, and TxnOffsetCommit has names of topics, not ids.
func transactionVersions(v *kversion.Versions) *kversion.Versions {
	for key, version := range map[kmsg.Key]int16{kmsg.AddPartitionsToTxn: 3, kmsg.AddOffsetsToTxn: 1, kmsg.TxnOffsetCommit: 5} {
		if most, ok := v.LookupMaxKeyVersion(key.Int16()); ok && most > version {
			v.SetMaxKeyVersion(key.Int16(), version)
		}
	}
	return v
}

// InitTransactions gets the producer ready for transactions: it takes over the transactional.id from an earlier
// producer, whose open transaction is aborted. It must be called once, before all else.
//
// Of ctx only the end counts: the work goes on, and the call returns ErrTimedOut, which is retriable: call it again
// to wait on. Without a deadline it waits for twice transaction.timeout.ms. Errors: ErrNotConfigured without
// transactional.id, ErrState after a first success, ErrConflict while another transactional call is at work; fatal
// ones when the broker refuses the id. Not for callbacks: it blocks.
func (p *Producer) InitTransactions(ctx context.Context) error {
	t, err := p.transactional()
	if err != nil {
		return err
	}
	return t.run(ctx, "init_transactions", 2*t.limit(), txnReady, func() error {
		if t.state != txnInit && t.state != txnWaitPID {
			return t.wrongStateLocked()
		}
		t.setLocked(txnWaitPID)
		return nil
	}, func(ctx context.Context, _ *txnCall) error {
		if err := t.getProducerID(ctx); err != nil {
			return err
		}
		t.move(txnReadyNotAcked)
		return nil
	})
}

// getProducerID has the engine get a producer id.
func (t *transactions) getProducerID(ctx context.Context) error {
	for try := 1; ; try++ {
		id, _, err := t.p.client.engine().ProducerID(ctx)
		if err == nil && id < 0 {
			return t.fatal(newErrorf(ErrUnsupportedFeature, "Transactions not supported by any of the %d connected broker(s): requires Apache Kafka broker version >= 0.11.0", t.p.client.brokersUp()))
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return newError(ErrDestroy)
		}
		if isOneOf(err, fencing) || isOneOf(err, fatalToInit) {
			return t.initFailed(ctx, err)
		}
		if brokerRefused(err) { // the engine asks only once, whatever the answer
			if err := t.p.client.changeEngine(); err != nil {
				return t.fatal(toError(err))
			}
		}
		if !sleep(ctx, t.p.client.backoff(try)) {
			return newError(ErrDestroy)
		}
	}
}

// renew gets the producer ready for the next transaction after one was aborted. What made that necessary may have had
// the engine give up its producer id for good, as when a message is refused for lack of rights. The broker has not: so
// another engine goes on, and gets the same id with another epoch.
func (t *transactions) renew(ctx context.Context) error {
	_, _, err := t.p.client.engine().ProducerID(ctx)
	if err == nil {
		return nil
	}
	if brokerRefused(err) {
		if err := t.p.client.changeEngine(); err != nil {
			return t.fatal(toError(err))
		}
	}
	return t.getProducerID(ctx)
}

// forgotten reports whether the broker knows nothing of the producer that asks it to end a transaction: an abort then has
// nothing to do.
func forgotten(err error) bool {
	return errors.Is(err, kerr.InvalidProducerIDMapping) || errors.Is(err, kerr.UnknownProducerID)
}

// initOnce initializes the transactions unless that was done.
func (t *transactions) initOnce(ctx context.Context) error {
	t.mu.Lock()
	done := t.state != txnInit && t.state != txnWaitPID
	t.mu.Unlock()
	if done {
		return nil
	}
	return t.p.InitTransactions(ctx)
}

// BeginTransaction begins a transaction: what is produced from here on, and offsets sent with
// SendOffsetsToTransaction, become visible together when it is committed. It does not block. Errors: ErrState where
// InitTransactions has not succeeded or a transaction is open.
func (p *Producer) BeginTransaction() error {
	t, err := p.transactional()
	if err != nil {
		return err
	}
	//lint:ignore SA1012 nil is a context that never ends
	return t.run(nil, "begin_transaction", -1, txnInTransaction, func() error {
		if t.state != txnReady {
			return t.wrongStateLocked()
		}
		return nil
	}, func(context.Context, *txnCall) error {
		began := p.clock()
		if err := p.client.engine().BeginTransaction(); err != nil {
			if errors.Is(err, context.Canceled) {
				return newError(ErrDestroy).withCause(err)
			}
			e := toError(err)
			return t.fatal(newErrorf(e.code, "Failed to begin the transaction: %s", e).withCause(err))
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.offsets, t.began = nil, began
		t.failed.Store(0)
		t.wrote.Store(false)
		t.number.Add(1)
		t.setLocked(txnInTransaction)
		return nil
	})
}

// offsetsGrace is what requests that ran out of time have to end.
const offsetsGrace = time.Second

// SendOffsetsToTransaction makes offsets part of the transaction: they are committed for the consumer's group when the
// transaction is. Each is the offset of the next message to be read; partitions without an offset >= 0 are left out.
// consumerMetadata comes from GetConsumerGroupMetadata of the consumer that read, taken anew for each transaction: the
// broker then refuses the offsets of a member that has lost its partitions.
//
// It waits for the broker at most transaction.timeout.ms; for ctx see InitTransactions. Errors: ErrInvalidArg where
// offsets or consumerMetadata is nil, ErrState outside a transaction; else those that say with TxnRequiresAbort what
// to do.
func (p *Producer) SendOffsetsToTransaction(ctx context.Context, offsets []TopicPartition, consumerMetadata *ConsumerGroupMetadata) error {
	t, err := p.transactional()
	if err != nil {
		return err
	}
	if offsets == nil || consumerMetadata == nil {
		return newErrorf(ErrInvalidArg, "cgmetadata and offsets are required parameters")
	}
	member, err := consumerMetadata.parse()
	if err != nil {
		return err
	}
	valid := make([]TopicPartition, 0, len(offsets))
	for _, tp := range offsets {
		if tp.Offset >= 0 {
			if tp.Topic == nil {
				return newErrorf(ErrInvalidArg, "the partition %d to commit has no topic", tp.Partition)
			}
			valid = append(valid, tp)
		}
	}
	if len(valid) == 0 {
		return nil
	}
	// The time limit ends the requests, not the wait for them: the error is the last one that the broker gave.
	if ctx == nil {
		ctx = context.Background()
	}
	end := time.Now().Add(t.limit())
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	wait, stop := context.WithDeadline(context.Background(), end.Add(offsetsGrace))
	defer stop()
	defer context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			stop()
		}
	})()
	return t.run(wait, "send_offsets_to_transaction", t.limit(), txnInTransaction, func() error {
		if t.state != txnInTransaction {
			return t.wrongStateLocked()
		}
		return nil
	}, func(ctx context.Context, _ *txnCall) error {
		ctx, cancel := context.WithDeadline(ctx, end)
		defer cancel()
		return t.sendOffsets(ctx, valid, member)
	})
}

// CommitTransaction waits until all messages of the transaction are delivered, and commits it. Somebody must read the
// delivery reports meanwhile, unless their channel has room.
//
// For ctx see InitTransactions; without a deadline it waits for ever. Errors: ErrState outside a transaction,
// ErrInconsistent when a message failed, the broker's error when it refused one, and others, that say with IsRetriable
// that the call is to be made again, or with TxnRequiresAbort that the transaction must be aborted; ErrFenced, fatal,
// when another producer has taken the transactional.id.
func (p *Producer) CommitTransaction(ctx context.Context) error {
	t, err := p.transactional()
	if err != nil {
		return err
	}
	return t.run(ctx, "commit_transaction", -1, txnReady, func() error {
		if t.state != txnInTransaction {
			return t.wrongStateLocked()
		}
		t.setLocked(txnBeginCommit)
		return nil
	}, func(ctx context.Context, call *txnCall) error {
		if err := t.flush(ctx, call); err != nil {
			return err
		}
		if err := t.brokenError(); err != nil { // a message was refused meanwhile
			return err
		}
		if failed := t.failed.Load(); failed > 0 {
			return t.abortNeeded(newErrorf(ErrInconsistent, "%d message(s) failed delivery (see individual delivery reports)", failed))
		}
		t.move(txnCommitting)
		if err := t.end(ctx, true); err != nil {
			return t.endFailed(true, err)
		}
		t.move(txnCommitNotAcked)
		return nil
	})
}

// AbortTransaction drops the transaction: messages that are not sent yet fail with ErrPurgeQueue, those on their way
// are waited for or fail with ErrPurgeInflight, and the broker discards what it has. The application has to seek its
// consumer back itself.
//
// For ctx see InitTransactions; without a deadline it waits for ever. Errors: ErrState outside a transaction.
func (p *Producer) AbortTransaction(ctx context.Context) error {
	t, err := p.transactional()
	if err != nil {
		return err
	}
	return t.run(ctx, "abort_transaction", -1, txnReady, func() error {
		switch t.state {
		case txnInTransaction, txnAbortableError, txnBeginAbort:
			t.setLocked(txnBeginAbort)
			return nil
		}
		return t.wrongStateLocked()
	}, func(ctx context.Context, call *txnCall) error {
		t.p.purge(&errPurgeQueue, nil)
		if err := t.p.client.engine().AbortBufferedRecords(ctx); err != nil {
			return newError(ErrDestroy).withCause(err)
		}
		if err := t.flush(ctx, call); err != nil {
			return err
		}
		t.move(txnAborting)
		if err := t.end(ctx, false); err != nil && !forgotten(err) {
			return t.endFailed(false, err)
		}
		if err := t.renew(ctx); err != nil {
			return err
		}
		t.move(txnAbortedNotAcked)
		return nil
	})
}

// transactional returns the state of the transactions, and an error on a closed client or one without transactional.id.
func (p *Producer) transactional() (*transactions, error) {
	if err := p.client.verify(); err != nil {
		return nil, err
	}
	if p.txn == nil {
		return nil, errNotTransactional()
	}
	return p.txn, nil
}

func errNotTransactional() Error {
	return newErrorf(ErrNotConfigured, "The Transactional API requires transactional.id to be configured")
}

// resumed makes a call, and again when it ran out of time: a process that was halted finds the deadline past before the
// broker could answer.
func (t *transactions) resumed(ctx context.Context, call func(context.Context) error) (err error) {
	for range 3 {
		limit, cancel := context.WithTimeout(ctx, t.limit())
		err = call(limit)
		cancel()
		var e Error
		if !errors.As(err, &e) || !e.retriable || e.code != ErrTimedOut {
			return err
		}
	}
	return err
}

// limit is transaction.timeout.ms.
func (t *transactions) limit() time.Duration {
	if t == nil {
		return 0
	}
	return t.timeout
}

// run makes a call, or takes up again the one of the same name that is at work. begin checks the state, under the
// lock, and work does it, in the goroutine that serves; then is the state when the caller has been told of its success. most bounds the wait of a caller without a deadline, < 0 does not.
func (t *transactions) run(ctx context.Context, name string, most time.Duration, then txnState, begin func() error, work func(context.Context, *txnCall) error) error {
	t.mu.Lock()
	call := t.call
	switch {
	case call == nil:
		if err := begin(); err != nil {
			t.mu.Unlock()
			return err
		}
		if t.calls == nil {
			t.calls = make(chan *txnCall, 1)
			t.ended = !t.p.client.tasks.run(t.serve)
		}
		if t.ended {
			t.mu.Unlock()
			return errClosed()
		}
		call = &txnCall{name: name, work: work, done: make(chan struct{}), then: then}
		t.call = call
		t.calls <- call // there is room: it is one at a time
	case call.name != name:
		t.mu.Unlock()
		return retriable(newErrorf(ErrConflict, "Conflicting %s API call is already in progress", call.name))
	case call.waiting:
		t.mu.Unlock()
		return retriable(newErrorf(ErrPrevInProgress, "Simultaneous %s API calls not allowed", name))
	}
	call.waiting = true
	t.mu.Unlock()

	if ctx == nil {
		ctx = context.Background()
	}
	if _, ok := ctx.Deadline(); !ok && most >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, most)
		defer cancel()
	}
	select {
	case <-call.done:
	default:
		select {
		case <-call.done:
		case <-ctx.Done():
			t.mu.Lock()
			defer t.mu.Unlock()
			call.waiting = false
			if call.flush {
				return retriable(newErrorf(ErrTimedOut, "Failed to flush all outstanding messages within the API timeout: %d message(s) remaining: "+
					"call it again, with somebody reading the delivery reports", t.p.queue.messages()).withCause(ctx.Err()))
			}
			return retriable(newErrorf(ErrTimedOut, "Timed out waiting for operation to finish, retry call to resume").withCause(ctx.Err()))
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.call = nil
	if call.err == nil {
		t.setLocked(call.then)
	}
	return call.err
}

// serve does the work of calls until the client ends.
func (t *transactions) serve(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case call := <-t.calls:
			call.err = call.work(ctx, call)
			close(call.done)
		case <-ctx.Done():
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
	select {
	case call := <-t.calls:
		call.err = newError(ErrDestroy)
		close(call.done)
	default:
	}
}

// move changes the state.
func (t *transactions) move(to txnState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.setLocked(to)
}

// now returns the state and since when it is that.
func (t *transactions) now() (txnState, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state, t.since
}

func (t *transactions) setLocked(to txnState) {
	if t.state != to {
		t.since = time.Now()
	}
	t.state = to
	t.open.Store(to == txnInTransaction)
}

// mayProduce says whether a message may be produced now.
func (t *transactions) mayProduce() error {
	if t.open.Load() {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == txnFatalError {
		return newError(ErrFatal)
	}
	return newError(ErrState)
}

// reported notes what became of a message: with one that was not delivered the transaction can't be committed.
func (t *transactions) reported(failed bool) {
	if failed {
		t.failed.Add(1)
	} else if !t.wrote.Load() {
		t.wrote.Store(true)
	}
}

// join notes that a message of a partition was delivered.
func (t *transactions) join(part *producerPartition) {
	if n := t.number.Load(); part.joined.Load() != n {
		part.joined.Store(n)
	}
}

// flush waits until every message has its report.
func (t *transactions) flush(ctx context.Context, call *txnCall) error {
	t.mu.Lock()
	call.flush = true
	t.mu.Unlock()
	err := t.p.flushQueued(ctx)
	t.mu.Lock()
	call.flush = false
	t.mu.Unlock()
	if err != nil {
		return newError(ErrDestroy).withCause(err)
	}
	return nil
}

// end ends the transaction at the broker.
func (t *transactions) end(ctx context.Context, commit bool) error {
	engine := t.p.client.engine()
	t.mu.Lock()
	groups := len(t.offsets)
	t.mu.Unlock()
	if groups > 0 && !t.wrote.Load() {
		// The engine knows of no transaction. With records it ends the transaction itself, offsets and all.
		if err := t.endTxn(ctx, commit); err != nil {
			return err
		}
	}
	for try := 1; ; try++ {
		err := engine.EndTransaction(ctx, kgo.TransactionEndTry(commit))
		if err == nil {
			return nil
		}
		if errors.Is(err, kerr.InvalidTxnState) {
			return t.fencedInstead(ctx, err)
		}
		if commit || ctx.Err() != nil || brokerRefused(err) || !sleep(ctx, t.p.client.backoff(try)) {
			return err
		}
	}
}

// fencedInstead returns what version 1 of the protocol says where a transaction can't be ended. The broker may have aborted
// it, for a new producer or because it was open for too long. In version 2 that leaves the epoch where the end of a
// transaction leaves it, so that the broker takes the request for one that is made again, and finds fault with the state.
func (t *transactions) fencedInstead(ctx context.Context, err error) error {
	if fenced := t.endTxn(ctx, false); isOneOf(fenced, fencing) {
		return fenced
	}
	return err
}
