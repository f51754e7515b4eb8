package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// failure is what is wrong with a connection, in the peer's terms.
type failure struct {
	level int // of the log line; logErr and worse are events too
	code  ErrorCode
	text  string
	state string // the state of the connection when it failed
	after time.Duration
}

// errNoEvent is the code of a report that is only a line in the log.
const errNoEvent ErrorCode = 0

// errTLSClosed says that the other side ended the connection where a TLS handshake was to come. It is not io.EOF,
// which the engine would take for a connection that was up.
//
//lint:ignore ST1005 the text is the peer's
var errTLSClosed = errors.New("Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker listener?")

// errAuthClosed says that the broker ended the connection instead of answering to the credentials.
var errAuthClosed = errors.New("SaslAuthenticateRequest failed: Local: Broker transport failure")

// setupError is the error of opening a connection, up to where the engine takes over.
type setupError struct {
	state string // CONNECT or SSL_HANDSHAKE
	addr  string // the address that was tried, as ipv4#127.0.0.1:9092; empty where the name did not resolve
	host  string // host:port as configured
	late  bool   // socket.connection.setup.timeout.ms has passed
	err   error
}

func (e *setupError) Error() string {
	text := e.failure().text
	if e.late {
		text += ": " + e.err.Error()
	}
	return text
}

// Unwrap hides that it was a context that ended: to the engine that would be the caller's, and no reason to try the
// next broker.
func (e *setupError) Unwrap() error {
	if e.late {
		return nil
	}
	return e.err
}

func (e *setupError) failure() failure {
	f := failure{level: logErr, code: ErrTransport, state: e.state}
	var dns *net.DNSError
	switch {
	case e.late:
		f.level, f.text = logWarning, "Connection setup timed out in state "+e.state
	case e.state == stateTLS:
		f.text = "SSL handshake failed: " + tlsText(e.err)
		if isTLS(e.err) {
			f.code = ErrSsl
		}
	case errors.As(e.err, &dns):
		f.code, f.text = ErrResolve, "Failed to resolve '"+e.host+"': "+resolveText(dns)
	default:
		f.text = "Connect to " + e.addr + " failed: " + errnoText(e.err)
	}
	return f
}

// States of a connection.
const (
	stateConnect   = "CONNECT"
	stateTLS       = "SSL_HANDSHAKE"
	stateVersions  = "APIVERSION_QUERY"
	stateHandshake = "AUTH_HANDSHAKE"
	stateAuth      = "AUTH_REQ"
	stateUp        = "UP"
)

// saslError is an error of authentication that was found on our side.
type saslError struct{ err error }

func (e *saslError) Error() string { return e.err.Error() }
func (e *saslError) Unwrap() error { return e.err }

// connectFailure says why a connection did not come up.
func connectFailure(err error, took time.Duration) failure {
	f := failure{level: logErr, code: ErrTransport, state: stateVersions}
	var setup *setupError
	switch {
	case errors.As(err, &setup):
		f = setup.failure()
	case authFailure(err, &f):
	case isTimeout(err):
		f.level, f.text = logWarning, "ApiVersionRequest failed: Local: Timed out: probably due to broker version < 0.10 (see api.version.request configuration)"
	case isDisconnect(err):
		f.level, f.text = logInfo, disconnectText(err)
	default:
		f.code, f.text = networkCode(err), "Receive failed: "+err.Error()
	}
	f.after = took
	return f
}

// authFailure fills f where err is one of authentication.
func authFailure(err error, f *failure) bool {
	var local *saslError
	var broker *kerr.Error
	switch {
	case errors.As(err, &local):
		f.text, f.state = "SASL authentication error: "+local.Error(), stateAuth
	case !errors.As(err, &broker):
		return false
	case broker == kerr.SaslAuthenticationFailed:
		text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), broker.Error()), ": ")
		if text == "" {
			text = ErrorCode(broker.Code).String()
		}
		f.text, f.state = "SASL authentication error: "+text, stateAuth
	case broker == kerr.UnsupportedSaslMechanism, broker == kerr.IllegalSaslState:
		f.text, f.state = ErrorCode(broker.Code).String(), stateHandshake
	default:
		return false
	}
	f.code = ErrAuthentication
	return true
}

// lostConnection says how a connection ended that was up.
func lostConnection(err error, age time.Duration) failure {
	f := failure{level: logErr, code: ErrTransport, state: stateUp, after: age}
	if isDisconnect(err) {
		f.level, f.text = logInfo, disconnectText(err)
	} else {
		f.code, f.text = networkCode(err), "Receive failed: "+err.Error()
	}
	return f
}

// isDisconnect reports whether the other side ended the connection.
func isDisconnect(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED)
}

func disconnectText(err error) string {
	if errors.Is(err, syscall.ECONNRESET) {
		return "Disconnected: connection reset by peer"
	}
	return "Disconnected: connection closed by peer"
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// isOwnEnd reports whether a connection failed because the client did not want it any more, or not yet.
func isOwnEnd(err error) bool {
	var backoff *backoffError
	return errors.As(err, &backoff) || errors.Is(err, kgo.ErrClientClosed) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// isTLS reports whether err is one of TLS itself and not of the connection below it.
func isTLS(err error) bool {
	var (
		alert    tls.AlertError
		op       *net.OpError
		cert     *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		rejected *tls.ECHRejectionError
	)
	if errors.As(err, &alert) || errors.As(err, &cert) || errors.As(err, &record) || errors.As(err, &rejected) || isCertificate(err) {
		return true
	}
	if errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error") {
		return true
	}
	return strings.HasPrefix(err.Error(), "tls: ")
}

// isCertificate reports whether err says that a certificate is not to be trusted.
func isCertificate(err error) bool {
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		roots   x509.SystemRootsError
		verify  *verifyError
	)
	return errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid) || errors.As(err, &roots) || errors.As(err, &verify)
}

func tlsText(err error) string {
	var record tls.RecordHeaderError
	switch {
	case isCertificate(err):
		return "certificate verify failed: " + err.Error() + ": broker certificate could not be verified, verify that ssl.ca.location " +
			"is correctly configured or root CA certificates are installed (install ca-certificates package)"
	case errors.As(err, &record):
		return err.Error() + ": connecting to a PLAINTEXT broker listener?"
	}
	return err.Error()
}

// errnoText is the text of an error of the operating system as C programs print it.
func errnoText(err error) string {
	var no syscall.Errno
	if errors.As(err, &no) {
		s := no.Error()
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return err.Error()
}

func resolveText(err *net.DNSError) string {
	switch {
	case err.IsNotFound:
		return "Name or service not known"
	case err.IsTimeout, err.IsTemporary:
		return "Temporary failure in name resolution"
	}
	return err.Err
}

// networkCode is the code of an error of the network that no broker sent.
func networkCode(err error) ErrorCode {
	var (
		setup   *setupError
		backoff *backoffError
		dns     *net.DNSError
	)
	switch {
	case errors.As(err, &backoff):
		return connectFailure(backoff.last, 0).code
	case errors.As(err, &setup):
		return setup.failure().code
	case errors.As(err, &dns):
		return ErrResolve
	case isBadFrame(err):
		return ErrBadMsg
	}
	return ErrTransport
}

// isBadFrame reports whether err is the engine's for something that is no Kafka response. It has no type of its own.
func isBadFrame(err error) bool {
	s := err.Error()
	return strings.Contains(s, "invalid large response size") || strings.Contains(s, "invalid negative response size") ||
		strings.Contains(s, "short response from ApiVersions") || strings.Contains(s, "unable to read ApiVersions response") ||
		strings.Contains(s, "correlation ID mismatch")
}
