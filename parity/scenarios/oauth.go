package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

func init() {
	bearer := func(kv ...any) []any {
		return append([]any{"bootstrap.servers", nowhere, "log_level", 0, "security.protocol", "SASL_PLAINTEXT", "sasl.mechanisms", "OAUTHBEARER"}, kv...)
	}
	refreshes := func(ch chan kafka.Event, d time.Duration) (n int, config string) {
		end := time.After(d)
		for {
			select {
			case ev := <-ch:
				if r, ok := ev.(kafka.OAuthBearerTokenRefresh); ok {
					n, config = n+1, r.Config
				}
			case <-end:
				return n, config
			}
		}
	}
	good := func(d time.Duration) kafka.OAuthBearerToken {
		return kafka.OAuthBearerToken{TokenValue: "abc.def", Expiration: time.Now().Add(d), Principal: "me"}
	}

	reg("oauth.refresh_at_start", func(t *T) {
		p := t.Producer(bearer("sasl.oauthbearer.config", "key=value other=x")...)
		n, config := refreshes(p.Events(), 1500*time.Millisecond)
		t.P("producer: %d %q", n, config)
		c := t.Consumer("g", bearer()...)
		ev := Next(c, 3*time.Second, func(ev kafka.Event) bool { _, ok := ev.(kafka.OAuthBearerTokenRefresh); return ok })
		t.P("consumer: %T %v", ev, ev)
		e := t.Consumer("g", bearer("go.events.channel.enable", true)...)
		n, config = refreshes(e.Events(), 1500*time.Millisecond)
		t.P("events channel: %d %q", n, config)
	})

	reg("oauth.refresh_again", func(t *T) {
		p := t.Producer(bearer()...)
		refreshes(p.Events(), 500*time.Millisecond)
		t.ErrT("set", p.SetOAuthBearerToken(good(2*time.Second)))
		n, _ := refreshes(p.Events(), time.Second)
		t.P("within half of its life %d", n)
		n, _ = refreshes(p.Events(), 3*time.Second)
		t.P("later %v", n >= 1)
		t.ErrT("set", p.SetOAuthBearerToken(good(time.Hour)))
		n, _ = refreshes(p.Events(), 1500*time.Millisecond)
		t.P("after one for an hour %d", n)
	})

	reg("oauth.failure", func(t *T) {
		p := t.Producer(bearer()...)
		refreshes(p.Events(), 500*time.Millisecond)
		for _, text := range []string{"first", "first", "second"} {
			t.ErrT(text, p.SetOAuthBearerTokenFailure(text))
			n := 0
			end := time.After(700 * time.Millisecond)
			for done := false; !done; {
				select {
				case ev := <-p.Events():
					if e, ok := ev.(kafka.Error); ok && e.Code() == kafka.ErrAuthentication {
						n++
						t.P("%s: %s", text, kef(e))
						t.Text("%s: %s", text, e)
					}
				case <-end:
					done = true
				}
			}
			t.P("%s: %d", text, n)
		}
		n, _ := refreshes(p.Events(), 11*time.Second)
		t.P("asks again in 10 s: %v", n >= 1)
	})

	reg("oauth.token_checks", func(t *T) {
		p := t.Producer(bearer()...)
		set := func(label string, f func(*kafka.OAuthBearerToken)) {
			x := good(time.Hour)
			f(&x)
			t.ErrT(label, p.SetOAuthBearerToken(x))
		}
		type ext = map[string]string
		set("spaces", func(x *kafka.OAuthBearerToken) { x.TokenValue = "a b\tc\r\n" })
		set("tilde", func(x *kafka.OAuthBearerToken) { x.TokenValue = "!~" })
		set("delete", func(x *kafka.OAuthBearerToken) { x.TokenValue = "a\x7f" })
		set("umlaut", func(x *kafka.OAuthBearerToken) { x.TokenValue = "ä" })
		set("odd principal", func(x *kafka.OAuthBearerToken) { x.Principal = "ä \x01" })
		set("empty extension key", func(x *kafka.OAuthBearerToken) { x.Extensions = ext{"": "v"} })
		set("extension key with a dash", func(x *kafka.OAuthBearerToken) { x.Extensions = ext{"a-b": "v"} })
		set("extension key AUTH", func(x *kafka.OAuthBearerToken) { x.Extensions = ext{"AUTH": "v"} })
		set("empty extension value", func(x *kafka.OAuthBearerToken) { x.Extensions = ext{"key": ""} })
		set("extension value with spaces", func(x *kafka.OAuthBearerToken) { x.Extensions = ext{"key": "a b\n"} })
		set("extension value umlaut", func(x *kafka.OAuthBearerToken) { x.Extensions = ext{"key": "ä"} })
		set("empty extensions", func(x *kafka.OAuthBearerToken) { x.Extensions = ext{} })
		err := p.SetOAuthBearerToken(kafka.OAuthBearerToken{TokenValue: "abc"})
		t.Err("no expiration", err)
		t.P("says so: %v", err != nil && strings.HasPrefix(err.Error(), "Must supply an unexpired token: now="))
		t.Err("a past one and a bad token", p.SetOAuthBearerToken(kafka.OAuthBearerToken{TokenValue: "\x01", Expiration: time.Unix(1, 0)}))
	})

	reg("oauth.not_configured", func(t *T) {
		p := t.Producer("bootstrap.servers", nowhere, "log_level", 0)
		c := t.Consumer("g", "bootstrap.servers", nowhere, "log_level", 0)
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		plain := t.Producer(withSASL("PLAIN", "u", "p", "bootstrap.servers", nowhere)...)
		for i, h := range []kafka.Handle{p, c, a, plain} {
			t.ErrT(fmt.Sprint(i, " token"), h.SetOAuthBearerToken(good(time.Hour)))
			t.ErrT(fmt.Sprint(i, " failure"), h.SetOAuthBearerTokenFailure("x"))
			t.ErrT(fmt.Sprint(i, " empty failure"), h.SetOAuthBearerTokenFailure(""))
			t.ErrT(fmt.Sprint(i, " bad token"), h.SetOAuthBearerToken(kafka.OAuthBearerToken{}))
		}
		// The mechanism counts only with a protocol that uses it.
		q := t.Producer("bootstrap.servers", nowhere, "log_level", 0, "sasl.mechanisms", "OAUTHBEARER")
		t.ErrT("plaintext", q.SetOAuthBearerToken(good(time.Hour)))
		n, _ := refreshes(q.Events(), time.Second)
		t.P("refreshes %d", n)
	})

	reg("oauth.closed", func(t *T) {
		p := t.Producer(bearer()...)
		c := t.Consumer("g", bearer()...)
		a := t.Admin(bearer()...)
		t.ErrT("admin token", a.SetOAuthBearerToken(good(time.Hour)))
		t.ErrT("admin failure", a.SetOAuthBearerTokenFailure("x"))
		p.Close()
		t.Must("close", c.Close())
		a.Close()
		for i, h := range []kafka.Handle{p, c, a} {
			t.P("%d closed %v", i, h.IsClosed())
			t.ErrT(fmt.Sprint(i, " token"), h.SetOAuthBearerToken(good(time.Hour)))
			t.ErrT(fmt.Sprint(i, " failure"), h.SetOAuthBearerTokenFailure("x"))
		}
	})

	reg("oauth.unsecured_settings", func(t *T) {
		on := []any{"enable.sasl.oauthbearer.unsecure.jwt", true}
		for _, v := range []string{"principal=admin", "", "principal=", "scope=x", "principal=a lifeSeconds=60", "principal=a lifeSeconds=-1", "principal=a lifeSeconds=x", "principal=a scope=role1,role2 scopeClaimName=s principalClaimName=p",
			"principal=a nonsense=1", "nonsense", "principal=a extension_one=1 extension_two=2", "principal=a  lifeSeconds=60"} {
			p, err := kafka.NewProducer(conf(bearer(append(on, "sasl.oauthbearer.config", v)...)...))
			t.ErrT("new "+v, err)
			if err != nil {
				continue
			}
			var first kafka.Error
			end := time.After(1200 * time.Millisecond)
			for done := false; !done; {
				select {
				case ev := <-p.Events():
					if e, ok := ev.(kafka.Error); ok && e.Code() == kafka.ErrAuthentication {
						first, done = e, true
					}
				case <-end:
					done = true
				}
			}
			t.P("%s: %s", v, kef(first))
			if first.Code() != kafka.ErrNoError {
				t.Text("%s: %s", v, first)
			}
			p.Close()
		}
	})

	reg("oauth.credentials_calls", func(t *T) {
		for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-256"} {
			p := t.Producer(withSASL(mechanism, "u", "p", "bootstrap.servers", nowhere)...)
			t.ErrT(mechanism, p.SetSaslCredentials("a", "b"))
			t.ErrT(mechanism+" empty", p.SetSaslCredentials("", ""))
		}
		p := t.Producer(bearer()...)
		t.ErrT("OAUTHBEARER", p.SetSaslCredentials("a", "b"))
		c := t.Consumer("g", "bootstrap.servers", nowhere, "log_level", 0)
		t.ErrT("none", c.SetSaslCredentials("a", "b"))
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0)
		t.ErrT("admin", a.SetSaslCredentials("a", "b"))
	})

	reg("oauth.credentials_changed", func(t *T) {
		topic := t.Topic("topic", 1)
		p := t.Producer(withSASL("PLAIN", "testuser", "wrong", "reconnect.backoff.max.ms", 200)...)
		t.firstErrors("wrong", p, kafka.ErrAuthentication)
		t.ErrT("set", p.SetSaslCredentials("testuser", "testpass"))
		t.report("right", p, message(topic, 0, "k", "v"))
		t.ErrT("set wrong ones again", p.SetSaslCredentials("testuser", "wrong"))
		t.report("the connection stays", p, message(topic, 0, "k", "v"))
	})
}
