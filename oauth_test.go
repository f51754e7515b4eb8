package kafka

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func oauthConf(addr string, kv ...any) ConfigMap {
	c := ConfigMap{"bootstrap.servers": addr, "security.protocol": "sasl_plaintext", "sasl.mechanism": "OAUTHBEARER"}
	for i := 0; i < len(kv); i += 2 {
		c[kv[i].(string)] = kv[i+1]
	}
	return c
}

func goodToken() OAuthBearerToken {
	return OAuthBearerToken{TokenValue: "abc.def-123", Expiration: time.Now().Add(time.Hour), Principal: "me"}
}

// TestOAuthToken: the application is asked, no broker is before it answers, and its token is what the broker gets.
func TestOAuthToken(t *testing.T) {
	t.Parallel()
	c, auths := oauthCluster(t, welcome)
	w := watch(t, oauthConf(c.Bootstrap, "sasl.oauthbearer.config", "for=the-app"))
	ev := w.event(t)
	if ev != (OAuthBearerTokenRefresh{Config: "for=the-app"}) {
		t.Fatalf("first event %v, want a refresh", ev)
	}
	if len(auths) != 0 || w.anyBrokerUp() {
		t.Error("it connected without a token")
	}
	token := goodToken()
	token.Extensions = map[string]string{"b": "2", "a": "1"}
	if err := w.setOAuthBearerToken(token); err != nil {
		t.Fatal(err)
	}
	w.up(t)
	if got, want := nextAuth(t, auths), "n,,\x01auth=Bearer abc.def-123\x01a=1\x01b=2\x01\x01"; got != want {
		t.Errorf("the broker got %q, want %q", got, want)
	}
}

func TestOAuthRejected(t *testing.T) {
	t.Parallel()
	c, _ := oauthCluster(t, func(*kmsg.SASLAuthenticateRequest) *kmsg.SASLAuthenticateResponse {
		resp := kmsg.NewPtrSASLAuthenticateResponse()
		resp.SASLAuthBytes = []byte(`{"status":"invalid_token"}`)
		return resp
	})
	w := watch(t, oauthConf(c.Bootstrap))
	token := goodToken()
	token.TokenValue = "very-secret"
	if err := w.setOAuthBearerToken(token); err != nil {
		t.Fatal(err)
	}
	e := w.error(t)
	wantError(t, e, ErrAuthentication, `.*SASL authentication error: SASL OAUTHBEARER authentication failed: \{"status":"invalid_token"\} .*`)
	if strings.Contains(e.Error(), token.TokenValue) {
		t.Errorf("the token is in %q", e)
	}
}

func TestOAuthFailure(t *testing.T) {
	t.Parallel()
	w := watch(t, oauthConf(unusedAddr(t)))
	if _, ok := w.event(t).(OAuthBearerTokenRefresh); !ok {
		t.Fatal("no refresh at start")
	}
	for _, s := range []string{"first", "first", "second", "second"} {
		if err := w.setOAuthBearerTokenFailure(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	wantError(t, w.error(t), ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: first")
	wantError(t, w.error(t), ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: second")
	if n := len(w.events); n != 0 {
		t.Errorf("%d more events: %v", n, <-w.events)
	}
	if err := w.setOAuthBearerTokenFailure(""); err != error(newError(ErrInvalidArg)) {
		t.Errorf("no reason: %v", err)
	}
}

func TestOAuthCallback(t *testing.T) {
	t.Parallel()
	c, auths := oauthCluster(t, welcome)
	calls := make(chan string, 10)
	w := watch(t, oauthConf(c.Bootstrap, "sasl.oauthbearer.config", "xyz", "oauth_cb", func(config string) (OAuthBearerToken, error) {
		calls <- config
		return goodToken(), nil
	}))
	w.up(t)
	if got := <-calls; got != "xyz" {
		t.Errorf("oauth_cb got %q", got)
	}
	if got := nextAuth(t, auths); !strings.Contains(got, "Bearer abc.def-123\x01") {
		t.Errorf("the broker got %q", got)
	}
	if n := len(w.events); n != 0 {
		t.Errorf("%d events beside oauth_cb: %v", n, <-w.events)
	}
}

func TestOAuthCallbackFails(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		cb   func(string) (OAuthBearerToken, error)
		want string
	}{
		{"error", func(string) (OAuthBearerToken, error) { return OAuthBearerToken{}, errors.New("no network") }, "no network"},
		{"error without text", func(string) (OAuthBearerToken, error) { return OAuthBearerToken{}, errors.New("") }, "oauth_cb failed without a reason"},
		{"panic", func(string) (OAuthBearerToken, error) { panic("oops") }, "oauth_cb panicked: oops"},
		{"expired", func(string) (OAuthBearerToken, error) { return OAuthBearerToken{TokenValue: "x"}, nil }, "Must supply an unexpired token: .*"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := watch(t, oauthConf(unusedAddr(t), "oauth_cb", tc.cb))
			wantError(t, w.error(t), ErrAuthentication, "Failed to acquire SASL OAUTHBEARER token: "+tc.want)
		})
	}
}

// TestOAuthTimes: a token is asked for at once, at four fifths of the last one's life, and ten seconds after a failure.
func TestOAuthTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		tokens := newOAuthTokens()
		asked := func(want time.Duration) {
			t.Helper()
			if !tokens.next(t.Context()) {
				t.Fatal("the wait ended")
			}
			if got := time.Since(start); got != want {
				t.Errorf("asked after %v, want %v", got, want)
			}
		}
		asked(0)
		tokens.set(OAuthBearerToken{Expiration: time.Now().Add(100 * time.Second)})
		asked(80 * time.Second)
		tokens.fail("no")
		asked(90 * time.Second)
		tokens.fail("no")
		asked(100 * time.Second)
		// Who does not answer is not asked again.
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if tokens.next(ctx) {
			t.Error("asked again without an answer")
		}
		// An early answer counts.
		start = time.Now()
		tokens.set(OAuthBearerToken{Expiration: time.Now().Add(10 * time.Second)})
		tokens.set(OAuthBearerToken{Expiration: time.Now().Add(20 * time.Second)})
		asked(16 * time.Second)
	})
}

func TestCheckToken(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_000)
	for _, tc := range []struct {
		name   string
		change func(*OAuthBearerToken)
		want   string
	}{
		{"good", func(*OAuthBearerToken) {}, ""},
		{"no principal", func(x *OAuthBearerToken) { x.Principal = "" }, ""},
		{"empty", func(x *OAuthBearerToken) { x.TokenValue = "" }, ""},
		{"white space", func(x *OAuthBearerToken) { x.TokenValue = " \t\r\n" }, ""},
		{"extensions", func(x *OAuthBearerToken) { x.Extensions = map[string]string{"One": "1", "two": ""} }, ""},
		{"expired", func(x *OAuthBearerToken) { x.Expiration = now }, "Must supply an unexpired token: now=1700000000000ms, exp=1700000000000ms"},
		{"control character", func(x *OAuthBearerToken) { x.TokenValue = "a\x01b" }, "SASL/OAUTHBEARER extension values must only consist of space, horizontal tab, CR, LF, and visible characters (%x21-7E): a\x01b (\x01)"},
		{"not ASCII", func(x *OAuthBearerToken) { x.TokenValue = "\xff" }, "SASL/OAUTHBEARER extension values must only consist of space, horizontal tab, CR, LF, and visible characters (%x21-7E): \xff (\xff)"},
		{"extension auth", func(x *OAuthBearerToken) { x.Extensions = map[string]string{"auth": "1"} }, "Cannot explicitly set the reserved `auth` SASL/OAUTHBEARER extension key"},
		{"extension key", func(x *OAuthBearerToken) { x.Extensions = map[string]string{"k1": "1"} }, "SASL/OAUTHBEARER extension keys must only consist of A-Z or a-z characters: k1 (1)"},
		{"no extension key", func(x *OAuthBearerToken) { x.Extensions = map[string]string{"": "1"} }, "SASL/OAUTHBEARER extension keys must not be empty"},
		{"extension value", func(x *OAuthBearerToken) { x.Extensions = map[string]string{"key": "a\x01"} }, "SASL/OAUTHBEARER extension values must only consist of space, horizontal tab, CR, LF, and visible characters (%x21-7E): a\x01 (\x01)"},
	} {
		token := OAuthBearerToken{TokenValue: "abc", Expiration: now.Add(time.Millisecond)}
		tc.change(&token)
		err := checkToken(token, now)
		if tc.want == "" && err != nil || tc.want != "" && (!errors.Is(err, ErrInvalidArg) || err.Error() != tc.want) {
			t.Errorf("%s: %v, want %q", tc.name, err, tc.want)
		}
	}
}

func TestUnsecuredToken(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_500)
	for _, tc := range []struct {
		config string
		claims string // of the JWT
		life   time.Duration
		exts   int
	}{
		{"principal=admin", `{"exp":1700003600.500,"iat":1700000000.500,"sub":"admin"}`, time.Hour, 0},
		{"  principal=a   scope=x,,y lifeSeconds=2 ", `{"exp":1700000002.500,"iat":1700000000.500,"scope":["x","y"],"sub":"a"}`, 2 * time.Second, 0},
		{"principalClaimName=who principal=a=b scopeClaimName=what scope=x extension_one=1 extension_two=", `{"exp":1700003600.500,"iat":1700000000.500,"what":["x"],"who":"a=b"}`, time.Hour, 2},
	} {
		token, err := unsecuredToken(tc.config, now)
		if err != nil {
			t.Errorf("%q: %v", tc.config, err)
			continue
		}
		parts := strings.Split(token.TokenValue, ".")
		if len(parts) != 3 || parts[2] != "" {
			t.Errorf("%q: token %q has no three parts with an empty signature", tc.config, token.TokenValue)
			continue
		}
		head, _ := base64.RawURLEncoding.DecodeString(parts[0])
		body, _ := base64.RawURLEncoding.DecodeString(parts[1])
		if string(head) != `{"alg":"none"}` || string(body) != tc.claims || !json.Valid(body) {
			t.Errorf("%q: header %s, claims %s", tc.config, head, body)
		}
		if got := token.Expiration.Sub(now); got != tc.life || len(token.Extensions) != tc.exts {
			t.Errorf("%q: life %v, extensions %v", tc.config, got, token.Extensions)
		}
	}
	for config, want := range map[string]string{
		"":                          "Invalid sasl.oauthbearer.config: must not be empty",
		"principal":                 "Unrecognized sasl.oauthbearer.config beginning at: principal",
		"scope=a":                   "Invalid sasl.oauthbearer.config: no principal=<value>",
		"principal=a unknown=3 x=4": "Unrecognized sasl.oauthbearer.config beginning at: unknown=3 x=4",
		"principal= ":               "Invalid sasl.oauthbearer.config: empty 'principal='",
		"principal=a scope=":        "Invalid sasl.oauthbearer.config: empty 'scope='",
		"principal=a principal=b":   "Invalid sasl.oauthbearer.config: multiple 'principal=' entries",
		"principal=a\"b":            "Invalid sasl.oauthbearer.config: '\"' cannot appear in principal: a\"b",
		"principal=a extension_=x":  "Invalid sasl.oauthbearer.config: empty 'extension_' key",
		"principal=a lifeSeconds=x": "Invalid sasl.oauthbearer.config: non-integral 'lifeSeconds=': x",
		"lifeSeconds=0 principal=a": "Invalid sasl.oauthbearer.config: value out of range of positive int 'lifeSeconds=': 0",
		"lifeSeconds=-1":            "Invalid sasl.oauthbearer.config: value out of range of positive int 'lifeSeconds=': -1",
	} {
		if _, err := unsecuredToken(config, now); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", config, err, want)
		}
	}
}

func FuzzUnsecuredToken(f *testing.F) {
	for _, s := range []string{"principal=admin", "principal=a scope=b,c lifeSeconds=3 extension_x=y", "=", "extension_", "principal=\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, config string) {
		token, err := unsecuredToken(config, time.Now())
		if err != nil {
			return
		}
		parts := strings.Split(token.TokenValue, ".")
		body, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil || !json.Valid(body) {
			t.Errorf("%q: claims %q, %v", config, body, err)
		}
		if err := checkTokenValue(token.TokenValue); err != nil {
			t.Errorf("%q: %v", config, err)
		}
	})
}

// TestUnsecuredNeedsNoOne: with enable.sasl.oauthbearer.unsecure.jwt the client makes its tokens and asks nobody.
func TestUnsecuredNeedsNoOne(t *testing.T) {
	t.Parallel()
	c, auths := oauthCluster(t, welcome)
	w := watch(t, oauthConf(c.Bootstrap, "enable.sasl.oauthbearer.unsecure.jwt", true, "sasl.oauthbearer.config", "principal=me"))
	w.up(t)
	if got := nextAuth(t, auths); !strings.HasPrefix(got, "n,,\x01auth=Bearer ey") {
		t.Errorf("the broker got %q", got)
	}
	if n := len(w.events); n != 0 {
		t.Errorf("%d events: %v", n, <-w.events)
	}
}
