package integration_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/integration/cluster"
)

// text returns a file's content.
func text(t testing.TB, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func sasl(mechanism, user, password string) kafka.ConfigMap {
	return kafka.ConfigMap{"sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": password}
}

// secured returns the properties of a listener, with more over them.
func secured(c *cluster.Cluster, l cluster.Listener, more ...kafka.ConfigMap) kafka.ConfigMap {
	m := kafka.ConfigMap{"bootstrap.servers": c.Bootstrap(l), "security.protocol": "ssl"}
	switch l {
	case cluster.Plain:
		m["security.protocol"] = "plaintext"
	case cluster.SASL:
		m["security.protocol"] = "sasl_plaintext"
	case cluster.SASLTLS:
		m["security.protocol"] = "sasl_ssl"
	}
	for _, add := range more {
		maps.Copy(m, add)
	}
	return m
}

// roundTrip produces a message and reads it as a member of a group, both with the same properties.
func roundTrip(t *testing.T, c *cluster.Cluster, conf kafka.ConfigMap) {
	t.Helper()
	topic := newTopic(t, c, 1)
	p := newProducer(t, with(c, conf))
	if r := send(t, p, &kafka.Message{TopicPartition: partition(topic, 0), Value: []byte("safe")}); r.TopicPartition.Error != nil {
		t.Fatalf("report %v: %v", r.TopicPartition, r.TopicPartition.Error)
	}
	r := newConsumer(t, with(c, conf, groupOf(t)))
	subscribe(t, r, topic)
	if m := messages(t, r, 1)[0]; string(m.Value) != "safe" {
		t.Errorf("read %s", m.Value)
	}
	if _, err := r.Commit(); err != nil {
		t.Error(err)
	}
}

func TestSecure(t *testing.T) {
	t.Parallel()
	c := secureBroker(t)
	ca := kafka.ConfigMap{"ssl.ca.location": c.Certs.CA}
	for _, row := range []struct {
		name string
		conf kafka.ConfigMap
	}{
		{"SASL PLAIN", secured(c, cluster.SASL, sasl("PLAIN", cluster.PlainUser, cluster.PlainPassword))},
		{"SASL SCRAM-SHA-256", secured(c, cluster.SASL, sasl("SCRAM-SHA-256", cluster.ScramUser, cluster.ScramPassword))},
		{"SASL SCRAM-SHA-512", secured(c, cluster.SASL, sasl("SCRAM-SHA-512", cluster.ScramUser, cluster.ScramPassword))},
		{"SASL over TLS PLAIN", secured(c, cluster.SASLTLS, ca, sasl("PLAIN", cluster.PlainUser, cluster.PlainPassword))},
		{"SASL over TLS SCRAM-SHA-256", secured(c, cluster.SASLTLS, ca, sasl("SCRAM-SHA-256", cluster.ScramUser, cluster.ScramPassword))},
		{"SASL over TLS SCRAM-SHA-512", secured(c, cluster.SASLTLS, ca, sasl("SCRAM-SHA-512", cluster.ScramUser, cluster.ScramPassword))},
		{"TLS", secured(c, cluster.TLS, ca)},
		{"TLS with the CA as text", secured(c, cluster.TLS, kafka.ConfigMap{"ssl.ca.pem": text(t, c.Certs.CA)})},
		{"TLS to localhost", secured(c, cluster.TLS, ca, kafka.ConfigMap{"bootstrap.servers": strings.ReplaceAll(c.Bootstrap(cluster.TLS), "127.0.0.1", "localhost"), "broker.address.family": "v4"})},
		{"mutual TLS with files", secured(c, cluster.MutualTLS, ca, kafka.ConfigMap{
			"ssl.certificate.location": c.Certs.ClientCert, "ssl.key.location": c.Certs.ClientKey})},
		{"mutual TLS with texts", secured(c, cluster.MutualTLS, kafka.ConfigMap{"ssl.ca.pem": text(t, c.Certs.CA),
			"ssl.certificate.pem": text(t, c.Certs.ClientCert), "ssl.key.pem": text(t, c.Certs.ClientKey)})},
		{"mutual TLS with PKCS#12", secured(c, cluster.MutualTLS, ca, kafka.ConfigMap{
			"ssl.keystore.location": c.Certs.ClientP12, "ssl.keystore.password": c.Certs.P12Secret})},
		{"another host's certificate, names not checked", secured(c, cluster.WrongHost, ca, kafka.ConfigMap{"ssl.endpoint.identification.algorithm": "none"})},
		{"a certificate of nobody, none checked", secured(c, cluster.WrongHost, kafka.ConfigMap{
			"ssl.ca.location": c.Certs.OtherCA, "enable.ssl.certificate.verification": false})},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			roundTrip(t, c, row.conf)
		})
	}
}

// Who is not let in hears why, as an event, again and again but not all the time, and never reads a secret in it.
func TestRefused(t *testing.T) {
	t.Parallel()
	c := secureBroker(t)
	const wrong = "not-the-password"
	ca := kafka.ConfigMap{"ssl.ca.location": c.Certs.CA}
	noTLS := []kafka.ErrorCode{kafka.ErrSsl, kafka.ErrTransport}
	// Who talks to a broker in the wrong way is cut off without a word: it may be that no more than that is known.
	noAnswer := append([]kafka.ErrorCode{kafka.ErrAllBrokersDown}, noTLS...)
	noEntry := []kafka.ErrorCode{kafka.ErrAuthentication}
	for _, row := range []struct {
		name string
		conf kafka.ConfigMap
		want []kafka.ErrorCode // one of them
	}{
		{"PLAIN wrong password", secured(c, cluster.SASL, sasl("PLAIN", cluster.PlainUser, wrong)), noEntry},
		{"PLAIN wrong user", secured(c, cluster.SASL, sasl("PLAIN", "nobody", wrong)), noEntry},
		{"SCRAM-SHA-256 wrong password", secured(c, cluster.SASL, sasl("SCRAM-SHA-256", cluster.ScramUser, wrong)), noEntry},
		{"SCRAM-SHA-512 wrong password", secured(c, cluster.SASLTLS, ca, sasl("SCRAM-SHA-512", cluster.ScramUser, wrong)), noEntry},
		{"SCRAM-SHA-512 wrong user", secured(c, cluster.SASL, sasl("SCRAM-SHA-512", cluster.PlainUser, cluster.PlainPassword)), noEntry},
		{"wrong CA", secured(c, cluster.TLS, kafka.ConfigMap{"ssl.ca.location": c.Certs.OtherCA}), noTLS},
		{"wrong CA under SASL", secured(c, cluster.SASLTLS, kafka.ConfigMap{"ssl.ca.location": c.Certs.OtherCA},
			sasl("PLAIN", cluster.PlainUser, cluster.PlainPassword)), noTLS},
		{"wrong host", secured(c, cluster.WrongHost, ca), noTLS},
		{"no client certificate", secured(c, cluster.MutualTLS, ca), noTLS},
		{"no TLS where the broker wants it", secured(c, cluster.TLS, kafka.ConfigMap{"security.protocol": "plaintext"}), noAnswer},
		{"TLS where the broker has none", secured(c, cluster.Plain, ca, kafka.ConfigMap{"security.protocol": "ssl"}), noTLS},
		{"no SASL where the broker wants it", secured(c, cluster.SASL, kafka.ConfigMap{"security.protocol": "plaintext"}), noAnswer},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var seen []string
			fits := func(e kafka.Error) bool {
				seen = append(seen, fmt.Sprintf("%d: %v", e.Code(), e))
				for _, secret := range []string{wrong, cluster.PlainPassword} {
					if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), secret) {
						t.Errorf("the event holds the password: %v", e)
					}
				}
				if e.IsFatal() {
					t.Errorf("the event is fatal: %v", e)
				}
				return slices.Contains(row.want, e.Code())
			}
			p := newProducer(t, with(c, row.conf))
			timeout := time.After(patience)
			for found := false; !found; {
				select {
				case ev := <-p.Events():
					if e, ok := ev.(kafka.Error); ok {
						found = fits(e)
					}
				case <-timeout:
					t.Fatalf("the producer got no event of %v, but %q", row.want, seen)
				}
			}
			seen = nil
			r := newConsumer(t, with(c, row.conf, groupOf(t)))
			subscribe(t, r, "anything")
			pollUntil(t, r, patience, fmt.Sprintf("an event of %v", row.want), func(ev kafka.Event) bool {
				e, ok := ev.(kafka.Error)
				return ok && fits(e)
			})
		})
	}
}
