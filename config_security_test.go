package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purego-kafka/kafka/internal/testcluster"
	"github.com/twmb/franz-go/pkg/kfake"
)

// TestTLS: who may talk to whom.
func TestTLS(t *testing.T) {
	t.Parallel()
	ca, otherCA := newCert(t, "authority", nil, nil), newCert(t, "another authority", nil, nil)
	client := newCert(t, "client", ca, nil)
	good := newCert(t, "broker", ca, loopback)
	elsewhere := newCert(t, "broker", ca, func(c *x509.Certificate) { c.DNSNames = []string{"example.com"} })
	byCommonName := newCert(t, "127.0.0.1", ca, nil)
	localhost := newCert(t, "localhost", ca, nil)
	expired := newCert(t, "broker", ca, func(c *x509.Certificate) { loopback(c); c.NotAfter = time.Now().Add(-time.Hour) })
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "authority.pem"), []byte(ca.certPEM), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README"), []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	const unverified = "ssl://.*/bootstrap: SSL handshake failed: certificate verify failed: .*: broker certificate could not be verified, verify that ssl.ca.location is .*"
	for _, tc := range []struct {
		name   string
		broker *tls.Config
		conf   ConfigMap
		code   ErrorCode // of the first event; 0: it connects
		text   string
	}{
		{"good", serverTLS(t, good, nil), ConfigMap{"ssl.ca.pem": ca.certPEM}, 0, ""},
		{"authority in a file", serverTLS(t, good, nil), ConfigMap{"ssl.ca.location": inFile(t, "ca", ca.certPEM)}, 0, ""},
		{"authority in a directory", serverTLS(t, good, nil), ConfigMap{"ssl.ca.location": dir}, 0, ""},
		{"both authorities", serverTLS(t, good, nil), ConfigMap{"ssl.ca.location": inFile(t, "ca", otherCA.certPEM), "ssl.ca.pem": ca.certPEM}, 0, ""},
		{"protocol in capitals", serverTLS(t, good, nil), ConfigMap{"ssl.ca.pem": ca.certPEM, "security.protocol": "SSL"}, 0, ""},
		{"another authority", serverTLS(t, good, nil), ConfigMap{"ssl.ca.pem": otherCA.certPEM}, ErrSsl, unverified},
		{"the system's authorities", serverTLS(t, good, nil), ConfigMap{"ssl.ca.location": "probe"}, ErrSsl, unverified},
		{"another authority, not verified", serverTLS(t, good, nil), ConfigMap{"ssl.ca.pem": otherCA.certPEM, "enable.ssl.certificate.verification": false}, 0, ""},
		{"wrong name", serverTLS(t, elsewhere, nil), ConfigMap{"ssl.ca.pem": ca.certPEM}, ErrSsl, unverified},
		{"wrong name, no endpoint identification", serverTLS(t, elsewhere, nil), ConfigMap{"ssl.ca.pem": ca.certPEM, "ssl.endpoint.identification.algorithm": "none"}, 0, ""},
		{"wrong authority, no endpoint identification", serverTLS(t, elsewhere, nil), ConfigMap{"ssl.ca.pem": otherCA.certPEM, "ssl.endpoint.identification.algorithm": "none"}, ErrSsl, unverified},
		{"common name of another", serverTLS(t, localhost, nil), ConfigMap{"ssl.ca.pem": ca.certPEM}, ErrSsl, unverified},
		{"common name is an address", serverTLS(t, byCommonName, nil), ConfigMap{"ssl.ca.pem": ca.certPEM}, ErrSsl, unverified},
		{"expired", serverTLS(t, expired, nil), ConfigMap{"ssl.ca.pem": ca.certPEM}, ErrSsl, unverified},
		{"client certificate", serverTLS(t, good, ca), ConfigMap{"ssl.ca.pem": ca.certPEM, "ssl.certificate.pem": client.certPEM, "ssl.key.pem": client.keyPEM}, 0, ""},
		{"no client certificate", serverTLS(t, good, ca), ConfigMap{"ssl.ca.pem": ca.certPEM}, ErrTransport, "ssl://.*/bootstrap: Receive failed: .*certificate required.* in state APIVERSION_QUERY\\)"},
		{"cipher suite", serverTLS(t, good, nil), ConfigMap{"ssl.ca.pem": ca.certPEM, "ssl.cipher.suites": "ECDHE-ECDSA-AES128-GCM-SHA256", "ssl.curves.list": "X25519:P-256"}, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var opts []kfake.Opt
			if tc.broker != nil {
				opts = append(opts, kfake.TLS(tc.broker))
			}
			conf := ConfigMap{"security.protocol": "ssl"}
			for k, v := range tc.conf {
				conf[k] = v
			}
			conf["bootstrap.servers"] = testcluster.New(t, 1, opts...).Bootstrap
			w := watch(t, conf)
			if tc.code != 0 {
				wantError(t, w.error(t), tc.code, tc.text)
				wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
				return
			}
			w.up(t)
			if n := len(w.events); n > 0 {
				t.Errorf("it connected, and there are %d events: %v", n, <-w.events)
			}
		})
	}
}

// TestTLSToPlaintext: a broker without TLS closes the connection that begins with a handshake.
func TestTLSToPlaintext(t *testing.T) {
	t.Parallel()
	w := watch(t, ConfigMap{"security.protocol": "ssl", "bootstrap.servers": serve(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 4096))
		_ = c.Close()
	})})
	wantError(t, w.error(t), ErrTransport, "ssl://.*SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker listener\\? \\(after .*in state SSL_HANDSHAKE\\)")
	wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
}

// TestCommonName: a certificate without alternative names is for the host that its common name says, as in the peer.
func TestCommonName(t *testing.T) {
	t.Parallel()
	ca := newCert(t, "authority", nil, nil)
	c := testcluster.New(t, 1, kfake.TLS(serverTLS(t, newCert(t, "localhost", ca, nil), nil)))
	_, port, err := net.SplitHostPort(c.Bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	w := watch(t, ConfigMap{"security.protocol": "ssl", "ssl.ca.pem": ca.certPEM, "bootstrap.servers": "localhost:" + port})
	w.up(t)
}

// TestRenewedCertificates: files that change are read for the next connection, and one that can't be used is not.
func TestRenewedCertificates(t *testing.T) {
	t.Parallel()
	ca, newCA := newCert(t, "authority", nil, nil), newCert(t, "new authority", nil, nil)
	file := inFile(t, "ca.pem", ca.certPEM)
	w := watchUnstarted(t, ConfigMap{"bootstrap.servers": unusedAddr(t), "security.protocol": "ssl", "ssl.ca.location": file})
	trusts := func(c *testCert) error {
		conf, err := w.tls.config("127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		return conf.VerifyConnection(tls.ConnectionState{PeerCertificates: []*x509.Certificate{c.cert}})
	}
	broker, newBroker := newCert(t, "broker", ca, loopback), newCert(t, "broker", newCA, loopback)
	if err := trusts(broker); err != nil {
		t.Fatal(err)
	}
	if trusts(newBroker) == nil {
		t.Fatal("the new authority is trusted before it is there")
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(newCA.certPEM + "renewed\n")
	if err := trusts(newBroker); err != nil {
		t.Errorf("after the file was replaced: %v", err)
	}
	if trusts(broker) == nil {
		t.Error("the old authority is still trusted")
	}
	write("junk")
	if err := trusts(newBroker); err != nil {
		t.Errorf("a file that can't be used replaced the one before: %v", err)
	}
	if l := w.line(t, "SSL"); l.Level != logErr || !strings.Contains(l.Message, "ssl.ca.location failed") {
		t.Errorf("log line %v", l)
	}
}

func TestSecuritySettings(t *testing.T) {
	t.Parallel()
	junk := inFile(t, "junk", "junk")
	for _, tc := range []struct {
		conf ConfigMap
		want string // how the error begins; empty: none
	}{
		{ConfigMap{"security.protocol": "ssl"}, ""},
		{ConfigMap{"ssl.ca.location": "no-such-file.pem"}, ""},
		{ConfigMap{"security.protocol": "ssl", "ssl.ca.location": "no-such-file.pem"}, "ssl.ca.location failed: "},
		{ConfigMap{"security.protocol": "sasl_ssl", "sasl.mechanism": "OAUTHBEARER", "ssl.ca.location": "no-such-file.pem"}, "ssl.ca.location failed: "},
		{ConfigMap{"security.protocol": "ssl", "ssl.ca.location": junk}, "ssl.ca.location failed: "},
		{ConfigMap{"security.protocol": "ssl", "ssl.ca.location": t.TempDir()}, ""},
		{ConfigMap{"security.protocol": "ssl", "ssl.ca.pem": "nonsense"}, "failed to read certificate #0 from ssl.ca.pem: not in PEM format?: "},
		{ConfigMap{"security.protocol": "ssl", "ssl.cipher.suites": "NOPE"}, "ssl.cipher.suites failed: no cipher match"},
		{ConfigMap{"security.protocol": "ssl", "ssl.cipher.suites": "HIGH:!aNULL"}, ""},
		{ConfigMap{"security.protocol": "ssl", "ssl.curves.list": "NOPE"}, "ssl.curves.list failed: "},
		{ConfigMap{"security.protocol": "ssl", "ssl.crl.location": junk}, "ssl.crl.location: revocation lists are not supported yet; leave it out"},
		{ConfigMap{"security.protocol": "sasl_plaintext"}, "No provider for SASL mechanism GSSAPI: "},
		{ConfigMap{"security.protocol": "sasl_plaintext", "sasl.mechanisms": "PLAIN"}, "sasl.username and sasl.password must be set"},
		{ConfigMap{"security.protocol": "sasl_plaintext", "sasl.mechanisms": "plain", "sasl.username": "u", "sasl.password": "p"}, "Unsupported SASL mechanism: plain"},
	} {
		err := func() error {
			conf, err := resolve(&tc.conf, producerClient)
			if err != nil {
				return err
			}
			c := &client{conf: conf}
			_, err = c.securityOpts()
			return err
		}()
		e, _ := err.(Error)
		if tc.want == "" && err != nil || tc.want != "" && (e.Code() != ErrInvalidArg || !strings.HasPrefix(e.String(), tc.want)) {
			t.Errorf("%v: error %v, want %q", tc.conf, err, tc.want)
		}
	}
}

func TestCipherSuites(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]uint16{
		"":                            nil,
		"ECDHE-RSA-AES128-GCM-SHA256": {tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256},
		"ECDHE-ECDSA-CHACHA20-POLY1305:AES256-SHA": {tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_RSA_WITH_AES_256_CBC_SHA},
		"NOPE:ECDHE-ECDSA-AES256-SHA":              {tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA},
		"AES128-SHA256:AES128-SHA:-AES128-SHA256":  {tls.TLS_RSA_WITH_AES_128_CBC_SHA},
	} {
		if got, err := cipherSuites(list); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %x, %v; want %x", list, got, err, want)
		}
	}
	if got, err := cipherSuites("DEFAULT:!ECDHE-RSA-AES128-GCM-SHA256"); err != nil || len(got) == 0 || slices.Contains(got, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256) {
		t.Errorf("all but one: %x, %v", got, err)
	}
}

// TestSetupTimeout: a broker that accepts and says nothing more.
func TestSetupTimeout(t *testing.T) {
	t.Parallel()
	addr := serve(t, func(net.Conn) {})
	w := watch(t, ConfigMap{"bootstrap.servers": addr, "security.protocol": "ssl", "socket.connection.setup.timeout.ms": 1000})
	wantError(t, w.error(t), ErrAllBrokersDown, "1/1 brokers are down")
	l := w.line(t, "FAIL")
	_, after, ok := strings.Cut(l.Message, "Connection setup timed out in state SSL_HANDSHAKE (after ")
	took, _, _ := strings.Cut(after, "ms")
	if ms, err := strconv.Atoi(took); l.Level != logWarning || !ok || err != nil || ms < 1000 {
		t.Errorf("log line %v", l)
	}
}

// TestSocketSettings: every setting of sockets is taken by the system, on a connection that works.
func TestSocketSettings(t *testing.T) {
	t.Parallel()
	c := testcluster.New(t, 1)
	_, port, err := net.SplitHostPort(c.Bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	w := watchUnstarted(t, ConfigMap{"bootstrap.servers": c.Bootstrap, "socket.keepalive.enable": true, "socket.nagle.disable": false,
		"socket.send.buffer.bytes": 100000, "socket.receive.buffer.bytes": 100000, "broker.address.family": "v4"})
	d := newDialer(w.client)
	conn, err := d.dial(t.Context(), "tcp", "localhost:"+port)
	if err != nil {
		t.Fatal(err)
	}
	if host, _, _ := net.SplitHostPort(conn.RemoteAddr().String()); host != "127.0.0.1" {
		t.Errorf("broker.address.family=v4 connected to %s", host)
	}
	if d.net.KeepAlive != 0 {
		t.Error("keepalive is off")
	}
	if ips := d.names.hosts["localhost"].ips; len(ips) == 0 || !ips[0].Is4() {
		t.Errorf("the resolver's answer is not kept: %v", ips)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(conn); err == nil {
		t.Error("reading a closed connection")
	}
	d = newDialer(watchUnstarted(t, ConfigMap{"bootstrap.servers": c.Bootstrap, "broker.address.family": "v6"}).client)
	if conn, err := d.dial(t.Context(), "tcp", c.Bootstrap); err == nil {
		t.Errorf("broker.address.family=v6 connected to %s", conn.RemoteAddr())
	}
}
