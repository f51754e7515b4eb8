package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"
)

// testCert is a certificate with its key, made for one test.
type testCert struct {
	cert    *x509.Certificate
	key     *ecdsa.PrivateKey
	certPEM string
	keyPEM  string // PKCS#8
}

// newCert makes a certificate that the issuer signed, or an authority where there is none. change may alter it.
func newCert(t testing.TB, name string, issuer *testCert, change func(*x509.Certificate)) *testCert {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := template, key
	if issuer == nil {
		template.IsCA, template.BasicConstraintsValid = true, true
		template.KeyUsage = x509.KeyUsageCertSign
	} else {
		parent, signer = issuer.cert, issuer.key
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	c := &testCert{key: key}
	if c.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c.certPEM = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	c.keyPEM = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	return c
}

// loopback is a change for newCert: the certificate of a broker at 127.0.0.1.
func loopback(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} }

// serverTLS is the configuration of a broker that has the certificate, and asks for one of clientCA where it is set.
func serverTLS(t testing.TB, c, clientCA *testCert) *tls.Config {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(c.certPEM), []byte(c.keyPEM))
	if err != nil {
		t.Fatal(err)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if clientCA != nil {
		conf.ClientCAs = x509.NewCertPool()
		conf.ClientCAs.AddCert(clientCA.cert)
		conf.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return conf
}

// inFile writes a file of the test and returns its path.
func inFile(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestKeyPair: the client's certificate from every place and in every form that it may have.
func TestKeyPair(t *testing.T) {
	t.Parallel()
	const password = "very secret"
	ca := newCert(t, "authority", nil, nil)
	client, other := newCert(t, "client", ca, nil), newCert(t, "other", ca, nil)
	sec1, err := x509.MarshalECPrivateKey(client.key)
	if err != nil {
		t.Fatal(err)
	}
	//lint:ignore SA1019 this is what is tested
	legacyBlock, err := x509.EncryptPEMBlock(rand.Reader, "EC PRIVATE KEY", sec1, []byte(password), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	pbes2, err := pkcs8.MarshalPrivateKey(client.key, []byte(password), nil)
	if err != nil {
		t.Fatal(err)
	}
	store, err := pkcs12.Modern.Encode(client.key, client.cert, []*x509.Certificate{ca.cert}, password)
	if err != nil {
		t.Fatal(err)
	}
	oldStore, err := pkcs12.LegacyDES.Encode(client.key, client.cert, nil, password)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	encrypted, legacy := block("ENCRYPTED PRIVATE KEY", pbes2), string(pem.EncodeToMemory(legacyBlock))
	certFile, junk := inFile(t, "cert.pem", client.certPEM+ca.certPEM), inFile(t, "junk", "junk")
	storeFile := inFile(t, "store.p12", string(store))
	for _, tc := range []struct {
		name  string
		conf  ConfigMap
		chain int    // certificates sent; 0: none
		want  string // how the error begins
	}{
		{"nothing", ConfigMap{}, 0, ""},
		{"files", ConfigMap{"ssl.certificate.location": certFile, "ssl.key.location": inFile(t, "key", client.keyPEM)}, 2, ""},
		{"inline", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.pem": client.keyPEM}, 1, ""},
		{"SEC 1", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.pem": block("EC PRIVATE KEY", sec1)}, 1, ""},
		{"key behind the certificate", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.pem": client.certPEM + client.keyPEM}, 1, ""},
		{"encrypted", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.pem": encrypted, "ssl.key.password": password}, 1, ""},
		{"encrypted the old way", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.pem": legacy, "ssl.key.password": password}, 1, ""},
		{"encrypted file", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.location": inFile(t, "key", encrypted), "ssl.key.password": password}, 1, ""},
		{"PKCS#12", ConfigMap{"ssl.keystore.location": storeFile, "ssl.keystore.password": password}, 2, ""},
		{"old PKCS#12", ConfigMap{"ssl.keystore.location": inFile(t, "old.p12", string(oldStore)), "ssl.keystore.password": password}, 1, ""},
		{"certificate alone", ConfigMap{"ssl.certificate.pem": client.certPEM}, 0, ""},

		{"wrong key password", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.pem": encrypted, "ssl.key.password": "no"}, 0, "ssl.key.pem failed: not in PEM format?: the key can't be decrypted"},
		{"wrong old key password", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.pem": legacy, "ssl.key.password": "no"}, 0, "ssl.key.pem failed: not in PEM format?: "},
		{"no key password", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.pem": encrypted}, 0, "ssl.key.pem failed: not in PEM format?: the key is encrypted: set ssl.key.password"},
		{"no certificate file", ConfigMap{"ssl.certificate.location": "no-such-file.pem"}, 0, "ssl.certificate.location failed: open no-such-file.pem"},
		{"certificate file is junk", ConfigMap{"ssl.certificate.location": junk}, 0, "ssl.certificate.location failed: no certificate found"},
		{"certificate is junk", ConfigMap{"ssl.certificate.pem": "junk"}, 0, "ssl.certificate.pem failed: not in PEM format?: "},
		{"no key file", ConfigMap{"ssl.key.location": "no-such-file.pem"}, 0, "ssl.key.location failed: open no-such-file.pem"},
		{"key file is junk", ConfigMap{"ssl.key.location": junk}, 0, "ssl.key.location failed: no private key found"},
		{"key is junk", ConfigMap{"ssl.key.pem": "nonsense"}, 0, "ssl.key.pem failed: not in PEM format?: "},
		{"key alone", ConfigMap{"ssl.key.pem": client.keyPEM}, 0, "Private key check failed: no certificate assigned"},
		{"another's key", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.pem": other.keyPEM}, 0, "ssl.key.pem failed: key values mismatch"},
		{"another's key file", ConfigMap{"ssl.certificate.pem": client.certPEM, "ssl.key.location": inFile(t, "key", other.keyPEM)}, 0, "ssl.key.location failed: key values mismatch"},
		{"wrong keystore password", ConfigMap{"ssl.keystore.location": storeFile, "ssl.keystore.password": "no"}, 0, "Failed to parse PKCS#12 file: " + storeFile},
		{"no keystore", ConfigMap{"ssl.keystore.location": "no-such-file", "ssl.keystore.password": password}, 0, "Failed to open ssl.keystore.location: no-such-file: "},
		{"keystore is junk", ConfigMap{"ssl.keystore.location": junk, "ssl.keystore.password": password}, 0, "Error reading ssl.keystore.location PKCS#12 file: " + junk},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			conf, err := resolve(&tc.conf, producerClient)
			if err != nil {
				t.Fatal(err)
			}
			pairs, err := readKeyPair(conf)
			if tc.want != "" {
				e, ok := err.(Error)
				if !ok || e.Code() != ErrInvalidArg || !strings.HasPrefix(e.String(), tc.want) {
					t.Fatalf("error %v, want ErrInvalidArg %s...", err, tc.want)
				}
				if strings.Contains(e.String(), password) {
					t.Errorf("the error has the password: %v", e)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			chain := 0
			for _, p := range pairs {
				chain += len(p.Certificate)
			}
			if chain != tc.chain {
				t.Errorf("%d certificates, want %d", chain, tc.chain)
			}
		})
	}
}
