package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestNetworkErrors: the code that a call gets for an error of the engine.
func TestNetworkErrors(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	dns := &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true}
	setup := func(state string, err error) error {
		return fmt.Errorf("unable to dial: %w", dialError("h:1", &setupError{state: state, addr: "ipv4#127.0.0.1:1", host: "h:1", err: err}))
	}
	for _, tc := range []struct {
		err  error
		want ErrorCode
	}{
		{nil, ErrNoError},
		{refused, ErrTransport},
		{setup(stateConnect, refused), ErrTransport},
		{setup(stateConnect, dns), ErrResolve},
		{dns, ErrResolve},
		{setup(stateTLS, &verifyError{errors.New("expired")}), ErrSsl},
		{setup(stateTLS, errTLSClosed), ErrTransport},
		{setup(stateTLS, syscall.ECONNRESET), ErrTransport},
		{dialError("h:1", &setupError{state: stateTLS, late: true, err: context.DeadlineExceeded}), ErrTransport},
		{dialError("h:1", &backoffError{refused}), ErrTransport},
		{dialError("h:1", &backoffError{setup(stateConnect, dns)}), ErrResolve},
		{dialError("h:1", &backoffError{kerr.SaslAuthenticationFailed}), ErrAuthentication},
		{fmt.Errorf("%w: bad password", kerr.SaslAuthenticationFailed), ErrAuthentication},
		{kerr.UnsupportedSaslMechanism, ErrAuthentication},
		{kerr.IllegalSaslState, ErrAuthentication},
		{&saslError{errors.New("server signature")}, ErrAuthentication},
		{&kgo.ErrFirstReadEOF{}, ErrTransport},
		{io.EOF, ErrTransport},
		{syscall.ECONNRESET, ErrTransport},
		{errors.New("invalid negative response size -1"), ErrBadMsg},
		{errors.New("unknown broker"), ErrTransport},
		{os.ErrDeadlineExceeded, ErrTimedOut},
		{context.DeadlineExceeded, ErrTimedOut},
		{context.Canceled, ErrDestroy},
		{kgo.ErrClientClosed, ErrDestroy},
		{kgo.ErrRecordTimeout, ErrMsgTimedOut},
		{kgo.ErrMaxBuffered, ErrQueueFull},
		{kgo.ErrAborting, ErrPurgeQueue},
		{kerr.UnknownTopicOrPartition, ErrUnknownTopicOrPart},
		{fmt.Errorf("wrapped: %w", newError(ErrState)), ErrState},
	} {
		if got := toError(tc.err); got.Code() != tc.want {
			t.Errorf("%v: code %d (%s), want %d", tc.err, got.Code(), got, tc.want)
		}
	}
	// A code in a response stays what the broker said.
	if got := codeError(kerr.SaslAuthenticationFailed.Code); got.Code() != 58 {
		t.Errorf("a broker's code 58 became %d", got.Code())
	}
}

// TestDialErrorsAndTheEngine: the engine must take our errors for a broker that can't be reached, and never for one
// that it lost in the middle of a request, nor for a call that was cancelled.
func TestDialErrorsAndTheEngine(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		&setupError{state: stateTLS, err: errTLSClosed},
		&setupError{state: stateConnect, late: true, err: context.DeadlineExceeded},
		&setupError{state: stateConnect, err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		&backoffError{io.EOF}, &backoffError{os.NewSyscallError("read", syscall.ECONNRESET)}, &backoffError{context.DeadlineExceeded},
		&backoffError{kerr.SaslAuthenticationFailed},
	} {
		got := dialError("h:1", err)
		var op *net.OpError
		if kgo.IsRetryableBrokerErr(got) || errors.Is(got, io.EOF) || errors.Is(got, context.DeadlineExceeded) || !errors.As(got, &op) || op.Op != "dial" {
			t.Errorf("%v is not a plain error of dialling", got)
		}
	}
}

func TestConnectFailureTexts(t *testing.T) {
	t.Parallel()
	errno := func(no syscall.Errno) error {
		return &setupError{state: stateConnect, addr: "ipv6#[::1]:9092", host: "localhost:9092", err: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", no)}}
	}
	for _, tc := range []struct {
		err   error
		level int
		text  string
	}{
		{errno(syscall.ECONNREFUSED), logErr, "Connect to ipv6#[::1]:9092 failed: Connection refused"},
		{errno(syscall.EHOSTUNREACH), logErr, "Connect to ipv6#[::1]:9092 failed: No route to host"},
		{&setupError{state: stateConnect, host: "h:9092", err: &net.DNSError{IsNotFound: true}}, logErr, "Failed to resolve 'h:9092': Name or service not known"},
		{&setupError{state: stateConnect, host: "h:9092", err: &net.DNSError{IsTimeout: true}}, logErr, "Failed to resolve 'h:9092': Temporary failure in name resolution"},
		{&setupError{state: stateConnect, late: true, err: context.DeadlineExceeded}, logWarning, "Connection setup timed out in state CONNECT"},
		{fmt.Errorf("%w: Authentication failed: Invalid username or password", kerr.SaslAuthenticationFailed), logErr, "SASL authentication error: Authentication failed: Invalid username or password"},
		{kerr.SaslAuthenticationFailed, logErr, "SASL authentication error: Broker: SASL Authentication failed"},
		{os.ErrDeadlineExceeded, logWarning, "ApiVersionRequest failed: Local: Timed out: probably due to broker version < 0.10 (see api.version.request configuration)"},
		{io.EOF, logInfo, "Disconnected: connection closed by peer"},
		{syscall.ECONNRESET, logInfo, "Disconnected: connection reset by peer"},
	} {
		if got := connectFailure(tc.err, 0); got.text != tc.text || got.level != tc.level {
			t.Errorf("%v: level %d %q, want %d %q", tc.err, got.level, got.text, tc.level, tc.text)
		}
	}
}
