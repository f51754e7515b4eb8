package integration_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/integration/cluster"
)

// A token is given before the first connection; the broker takes the user's name from it.
func TestOAuthBearer(t *testing.T) {
	t.Parallel()
	c := secureBroker(t)
	now := time.Now()
	enc := base64.RawURLEncoding.EncodeToString
	token := kafka.OAuthBearerToken{
		TokenValue: enc([]byte(`{"alg":"none"}`)) + "." + enc(fmt.Appendf(nil, `{"sub":"olga","iat":%d,"exp":%d}`, now.Unix()-5, now.Unix()+3600)) + ".",
		Expiration: now.Add(time.Hour),
		Principal:  "olga",
	}
	conf := with(c, secured(c, cluster.SASLTLS, kafka.ConfigMap{"ssl.ca.location": c.Certs.CA, "sasl.mechanism": "OAUTHBEARER"}))
	topic := newTopic(t, c, 1)

	p := newProducer(t, conf)
	select {
	case ev := <-p.Events():
		if _, ok := ev.(kafka.OAuthBearerTokenRefresh); !ok {
			t.Fatalf("the first event is %T %v", ev, ev)
		}
	case <-time.After(patience):
		t.Fatal("nobody asks for a token")
	}
	if err := p.SetOAuthBearerToken(token); err != nil {
		t.Fatal(err)
	}
	if r := send(t, p, &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte("borne")}); r.TopicPartition.Error != nil {
		t.Fatalf("report %v: %v", r.TopicPartition, r.TopicPartition.Error)
	}
	r := newConsumer(t, with(c, *conf, groupOf(t)))
	subscribe(t, r, topic)
	pollUntil(t, r, patience, "the message", func(ev kafka.Event) bool {
		switch e := ev.(type) {
		case kafka.OAuthBearerTokenRefresh:
			if err := r.SetOAuthBearerToken(token); err != nil {
				t.Error(err)
			}
		case *kafka.Message:
			return string(e.Value) == "borne"
		}
		return false
	})

	bad := newProducer(t, conf)
	token.TokenValue = enc([]byte(`{"alg":"none"}`)) + "." + enc(fmt.Appendf(nil, `{"sub":"olga","iat":%d,"exp":%d}`, now.Unix()-7200, now.Unix()-3600)) + "."
	if err := bad.SetOAuthBearerToken(token); err != nil {
		t.Fatal(err)
	}
	timeout := time.After(patience)
	for {
		select {
		case ev := <-bad.Events():
			if e, ok := ev.(kafka.Error); ok && e.Code() == kafka.ErrAuthentication {
				if strings.Contains(e.Error(), token.TokenValue) {
					t.Errorf("the event holds the token: %v", e)
				}
				return
			}
		case <-timeout:
			t.Fatal("no ErrAuthentication event for a token that the broker refuses")
		}
	}
}
