package kafka

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/purego-kafka/kafka/internal/testcluster"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// guarded is a cluster with one user, "user" with password "right" for every mechanism.
func guarded(t *testing.T, opts ...kfake.Opt) *testcluster.Cluster {
	t.Helper()
	return testcluster.New(t, 1, append([]kfake.Opt{kfake.EnableSASL(), kfake.Superuser("PLAIN", "user", "right"),
		kfake.Superuser("SCRAM-SHA-256", "user", "right"), kfake.Superuser("SCRAM-SHA-512", "user", "right")}, opts...)...)
}

func TestSASL(t *testing.T) {
	t.Parallel()
	ca := newCert(t, "authority", nil, nil)
	plain, secured := guarded(t), guarded(t, kfake.TLS(serverTLS(t, newCert(t, "broker", ca, loopback), nil)))
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"} {
		for _, protocol := range []string{"sasl_plaintext", "SASL_SSL"} {
			conf := func(password string) ConfigMap {
				c := ConfigMap{"bootstrap.servers": plain.Bootstrap, "security.protocol": protocol, "sasl.mechanism": mechanism,
					"sasl.username": "user", "sasl.password": password}
				if protocol == "SASL_SSL" {
					c["bootstrap.servers"], c["ssl.ca.pem"] = secured.Bootstrap, ca.certPEM
				}
				return c
			}
			t.Run(mechanism+" "+protocol, func(t *testing.T) {
				t.Parallel()
				w := watch(t, conf("right"))
				w.up(t)
				if n := len(w.events); n > 0 {
					t.Errorf("it connected, and there are %d events: %v", n, <-w.events)
				}
			})
			t.Run(mechanism+" "+protocol+", wrong password", func(t *testing.T) {
				t.Parallel()
				w := watch(t, conf("wrong, and secret"))
				e := w.error(t)
				wantError(t, e, ErrAuthentication, strings.ToLower(protocol)+`://127\.0\.0\.1:.*/bootstrap: SASL authentication error: .* \(after \d+ms in state AUTH_REQ\)`)
				wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
				l := w.line(t, "FAIL")
				if l.Level != logErr || !strings.Contains(l.Message, e.String()) {
					t.Errorf("log line %v", l)
				}
				if strings.Contains(l.Message+e.Error(), "secret") {
					t.Errorf("the password is in %q", e)
				}
			})
		}
	}
}

// TestUnsupportedMechanism: the broker does not have the mechanism.
func TestUnsupportedMechanism(t *testing.T) {
	t.Parallel()
	c := guarded(t)
	w := watch(t, ConfigMap{"bootstrap.servers": c.Bootstrap, "security.protocol": "sasl_plaintext", "sasl.mechanism": "OAUTHBEARER",
		"enable.sasl.oauthbearer.unsecure.jwt": true, "sasl.oauthbearer.config": "principal=me"})
	wantError(t, w.error(t), ErrAuthentication, `.*: SASL OAUTHBEARER mechanism handshake failed: Broker: Unsupported SASL mechanism .*in state AUTH_HANDSHAKE\)`)
}

// TestSetSaslCredentials: the right password ends the failures, without waiting for the backoff.
func TestSetSaslCredentials(t *testing.T) {
	t.Parallel()
	c := guarded(t)
	w := watch(t, ConfigMap{"bootstrap.servers": c.Bootstrap, "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN",
		"sasl.username": "user", "sasl.password": "wrong", "reconnect.backoff.ms": 600000, "reconnect.backoff.max.ms": 600000})
	wantError(t, w.error(t), ErrAuthentication, ".*")
	// What needs a broker meanwhile finds none, rather than an error that would fail it for good.
	_, err := kmsg.NewPtrMetadataRequest().RequestWith(t.Context(), w)
	if !unreachable(err) || toError(err).Code() != ErrAuthentication {
		t.Errorf("a request after the failure: %v (code %d)", err, toError(err).Code())
	}
	if err := w.setSaslCredentials("user", "right"); err != nil {
		t.Fatal(err)
	}
	w.up(t)
}

// TestSetSaslCredentialsWithoutSASL: it is no error, whatever they are.
func TestSetSaslCredentialsWithoutSASL(t *testing.T) {
	t.Parallel()
	p, err := NewProducer(&ConfigMap{"bootstrap.servers": unusedAddr(t), "log_level": 0})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SetSaslCredentials("", ""); err != nil {
		t.Error(err)
	}
	if err := p.SetOAuthBearerToken(OAuthBearerToken{}); !errors.Is(err, ErrState) || err.Error() != "SASL/OAUTHBEARER is not the configured authentication mechanism" {
		t.Errorf("SetOAuthBearerToken: %v", err)
	}
	if err := p.SetOAuthBearerTokenFailure("x"); !errors.Is(err, ErrState) {
		t.Errorf("SetOAuthBearerTokenFailure: %v", err)
	}
	p.Close()
	for name, err := range map[string]error{
		"SetSaslCredentials": p.SetSaslCredentials("u", "p"), "SetOAuthBearerToken": p.SetOAuthBearerToken(OAuthBearerToken{}),
		"SetOAuthBearerTokenFailure": p.SetOAuthBearerTokenFailure("x"),
	} {
		if err != error(errClosed()) {
			t.Errorf("%s on a closed producer: %v", name, err)
		}
	}
}

// TestExpiredSession: the broker lets a session end (KIP-368), and the client authenticates again on its own.
func TestExpiredSession(t *testing.T) {
	t.Parallel()
	c, auths := oauthCluster(t, func(*kmsg.SASLAuthenticateRequest) *kmsg.SASLAuthenticateResponse {
		resp := kmsg.NewPtrSASLAuthenticateResponse()
		resp.SessionLifetimeMillis = 1
		return resp
	})
	w := watch(t, ConfigMap{"bootstrap.servers": c.Bootstrap, "security.protocol": "sasl_plaintext", "sasl.mechanism": "OAUTHBEARER",
		"enable.sasl.oauthbearer.unsecure.jwt": true, "sasl.oauthbearer.config": "principal=me"})
	w.up(t)
	for range 3 {
		if _, err := kmsg.NewPtrMetadataRequest().RequestWith(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(auths); n < 3 {
		t.Errorf("%d authentications, want one for every request", n)
	}
}

// oauthCluster is a cluster that takes OAUTHBEARER; what it gets is on the channel. kfake itself does not know it.
func oauthCluster(t *testing.T, answer func(*kmsg.SASLAuthenticateRequest) *kmsg.SASLAuthenticateResponse) (*testcluster.Cluster, chan string) {
	t.Helper()
	c := testcluster.New(t, 1)
	auths := make(chan string, 100)
	c.ControlKey(int16(kmsg.SASLHandshake), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		resp := kreq.ResponseKind().(*kmsg.SASLHandshakeResponse)
		if m := kreq.(*kmsg.SASLHandshakeRequest).Mechanism; m != "OAUTHBEARER" {
			resp.ErrorCode = kerr.UnsupportedSaslMechanism.Code
		}
		return resp, nil, true
	})
	c.ControlKey(int16(kmsg.SASLAuthenticate), func(kreq kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		req := kreq.(*kmsg.SASLAuthenticateRequest)
		auths <- string(req.SASLAuthBytes)
		resp := answer(req)
		resp.Version = req.Version
		return resp, nil, true
	})
	return c, auths
}

func welcome(*kmsg.SASLAuthenticateRequest) *kmsg.SASLAuthenticateResponse {
	return kmsg.NewPtrSASLAuthenticateResponse()
}

func nextAuth(t *testing.T, auths chan string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	select {
	case s := <-auths:
		return s
	case <-ctx.Done():
		t.Fatal("no authentication in 20 seconds")
		return ""
	}
}
