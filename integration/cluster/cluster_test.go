package cluster

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"strings"
	"testing"

	pkcs12 "software.sslmate.com/src/go-pkcs12"
)

// The ready line may come in pieces, and once is enough.
func TestWatcher(t *testing.T) {
	t.Parallel()
	text := "before\nKafka Server started\nafter\n"
	for size := 1; size <= len(text); size++ {
		seen, to := 0, &bytes.Buffer{}
		w := &watcher{to: to, line: []byte("Kafka Server started"), seen: func() { seen++ }}
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			if _, err := w.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			if cut := len(text) - len(rest) + n; seen > 0 != strings.Contains(text[:cut], "Kafka Server started") {
				t.Fatalf("pieces of %d: seen %d times after %q", size, seen, text[:cut])
			}
			rest = rest[n:]
		}
		if to.String() != text {
			t.Errorf("pieces of %d: copied %q", size, to)
		}
	}
}

func TestFreePorts(t *testing.T) {
	t.Parallel()
	ports, err := freePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if p < 12000 || p >= 30000 || seen[p] {
			t.Errorf("port %d of %v", p, ports)
		}
		seen[p] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d ports, want 20", len(seen))
	}
}

func TestCerts(t *testing.T) {
	t.Parallel()
	c, err := newCerts(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pool := func(file string) *x509.CertPool {
		p := x509.NewCertPool()
		if !p.AppendCertsFromPEM(read(t, file)) {
			t.Fatalf("no certificate in %s", file)
		}
		return p
	}
	leaf := func(file string) *x509.Certificate {
		for rest := read(t, file); ; {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				t.Fatalf("no certificate in %s", file)
			}
			if block.Type == "CERTIFICATE" {
				cert, err := x509.ParseCertificate(block.Bytes)
				if err != nil {
					t.Fatal(err)
				}
				return cert
			}
		}
	}
	verify := func(file, host string, roots *x509.CertPool, use x509.ExtKeyUsage) error {
		_, err := leaf(file).Verify(x509.VerifyOptions{Roots: roots, DNSName: host, KeyUsages: []x509.ExtKeyUsage{use}})
		return err
	}
	ours, others := pool(c.CA), pool(c.OtherCA)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if err := verify(c.brokerStore, host, ours, x509.ExtKeyUsageServerAuth); err != nil {
			t.Errorf("the broker's certificate for %s: %v", host, err)
		}
	}
	if verify(c.brokerStore, "localhost", others, x509.ExtKeyUsageServerAuth) == nil {
		t.Error("the other authority vouches for the broker")
	}
	if verify(c.wrongHostStore, "localhost", ours, x509.ExtKeyUsageServerAuth) == nil {
		t.Error("the certificate of the wrong host is good for localhost")
	}
	if err := verify(c.ClientCert, "", ours, x509.ExtKeyUsageClientAuth); err != nil {
		t.Errorf("the client's certificate: %v", err)
	}
	if _, cert, _, err := pkcs12.DecodeChain(read(t, c.ClientP12), c.P12Secret); err != nil || !cert.Equal(leaf(c.ClientCert)) {
		t.Errorf("the client's PKCS#12 file holds %v, %v", cert, err)
	}
}

func TestWrongNodeCount(t *testing.T) {
	t.Parallel()
	if _, err := Start(t.Context(), Options{Nodes: 2}); err == nil || !strings.Contains(err.Error(), "1 or 3") {
		t.Errorf("a cluster of 2: %v", err)
	}
}

// A machine without Java or Maven hears what to install.
func TestMissingTool(t *testing.T) {
	t.Setenv("PATH", "")
	for _, name := range []string{"java", "mvn"} {
		_, err := tool(name, "a thing")
		if err == nil || !strings.Contains(err.Error(), "install a thing") || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
