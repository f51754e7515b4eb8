package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// What an error of the broker means for a transaction, and for its producer, depends on the request. Some are fatal: the
// producer can only be closed. The others are abortable: the transaction can only be aborted. Which are which is
// librdkafka's choice, request by request.
var (
	fatalToInit    = []*kerr.Error{kerr.TransactionalIDAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.InvalidTransactionTimeout}
	fatalToEnd     = []*kerr.Error{kerr.TransactionalIDAuthorizationFailed, kerr.ClusterAuthorizationFailed, kerr.InvalidTxnState}
	fatalToAdd     = fatalToEnd
	fatalToOffsets = append([]*kerr.Error{kerr.InvalidProducerIDMapping}, fatalToEnd...)

	fencing        = []*kerr.Error{kerr.ProducerFenced, kerr.InvalidProducerEpoch}
	fencingOffsets = []*kerr.Error{kerr.InvalidProducerEpoch} // PRODUCER_FENCED is abortable there: the abort then finds it out
	fencingProduce = fencingOffsets                           // and there

	// What a coordinator of transactions answers when a partition is to join one.
	refusesToAdd = append([]*kerr.Error{kerr.TopicAuthorizationFailed, kerr.InvalidProducerIDMapping, kerr.TransactionalIDAuthorizationFailed,
		kerr.ClusterAuthorizationFailed}, fencing...)
)

// isOneOf reports whether err is, or wraps, one of errs.
func isOneOf(err error, errs []*kerr.Error) bool {
	for _, e := range errs {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// fencedError is toError, where being fenced, however the broker says it, is ErrFenced.
func fencedError(err error) Error {
	if isOneOf(err, fencing) {
		return newError(ErrFenced).withCause(err)
	}
	return toError(err)
}

// abortable returns an error that an abort clears.
func abortable(err Error) Error {
	err.txnRequiresAbort = true
	return err
}

func retriable(err Error) Error {
	err.retriable = true
	return err
}

// brokenError returns the error that the transaction or the producer can't go on after, nil where there is none.
func (t *transactions) brokenError() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == txnAbortableError || t.state == txnFatalError {
		return t.err
	}
	return nil
}

// wrongStateLocked is the error of a call that the state does not allow.
func (t *transactions) wrongStateLocked() error {
	if t.state == txnAbortableError || t.state == txnFatalError {
		return t.err
	}
	return newErrorf(ErrState, "Operation not valid in state %s", t.state)
}

// abortNeeded makes err the state: the transaction can only be aborted.
func (t *transactions) abortNeeded(err Error) Error {
	err = abortable(err)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.err = err
	t.setLocked(txnAbortableError)
	return err
}

// fatal makes err the state: the producer can only be closed.
func (t *transactions) fatal(err Error) Error {
	err.fatal = true
	t.mu.Lock()
	t.err = err
	t.setLocked(txnFatalError)
	t.mu.Unlock()
	t.p.setFatal(err)
	return err
}

// initFailed makes the fatal error of a producer that gets no id.
func (t *transactions) initFailed(ctx context.Context, err error) Error {
	e := toError(err)
	text := fmt.Sprintf("Failed to acquire transactional PID from broker TxnCoordinator/%d: %s", t.coordinator(ctx), e.code)
	if isOneOf(err, fencing) {
		e.code, text = ErrFenced, "Producer fenced by newer instance: "+text
	}
	return t.fatal(newErrorf(e.code, "%s", text).withCause(err))
}

// endFailed sorts the error that ended a commit or an abort.
func (t *transactions) endFailed(commit bool, err error) error {
	e := fencedError(err)
	switch {
	case errors.Is(err, context.Canceled):
		return newError(ErrDestroy).withCause(err)
	case isOneOf(err, fencing), isOneOf(err, fatalToEnd):
		return t.fatal(newErrorf(e.code, "Failed to end transaction: %s", e).withCause(err))
	case commit:
		return t.abortNeeded(newErrorf(e.code, "EndTxn commit failed: %s", e).withCause(err))
	}
	t.move(txnBeginAbort) // it can be made again
	return abortable(newErrorf(e.code, "EndTxn abort failed: %s", e).withCause(err))
}

// offsetsNotAdded sorts the error of registering a group with the coordinator of the transaction.
func (t *transactions) offsetsNotAdded(ctx context.Context, began time.Time, err error) error {
	e := fencedError(err)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return retriable(newErrorf(ErrTimedOut, "Failed to add offsets to transaction: %v", err).withCause(err))
	case errors.Is(err, context.Canceled):
		return newError(ErrDestroy).withCause(err)
	case isOneOf(err, fencingOffsets), isOneOf(err, fatalToAdd):
		return t.fatal(newErrorf(e.code, "Failed to add offsets to transaction: %s", e).withCause(err))
	}
	return t.abortNeeded(newErrorf(e.code, "Failed to add offsets to transaction on broker TxnCoordinator/%d: %s (after %dms)",
		t.coordinator(ctx), e, time.Since(began).Milliseconds()).withCause(err))
}

// offsetsNotCommitted sorts the error of handing offsets to the group's coordinator. text is what it has answered for
// each partition, empty where it has not.
func (t *transactions) offsetsNotCommitted(ctx context.Context, text string, err error) error {
	e := fencedError(err)
	switch {
	case text == "" && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return retriable(newErrorf(ErrTimedOut, "Failed to commit offsets to transaction: %v", err).withCause(err))
	case text == "" && errors.Is(err, context.Canceled):
		return newError(ErrDestroy).withCause(err)
	case text == "":
		text = fmt.Sprintf("Failed to commit offsets to transaction: %s", e)
	}
	made := newErrorf(e.code, "%s", text).withCause(err)
	if isOneOf(err, fencingOffsets) || isOneOf(err, fatalToOffsets) {
		return t.fatal(made)
	}
	return t.abortNeeded(made)
}

// messageError looks at the error that a message failed with: some end the producer, what the broker refuses for good
// ends the transaction. The other failures, such as a timeout, are counted, and found by the commit. It returns what
// the message is to be reported with.
func (t *transactions) messageError(o *outgoing, err error) error {
	if !brokerRefused(err) {
		return err
	}
	if !o.maybeThere() || t.joining(o.part) && isOneOf(err, refusesToAdd) {
		// What was never sent is not what the broker refused: that was to have its partition, or one beside it, in the
		// transaction. So it was if the partition was to join with the message.
		t.notAdded(err)
		return errPurgeQueue.withCause(err)
	}
	e := toError(err)
	text := fmt.Sprintf("ProduceRequest for %s [%d] failed", o.rec.Topic, o.part.id)
	switch {
	case isOneOf(err, fencingProduce):
		t.fatal(newErrorf(ErrFenced, "%s: %s: transactional producer fenced by newer producer instance", text, e).withCause(err))
	case errors.Is(err, kerr.OutOfOrderSequenceNumber):
		t.fatal(newErrorf(e.code, "%s due to sequence desynchronization with broker", text).withCause(err))
	default:
		t.abortMessages(newErrorf(e.code, "%s: %s: current transaction must be aborted", text, e).withCause(err))
	}
	return err
}

// joining reports whether a partition is to join the transaction with its next message, as in version 2 of the protocol. In
// version 1 partitions are added before they get one.
func (t *transactions) joining(part *producerPartition) bool {
	return part.joined.Load() != t.number.Load() && t.addedAt() == 0
}

// addedAt returns when partitions were last added to the transaction, 0 for not yet.
func (t *transactions) addedAt() time.Duration {
	t.mu.Lock()
	began := t.began
	t.mu.Unlock()
	if at := t.p.writes.adding(); at >= began {
		return at
	}
	return 0
}

// notAdded sorts the error of adding partitions to the transaction.
func (t *transactions) notAdded(err error) {
	e := fencedError(err)
	if isOneOf(err, fencing) || isOneOf(err, fatalToAdd) {
		t.fatal(newErrorf(e.code, "Failed to add partitions to transaction: %s", e).withCause(err))
		return
	}
	asked := t.addedAt()
	if asked == 0 {
		asked, _ = t.p.writes.latest(-1)
	}
	t.abortMessages(newErrorf(e.code, "Failed to add partition(s) to transaction on broker TxnCoordinator/%d: %s (after %d ms)",
		t.p.writes.coordinator(), e, (t.p.clock() - asked).Milliseconds()).withCause(err))
}

// abortMessages is abortNeeded while messages may fail the transaction.
func (t *transactions) abortMessages(err Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state == txnInTransaction || t.state == txnBeginCommit {
		t.err = abortable(err)
		t.setLocked(txnAbortableError)
	}
}
