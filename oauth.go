package kafka

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// OAuthBearerToken is a token for SASL/OAUTHBEARER.
type OAuthBearerToken struct {
	// TokenValue is sent to the brokers: a JWT in its compact form, or whatever they understand.
	TokenValue string
	// Expiration is when the token ends. The next one is asked for when four fifths of the time till then are over.
	Expiration time.Time
	// Principal is whom the token is for. It is not sent.
	Principal string
	// Extensions go along with the token. Keys are letters only, and not "auth".
	Extensions map[string]string
}

// When tokens are asked for.
const (
	oauthRefreshAfter = 0.8 // of a token's life
	oauthRetryAfter   = 10 * time.Second
)

// oauthTokens is the token of a client that uses SASL/OAUTHBEARER, and when the next one is due. Methods of a nil
// *oauthTokens, that of a client with another mechanism, are no-ops.
type oauthTokens struct {
	first chan struct{} // closed when there is a token
	again chan struct{} // capacity 1: due has changed

	mu      sync.Mutex // guards what is below
	token   *OAuthBearerToken
	due     time.Time // when to ask for a token; zero where the application was asked and has not answered
	failure string    // the last error reported
}

func newOAuthTokens() *oauthTokens {
	return &oauthTokens{first: make(chan struct{}), again: make(chan struct{}, 1), due: time.Now()}
}

// wait waits for the first token. It returns the error of ctx where that ends before.
func (t *oauthTokens) wait(ctx context.Context) error {
	if t == nil {
		return nil
	}
	select {
	case <-t.first:
		return nil
	default:
	}
	select {
	case <-t.first:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *oauthTokens) get() OAuthBearerToken {
	t.mu.Lock()
	defer t.mu.Unlock()
	return *t.token
}

func (t *oauthTokens) set(token OAuthBearerToken) {
	token.Extensions = maps.Clone(token.Extensions)
	now := time.Now()
	t.mu.Lock()
	if t.token == nil {
		close(t.first)
	}
	t.token, t.failure = &token, ""
	t.due = now.Add(time.Duration(float64(token.Expiration.Sub(now)) * oauthRefreshAfter))
	t.mu.Unlock()
	wake(t.again)
}

// fail puts the next token off. It reports whether the reason is a new one.
func (t *oauthTokens) fail(reason string) bool {
	t.mu.Lock()
	isNew := t.failure != reason
	t.failure = reason
	t.due = time.Now().Add(oauthRetryAfter)
	t.mu.Unlock()
	wake(t.again)
	return isNew
}

// next waits until a token is to be asked for. It returns false when ctx ends.
func (t *oauthTokens) next(ctx context.Context) bool {
	for {
		t.mu.Lock()
		due := t.due
		if !due.IsZero() && !time.Now().Before(due) {
			t.due = time.Time{}
			t.mu.Unlock()
			return ctx.Err() == nil
		}
		t.mu.Unlock()
		var timer <-chan time.Time
		if !due.IsZero() {
			timer = time.After(time.Until(due))
		}
		select {
		case <-ctx.Done():
			return false
		case <-t.again:
		case <-timer:
		}
	}
}

// startOAuth starts the goroutine that asks for tokens: the application by an event, oauth_cb, or this package itself
// where enable.sasl.oauthbearer.unsecure.jwt is set. It needs nobody to poll.
func (c *client) startOAuth() {
	if c.tokens == nil {
		return
	}
	config := c.conf.str("sasl.oauthbearer.config")
	ask := func(context.Context) {
		c.emit(OAuthBearerTokenRefresh{Config: config})
	}
	get, _ := c.conf.value("oauth_cb").(func(string) (OAuthBearerToken, error))
	if get == nil && c.conf.flag("enable.sasl.oauthbearer.unsecure.jwt") {
		get = func(config string) (OAuthBearerToken, error) { return unsecuredToken(config, time.Now()) }
	}
	if get != nil {
		ask = func(ctx context.Context) {
			token, err := callTokens(get, config)
			if err == nil {
				err = c.setOAuthBearerToken(token)
			}
			if err != nil && ctx.Err() == nil {
				reason := err.Error()
				if reason == "" {
					reason = "oauth_cb failed without a reason"
				}
				_ = c.setOAuthBearerTokenFailure(reason)
			}
		}
	}
	c.tasks.run(func(ctx context.Context) {
		for c.tokens.next(ctx) {
			ask(ctx)
		}
	})
}

// callTokens calls the application's function. If it panics that is its error: the client goes on with the old token.
func callTokens(get func(string) (OAuthBearerToken, error), config string) (token OAuthBearerToken, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("oauth_cb panicked: %v", r)
		}
	}()
	return get(config)
}

// setOAuthBearerToken checks a token and uses it for the next authentication.
func (c *client) setOAuthBearerToken(token OAuthBearerToken) error {
	if c.tokens == nil {
		return NewError(ErrState, "SASL/OAUTHBEARER is not the configured authentication mechanism", false)
	}
	if err := checkToken(token, time.Now()); err != nil {
		return err
	}
	c.tokens.set(token)
	c.brokers.retryNow()
	return nil
}

// setOAuthBearerTokenFailure says that no token could be had. A reason that is not the last one again is reported.
func (c *client) setOAuthBearerTokenFailure(reason string) error {
	if c.tokens == nil {
		return newError(ErrState)
	}
	if reason == "" {
		return newError(ErrInvalidArg)
	}
	if c.tokens.fail(reason) {
		c.emit(newErrorf(ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: %s", reason))
	}
	return nil
}

// checkToken returns what is wrong with a token. The texts are the peer's; of the token itself only the peer's text
// about a character that can't be sent would show anything, so that one shows the character alone.
func checkToken(t OAuthBearerToken, now time.Time) error {
	if !t.Expiration.After(now) {
		return newErrorf(ErrInvalidArg, "Must supply an unexpired token: now=%dms, exp=%dms", now.UnixMilli(), t.Expiration.UnixMilli())
	}
	if err := checkTokenValue(t.TokenValue); err != nil {
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(t.Extensions)) {
		if k == "auth" {
			return NewError(ErrInvalidArg, "Cannot explicitly set the reserved `auth` SASL/OAUTHBEARER extension key", false)
		}
		if k == "" {
			return NewError(ErrInvalidArg, "SASL/OAUTHBEARER extension keys must not be empty", false)
		}
		for _, r := range []byte(k) {
			if (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
				return newErrorf(ErrInvalidArg, "SASL/OAUTHBEARER extension keys must only consist of A-Z or a-z characters: %s (%c)", k, r)
			}
		}
		if err := checkTokenValue(t.Extensions[k]); err != nil {
			return err
		}
	}
	return nil
}

// checkTokenValue returns the error of a value with a character that can't be sent.
func checkTokenValue(v string) error {
	for i := range len(v) {
		c := v[i]
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' && (c < 0x21 || c > 0x7e) {
			return newErrorf(ErrInvalidArg, "SASL/OAUTHBEARER extension values must only consist of space, horizontal tab, CR, LF, "+
				"and visible characters (%%x21-7E): %s (%s)", v, string(v[i:i+1]))
		}
	}
	return nil
}

// unsecuredConfig is sasl.oauthbearer.config for tokens that the client makes itself.
type unsecuredConfig struct {
	principalClaim string
	principal      string
	scopeClaim     string
	scope          []string
	life           time.Duration
	extensions     map[string]string
}

// unsecuredToken makes a JWT without a signature, for development. config is, separated by spaces: principal=NAME,
// and if wanted principalClaimName=, scope=A,B, scopeClaimName=, lifeSeconds= and extension_NAME=VALUE.
func unsecuredToken(config string, now time.Time) (OAuthBearerToken, error) {
	u, err := parseUnsecured(config)
	if err != nil {
		return OAuthBearerToken{}, err
	}
	expires := now.Add(u.life)
	claims := map[string]any{
		u.principalClaim: u.principal,
		"iat":            json.Number(fmt.Sprintf("%.3f", float64(now.UnixMilli())/1000)),
		"exp":            json.Number(fmt.Sprintf("%.3f", float64(expires.UnixMilli())/1000)),
	}
	if len(u.scope) > 0 {
		claims[u.scopeClaim] = u.scope
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return OAuthBearerToken{}, err
	}
	enc := base64.RawURLEncoding.EncodeToString
	return OAuthBearerToken{
		TokenValue: enc([]byte(`{"alg":"none"}`)) + "." + enc(body) + ".",
		Expiration: expires, Principal: u.principal, Extensions: u.extensions,
	}, nil
}

// parseUnsecured reads the config of an unsecured token. The error texts are the peer's.
func parseUnsecured(config string) (unsecuredConfig, error) {
	u := unsecuredConfig{principalClaim: "sub", scopeClaim: "scope", life: time.Hour, extensions: map[string]string{}}
	bad := func(format string, a ...any) (unsecuredConfig, error) {
		return unsecuredConfig{}, newErrorf(ErrInvalidArg, "Invalid sasl.oauthbearer.config: "+format, a...)
	}
	if config == "" {
		return bad("must not be empty")
	}
	seen := map[string]bool{}
	for rest := strings.TrimLeft(config, " "); rest != ""; {
		word, after, _ := strings.Cut(rest, " ")
		key, value, ok := strings.Cut(word, "=")
		ext := strings.HasPrefix(key, "extension_")
		known := slices.Contains([]string{"principalClaimName", "principal", "scopeClaimName", "scope", "lifeSeconds"}, key)
		switch {
		case !ok || !known && !ext:
			return unsecuredConfig{}, newErrorf(ErrInvalidArg, "Unrecognized sasl.oauthbearer.config beginning at: %s", rest)
		case key == "extension_":
			return bad("empty 'extension_' key")
		case known && seen[key]:
			return bad("multiple '%s=' entries", key)
		case known && value == "":
			return bad("empty '%s='", key)
		case known && strings.Contains(value, `"`):
			return bad(`'"' cannot appear in %s: %s`, key, value)
		}
		seen[key] = true
		switch key {
		case "principalClaimName":
			u.principalClaim = value
		case "principal":
			u.principal = value
		case "scopeClaimName":
			u.scopeClaim = value
		case "scope":
			u.scope = slices.DeleteFunc(strings.Split(value, ","), func(s string) bool { return s == "" })
		case "lifeSeconds":
			n, err := strconv.ParseInt(value, 10, 32)
			if err != nil {
				return bad("non-integral 'lifeSeconds=': %s", value)
			}
			if n <= 0 {
				return bad("value out of range of positive int 'lifeSeconds=': %s", value)
			}
			u.life = time.Duration(n) * time.Second
		default:
			u.extensions[strings.TrimPrefix(key, "extension_")] = value
		}
		rest = strings.TrimLeft(after, " ")
	}
	switch {
	case u.principal == "":
		return bad("no principal=<value>")
	case u.principalClaim == u.scopeClaim:
		return bad("principalClaimName and scopeClaimName are both %q", u.scopeClaim)
	}
	return u, nil
}
