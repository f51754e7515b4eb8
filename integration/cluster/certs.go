package cluster

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	pkcs12 "software.sslmate.com/src/go-pkcs12"
)

// Certs are the files of a small authority: what a client needs to talk to the TLS listeners.
type Certs struct {
	CA      string // the authority's certificate, PEM
	OtherCA string // an authority that signed nothing here, PEM

	ClientCert string // CN=carla, signed by CA, PEM
	ClientKey  string // PKCS#8, PEM
	ClientP12  string // certificate and key as PKCS#12
	P12Secret  string // its password

	brokerStore    string // key and chain for 127.0.0.1 and localhost
	wrongHostStore string // key and chain for another host
}

// ClientName is the subject of the client's certificate, as the broker calls the user.
const ClientName = "CN=carla"

// issued is a certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newCerts makes the authority, the certificates of the brokers and of a client, and writes them to dir.
func newCerts(dir string) (*Certs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	w := certWriter{dir: dir}
	ca := w.issue("test authority", nil, nil)
	other := w.issue("other authority", nil, nil)
	broker := w.issue("broker", ca, []string{"127.0.0.1", "localhost"})
	wrong := w.issue("broker", ca, []string{"elsewhere.example"})
	client := w.issue("carla", ca, nil)
	c := &Certs{
		CA:             w.pem("ca.pem", ca.certPEM()),
		OtherCA:        w.pem("other-ca.pem", other.certPEM()),
		ClientCert:     w.pem("client.pem", client.certPEM()),
		ClientKey:      w.pem("client.key", w.keyPEM(client)),
		P12Secret:      "p12-secret",
		brokerStore:    w.pem("broker-store.pem", w.keyPEM(broker), broker.certPEM(), ca.certPEM()),
		wrongHostStore: w.pem("wrong-host-store.pem", w.keyPEM(wrong), wrong.certPEM(), ca.certPEM()),
	}
	if w.err == nil {
		var p12 []byte
		p12, w.err = pkcs12.Modern.Encode(client.key, client.cert, []*x509.Certificate{ca.cert}, c.P12Secret)
		c.ClientP12 = w.pem("client.p12", p12)
	}
	return c, w.err
}

// certWriter issues and writes; its first error ends it.
type certWriter struct {
	dir    string
	serial int64
	err    error
}

// issue makes a certificate: of an authority where no issuer is given, else for hosts, or for a client without any.
func (w *certWriter) issue(name string, issuer *issued, hosts []string) *issued {
	out := &issued{}
	if w.err != nil {
		return out
	}
	w.serial++
	t := &x509.Certificate{
		SerialNumber: big.NewInt(w.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.err = err
		return out
	}
	parent, signer := t, crypto.Signer(key)
	switch {
	case issuer == nil:
		t.IsCA, t.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	default:
		parent, signer = issuer.cert, issuer.key
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		if len(hosts) > 0 {
			t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent, key.Public(), signer)
	if err != nil {
		w.err = fmt.Errorf("issuing the certificate of %s: %w", name, err)
		return out
	}
	out.key = key
	out.cert, w.err = x509.ParseCertificate(der)
	return out
}

func (i *issued) certPEM() []byte {
	if i.cert == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw})
}

func (w *certWriter) keyPEM(i *issued) []byte {
	if w.err != nil {
		return nil
	}
	var der []byte
	if der, w.err = x509.MarshalPKCS8PrivateKey(i.key); w.err != nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// pem writes the parts to a file and returns its path.
func (w *certWriter) pem(name string, parts ...[]byte) string {
	path := filepath.Join(w.dir, name)
	if w.err == nil {
		w.err = os.WriteFile(path, slices.Concat(parts...), 0o600)
	}
	return path
}
