package kafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

//go:generate go run ./internal/gen

// Error is what all calls of this package return and what comes as an event: a code, a text, and what may be done
// about it. It is a comparable value and always handed out as Error, never as *Error.
//
// errors.Is works by code: errors.Is(err, kafka.ErrTimedOut). errors.Unwrap gives the engine's or the broker's error.
type Error struct {
	code             ErrorCode
	str              string
	fatal            bool
	retriable        bool
	txnRequiresAbort bool
	cause            error // a *kerr.Error or a *cause, so that comparing two Errors never panics
}

// cause keeps an error whose type may not be comparable.
type cause struct{ error }

func (c *cause) Unwrap() error { return c.error }

// NewError makes an Error. An empty str means the description of the code.
func NewError(code ErrorCode, str string, fatal bool) (err Error) {
	return Error{code: code, str: str, fatal: fatal}
}

// newError makes an Error that says no more than its code.
func newError(code ErrorCode) Error { return Error{code: code} }

func newErrorf(code ErrorCode, format string, a ...any) Error {
	return Error{code: code, str: fmt.Sprintf(format, a...)}
}

// withCause returns e with the error that led to it.
func (e Error) withCause(err error) Error {
	if err == nil {
		return e
	}
	var ke *kerr.Error
	if k, ok := err.(*kerr.Error); ok {
		ke = k
		e.cause = ke
	} else {
		e.cause = &cause{err}
	}
	return e
}

// Error returns the text of the error, as String does.
func (e Error) Error() string { return e.String() }

// String returns the text of the error, or the description of its code where it has none of its own; of a fatal error
// with "Fatal error: " in front.
func (e Error) String() string {
	s := e.str
	if s == "" {
		s = e.code.String()
	}
	if e.fatal {
		return "Fatal error: " + s
	}
	return s
}

// Code returns the code.
func (e Error) Code() ErrorCode { return e.code }

// IsFatal reports whether the client can't go on: it has to be closed.
func (e Error) IsFatal() bool { return e.fatal }

// IsRetriable reports whether a transactional call may be made again as it was.
func (e Error) IsRetriable() bool { return e.retriable }

// IsTimeout reports whether time ran out: for a call, or for a message in the queue.
func (e Error) IsTimeout() bool {
	return e.code == ErrTimedOut || e.code == ErrMsgTimedOut || e.code == ErrTimedOutQueue
}

// TxnRequiresAbort reports whether the transaction must be aborted with AbortTransaction.
func (e Error) TxnRequiresAbort() bool { return e.txnRequiresAbort }

// Is makes errors.Is work by code: target may be an ErrorCode or an Error.
func (e Error) Is(target error) bool {
	switch t := target.(type) {
	case ErrorCode:
		return e.code == t
	case Error:
		return e.code == t.code
	}
	return false
}

// Unwrap returns the error that led to this one, or nil.
func (e Error) Unwrap() error { return e.cause }

// ErrorCode is librdkafka's error number: negative for errors of the client itself, else the broker's.
type ErrorCode int

// String returns the description of the code.
func (c ErrorCode) String() string {
	if s, ok := errorTexts[c]; ok {
		return s
	}
	return fmt.Sprintf("Err-%d?", int(c))
}

// Error makes a code usable as the target of errors.Is.
func (c ErrorCode) Error() string { return c.String() }

// WriteErrorCodes writes the Go source of the error codes to f, in the form of this package's own generated file.
func WriteErrorCodes(f *os.File) {
	codes := make([]int, 0, len(errorNames))
	for c := range errorNames {
		codes = append(codes, int(c))
	}
	sort.Ints(codes)
	_, _ = fmt.Fprintf(f, "package kafka\n\nconst (\n")
	for _, c := range codes {
		_, _ = fmt.Fprintf(f, "\t// %s %s\n\t%s ErrorCode = %d\n", errorNames[ErrorCode(c)], ErrorCode(c), errorNames[ErrorCode(c)], c)
	}
	_, _ = fmt.Fprintf(f, ")\n")
}

// errClosed is what every call on a closed client returns.
func errClosed() Error { return NewError(ErrState, "Operation not allowed on closed client", false) }

// toError is the one translation of an error of the engine, the broker or the network into an Error. A nil error
// becomes code 0, an Error stays as it is.
func toError(err error) Error {
	var own Error
	var broker *kerr.Error
	var load *kgo.ErrDataLoss
	var auth failure
	switch {
	case err == nil:
		return Error{}
	case errors.As(err, &own):
		return own
	case authFailure(err, &auth):
		return newErrorf(ErrAuthentication, "%s", auth.text).withCause(err)
	case errors.As(err, &broker):
		return brokerError(broker).withCause(err)
	case errors.As(err, &load):
		return newErrorf(ErrLogTruncation, "%v", err).withCause(err)
	}
	return newError(localCode(err)).withCause(err)
}

// brokerError is the Error of a broker's error: librdkafka uses the protocol's numbers.
func brokerError(err *kerr.Error) Error { return newError(ErrorCode(err.Code)).withCause(err) }

// errorOf returns the Error of a protocol error number, nil for 0.
func errorOf(code int16) error {
	if code == 0 {
		return nil
	}
	return codeError(code)
}

// codeError returns the Error of a protocol error number.
func codeError(code int16) Error {
	var ke *kerr.Error
	if errors.As(kerr.ErrorForCode(code), &ke) && ke.Code == code {
		return brokerError(ke)
	}
	return newError(ErrorCode(code))
}

// engineTooOld is in the engine's error for a request that a broker does not know: it exports no such error. A test
// keeps the text right.
const engineTooOld = "broker is too old"

// localCode returns the code of an error that no broker sent.
func localCode(err error) ErrorCode {
	switch {
	case brokerTooOld(err):
		return ErrUnsupportedFeature
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return ErrTimedOut
	case errors.Is(err, kgo.ErrRecordTimeout):
		return ErrMsgTimedOut
	case errors.Is(err, kgo.ErrMaxBuffered):
		return ErrQueueFull
	case errors.Is(err, kgo.ErrClientClosed), errors.Is(err, context.Canceled):
		return ErrDestroy
	case errors.Is(err, kgo.ErrAborting):
		return ErrPurgeQueue
	case strings.Contains(err.Error(), engineTooOld):
		return ErrUnsupportedFeature
	}
	return networkCode(err)
}

// brokerTooOld reports whether no broker has a request, or none has it as new as it has to be. The engine does not
// export these errors, so they are known by their texts; a test provokes them.
func brokerTooOld(err error) bool {
	for ; err != nil; err = errors.Unwrap(err) {
		if text := err.Error(); strings.HasPrefix(text, "broker is too old") || text == "request key is unknown" {
			return true
		}
	}
	return false
}

// isBrokerError reports whether a broker answered with this error.
func isBrokerError(err error) bool {
	var ke *kerr.Error
	return errors.As(err, &ke)
}

// brokerRefused reports whether a broker answered with this error and would do so again.
func brokerRefused(err error) bool { return isBrokerError(err) && !kerr.IsRetriable(err) }

// unsupported is the error of a request that the brokers do not know, in librdkafka's words where it has the request.
func unsupported(key kmsg.Key) Error {
	text := ""
	switch key {
	case kmsg.CreateTopics, kmsg.DeleteTopics:
		text = "Topic Admin API (KIP-4) not supported by broker, requires broker version >= 0.10.2.0"
	case kmsg.CreatePartitions:
		text = "CreatePartitions (KIP-195) not supported by broker, requires broker version >= 1.0.0"
	case kmsg.DescribeConfigs:
		text = "DescribeConfigs (KIP-133) not supported by broker, requires broker version >= 0.11.0"
	case kmsg.AlterConfigs:
		text = "AlterConfigs (KIP-133) not supported by broker, requires broker version >= 0.11.0"
	case kmsg.IncrementalAlterConfigs:
		text = "IncrementalAlterConfigs (KIP-339) not supported by broker, requires broker version >= 2.3.0"
	case kmsg.CreateACLs, kmsg.DescribeACLs, kmsg.DeleteACLs:
		text = "ACLs Admin API (KIP-140) not supported by broker, requires broker version >= 0.11.0.0"
	case kmsg.ElectLeaders:
		text = "ElectLeaders Admin API (KIP-460) not supported by broker, requires broker version >= 2.4.0"
	case kmsg.DescribeUserSCRAMCredentials:
		text = "DescribeUserScramCredentials API (KIP-554) not supported by broker"
	case kmsg.AlterUserSCRAMCredentials:
		text = "AlterUserScramCredentials API (KIP-554) not supported by broker"
	case kmsg.AlterPartitionAssignments, kmsg.ListPartitionReassignments:
		text = key.Name() + " not supported by broker, requires broker version >= 2.4.0"
	case kmsg.DescribeLogDirs, kmsg.AlterReplicaLogDirs:
		text = key.Name() + " not supported by broker, requires broker version >= 1.0.0"
	case kmsg.DescribeClientQuotas, kmsg.AlterClientQuotas:
		text = key.Name() + " not supported by broker, requires broker version >= 2.6.0"
	case kmsg.DescribeProducers, kmsg.DescribeTransactions, kmsg.ListTransactions, kmsg.WriteTxnMarkers:
		text = key.Name() + " not supported by broker, requires broker version >= 3.0.0"
	}
	if text == "" {
		return newError(ErrUnsupportedFeature)
	}
	return newErrorf(ErrUnsupportedFeature, "%s", text)
}
