package kafka

import (
	"context"
	"errors"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// credentials are the user name and password of the next authentication.
type credentials struct {
	mu             sync.Mutex // guards both
	user, password string
}

func (c *credentials) set(user, password string) {
	c.mu.Lock()
	c.user, c.password = user, password
	c.mu.Unlock()
}

func (c *credentials) get() (user, password string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user, c.password
}

// setSaslCredentials replaces the user name and password. Connections that are up stay; a broker that could not be
// reached with the old ones is tried again at once.
func (c *client) setSaslCredentials(user, password string) error {
	c.creds.set(user, password)
	c.brokers.retryNow()
	return nil
}

// saslOpts is the engine's option of the mechanism. One is used, as in the peer; names are case-sensitive.
func (c *client) saslOpts() ([]kgo.Opt, error) {
	c.creds.set(c.conf.str("sasl.username"), c.conf.str("sasl.password"))
	var m sasl.Mechanism
	switch name := c.conf.str("sasl.mechanisms"); name {
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		if !c.conf.isSet("sasl.username") || !c.conf.isSet("sasl.password") {
			return nil, NewError(ErrInvalidArg, "sasl.username and sasl.password must be set", false)
		}
		switch name {
		case "PLAIN":
			m = plain.Plain(func(context.Context) (plain.Auth, error) {
				user, password := c.creds.get()
				return plain.Auth{User: user, Pass: password}, nil
			})
		case "SCRAM-SHA-256":
			m = scram.Sha256(c.scramAuth)
		default:
			m = scram.Sha512(c.scramAuth)
		}
	case "OAUTHBEARER":
		if c.conf.str("sasl.oauthbearer.method") != "default" {
			return nil, newErrorf(ErrInvalidArg, "sasl.oauthbearer.method=%s is not supported: use default and SetOAuthBearerToken or oauth_cb",
				c.conf.str("sasl.oauthbearer.method"))
		}
		c.tokens = newOAuthTokens()
		m = oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
			if err := c.tokens.wait(ctx); err != nil {
				return oauth.Auth{}, err
			}
			t := c.tokens.get()
			return oauth.Auth{Token: t.TokenValue, Extensions: t.Extensions}, nil
		})
	case "GSSAPI":
		return nil, NewError(ErrInvalidArg, "No provider for SASL mechanism GSSAPI: recompile librdkafka with libsasl2 or openssl support. "+
			"Current build options: PLAIN SASL_SCRAM OAUTHBEARER", false)
	default:
		return nil, newErrorf(ErrInvalidArg, "Unsupported SASL mechanism: %s", name)
	}
	return []kgo.Opt{kgo.SASL(mechanism{m})}, nil
}

func (c *client) scramAuth(context.Context) (scram.Auth, error) {
	user, password := c.creds.get()
	return scram.Auth{User: user, Pass: password}, nil
}

// mechanism marks the errors of a SASL mechanism as such, so that they are told from those of the network.
type mechanism struct{ sasl.Mechanism }

func (m mechanism) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	s, first, err := m.Mechanism.Authenticate(ctx, host)
	if err != nil {
		if ctx.Err() != nil {
			return nil, nil, err
		}
		return nil, nil, &saslError{err}
	}
	return session{s, m.Name()}, first, nil
}

type session struct {
	sasl.Session
	mechanism string
}

func (s session) Challenge(resp []byte) (bool, []byte, error) {
	if s.mechanism == "OAUTHBEARER" && len(resp) > 0 { // what is wrong with the token, as JSON (RFC 7628, 3.2.2)
		return false, nil, &saslError{errors.New("SASL OAUTHBEARER authentication failed: " + printable(resp))}
	}
	done, next, err := s.Session.Challenge(resp)
	if err != nil {
		err = &saslError{err}
	}
	return done, next, err
}

// printable makes a broker's bytes fit for a line of text.
func printable(b []byte) string {
	const most = 512
	out := make([]byte, 0, min(len(b), most))
	for _, c := range b[:min(len(b), most)] {
		if c < ' ' || c > '~' {
			c = '?'
		}
		out = append(out, c)
	}
	return string(out)
}
