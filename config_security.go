package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// securityOpts are the engine's options of security.protocol and the SASL mechanism. It reads the files that ssl.*
// properties name, if TLS is in use at all, and so fails where they can't be used.
func (c *client) securityOpts() ([]kgo.Opt, error) {
	var useTLS, useSASL bool
	switch p := strings.ToLower(c.conf.str("security.protocol")); p {
	case "plaintext":
	case "ssl":
		useTLS = true
	case "sasl_plaintext":
		useSASL = true
	case "sasl_ssl":
		useTLS, useSASL = true, true
	default:
		return nil, newErrorf(ErrInvalidArg, "Invalid value %q for configuration property %q", p, "security.protocol")
	}
	if useTLS {
		source, err := newTLSSource(c)
		if err != nil {
			return nil, err
		}
		c.tls = source
	}
	if !useSASL {
		return nil, nil
	}
	return c.saslOpts()
}

// tlsSource makes the TLS settings of connections. Files that have changed are read again for the next connection, so
// that certificates can be renewed while a client runs; where that fails the old ones stay, and a line is logged.
type tlsSource struct {
	conf *settings
	log  *logger

	mu      sync.Mutex // guards what is below
	current *tls.Config
	roots   *x509.CertPool // nil: those of the system
	stamps  map[string]fileStamp
}

// fileStamp tells whether a file has changed.
type fileStamp struct {
	modified time.Time
	size     int64
}

func newTLSSource(c *client) (*tlsSource, error) {
	s := &tlsSource{conf: c.conf, log: c.log}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s, s.readLocked()
}

// config returns the settings for a connection to host.
func (s *tlsSource) config(host string) (*tls.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changedLocked() {
		if err := s.readLocked(); err != nil {
			s.log.printf(logErr, "SSL", "Certificate files have changed but can't be used, those read before stay: %v", err)
		}
	}
	conf := s.current.Clone()
	conf.ServerName = host
	// The peer's verification is done here, not by crypto/tls: it can leave out the name, and it takes the common name
	// of a certificate without alternative names.
	conf.InsecureSkipVerify = true // VerifyConnection below does it
	if s.conf.flag("enable.ssl.certificate.verification") {
		roots, name := s.roots, host
		if strings.EqualFold(s.conf.str("ssl.endpoint.identification.algorithm"), "none") {
			name = ""
		}
		conf.VerifyConnection = func(state tls.ConnectionState) error { return verifyBroker(state.PeerCertificates, roots, name) }
	}
	return conf, nil
}

// verifyError is what is wrong with a broker's certificate.
type verifyError struct{ err error }

func (e *verifyError) Error() string { return e.err.Error() }
func (e *verifyError) Unwrap() error { return e.err }

// verifyBroker checks a broker's certificates against the roots and, unless it is empty, the name that was dialled.
func verifyBroker(certs []*x509.Certificate, roots *x509.CertPool, name string) error {
	if len(certs) == 0 {
		return &verifyError{errors.New("the broker sent no certificate")}
	}
	leaf := certs[0]
	between := x509.NewCertPool()
	for _, c := range certs[1:] {
		between.AddCert(c)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between}); err != nil {
		return &verifyError{err}
	}
	if name == "" {
		return nil
	}
	if len(leaf.DNSNames)+len(leaf.IPAddresses)+len(leaf.EmailAddresses)+len(leaf.URIs) == 0 && leaf.Subject.CommonName != "" {
		named := *leaf
		named.DNSNames = []string{leaf.Subject.CommonName}
		leaf = &named
	}
	if err := leaf.VerifyHostname(name); err != nil {
		return &verifyError{err}
	}
	return nil
}

// changedLocked reports whether a file that was read is not what it was.
func (s *tlsSource) changedLocked() bool {
	for path, was := range s.stamps {
		if stamp(path) != was {
			return true
		}
	}
	return false
}

// stamp describes a file, or a directory by the latest of its files.
func stamp(path string) fileStamp {
	info, err := os.Stat(path)
	if err != nil {
		return fileStamp{}
	}
	st := fileStamp{modified: info.ModTime(), size: info.Size()}
	if !info.IsDir() {
		return st
	}
	entries, _ := os.ReadDir(path)
	for _, e := range entries {
		if i, err := os.Stat(filepath.Join(path, e.Name())); err == nil {
			st.size += i.Size()
			if i.ModTime().After(st.modified) {
				st.modified = i.ModTime()
			}
		}
	}
	return st
}

// readLocked reads all that the ssl.* properties name. Nothing changes where it fails.
func (s *tlsSource) readLocked() error {
	if s.stamps == nil {
		s.stamps = map[string]fileStamp{}
	}
	for _, name := range []string{"ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.keystore.location"} {
		if path := s.conf.str(name); path != "" && (name != "ssl.ca.location" || path != "probe") {
			s.stamps[path] = stamp(path)
		}
	}
	roots, err := readRoots(s.conf)
	if err != nil {
		return err
	}
	certs, err := readKeyPair(s.conf)
	if err != nil {
		return err
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: certs}
	if conf.CipherSuites, err = cipherSuites(s.conf.str("ssl.cipher.suites")); err != nil {
		return err
	}
	if conf.CurvePreferences, err = curves(s.conf.str("ssl.curves.list")); err != nil {
		return err
	}
	s.roots, s.current = roots, conf
	return nil
}

// readRoots reads ssl.ca.location and ssl.ca.pem. Where neither is set it is nil, for the system's roots.
func readRoots(conf *settings) (*x509.CertPool, error) {
	path, inline := conf.str("ssl.ca.location"), conf.str("ssl.ca.pem")
	if (path == "" || path == "probe") && inline == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if path != "" && path != "probe" {
		if err := addRoots(pool, path); err != nil {
			return nil, newErrorf(ErrInvalidArg, "ssl.ca.location failed: %v", err).withCause(err)
		}
	}
	if inline != "" {
		certs, err := parseCertificates([]byte(inline))
		if err == nil && len(certs) == 0 {
			err = errNoCertificate
		}
		if err != nil {
			return nil, newErrorf(ErrInvalidArg, "failed to read certificate #0 from ssl.ca.pem: not in PEM format?: %v", err).withCause(err)
		}
		for _, c := range certs {
			pool.AddCert(c)
		}
	}
	return pool, nil
}

var (
	errNoCertificate = errors.New("no certificate found")
	errNoKey         = errors.New("no private key found")
)

// addRoots adds the certificates of a file, or of all files of a directory that are in PEM format.
func addRoots(pool *x509.CertPool, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	files := []string{path}
	if info.IsDir() {
		files = nil
		entries, err := os.ReadDir(path)
		if err != nil {
			return err
		}
		for _, e := range entries {
			file := filepath.Join(path, e.Name())
			if i, err := os.Stat(file); err == nil && i.Mode().IsRegular() {
				files = append(files, file)
			}
		}
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		certs, err := parseCertificates(data)
		if !info.IsDir() {
			if err == nil && len(certs) == 0 {
				err = errNoCertificate
			}
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
		for _, c := range certs {
			pool.AddCert(c)
		}
	}
	return nil
}

// parseCertificates returns the certificates of a text in PEM format; other blocks are passed over.
func parseCertificates(data []byte) (certs []*x509.Certificate, err error) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return certs, nil
		}
		if block.Type != "CERTIFICATE" && block.Type != "TRUSTED CERTIFICATE" && block.Type != "X509 CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return certs, err
		}
		certs = append(certs, c)
	}
}

// cipherSuites translates OpenSSL's names. Names that it has for groups (HIGH, DEFAULT, ...) mean Go's own choice. As
// in the peer an unknown name is passed over as long as one is known, and TLS 1.3 has its suites whatever is set.
func cipherSuites(list string) ([]uint16, error) {
	if list == "" {
		return nil, nil
	}
	known := map[string]uint16{}
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if !slices.Equal(s.SupportedVersions, []uint16{tls.VersionTLS13}) {
			known[openSSLName(s.Name)] = s.ID
			known[s.Name] = s.ID
		}
	}
	var ids []uint16
	groups := false
	for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		switch {
		case strings.HasPrefix(name, "!"), strings.HasPrefix(name, "-"):
			// What is excluded by group (aNULL, MD5, ...) is nothing that Go offers; a suite is left out below.
		case known[strings.TrimPrefix(name, "+")] != 0:
			ids = append(ids, known[strings.TrimPrefix(name, "+")])
		case slices.Contains(cipherGroups, strings.Split(strings.TrimPrefix(name, "+"), "+")[0]), strings.HasPrefix(name, "@"):
			groups = true
		}
	}
	if len(ids) == 0 && groups {
		for _, s := range tls.CipherSuites() {
			ids = append(ids, s.ID)
		}
	}
	for _, name := range strings.Split(list, ":") {
		if id := known[strings.TrimLeft(name, "!-")]; id != 0 && strings.ContainsAny(name[:1], "!-") {
			ids = slices.DeleteFunc(ids, func(have uint16) bool { return have == id })
		}
	}
	if len(ids) == 0 {
		return nil, newErrorf(ErrInvalidArg, "ssl.cipher.suites failed: no cipher match in %q", list)
	}
	return ids, nil
}

var cipherGroups = []string{"DEFAULT", "COMPLEMENTOFDEFAULT", "ALL", "HIGH", "MEDIUM", "ECDHE", "EECDH", "kECDHE", "kEECDH", "ECDSA", "aECDSA", "RSA", "aRSA", "kRSA", "AES", "AES128", "AES256", "AESGCM", "CHACHA20", "SHA", "SHA1", "SHA256", "SHA384", "TLSv1.2"}

// openSSLName is what OpenSSL calls a cipher suite of TLS 1.2 and before: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is
// ECDHE-RSA-AES128-GCM-SHA256.
func openSSLName(name string) string {
	name = strings.TrimPrefix(name, "TLS_")
	exchange, cipher, _ := strings.Cut(name, "_WITH_")
	cipher = strings.NewReplacer("AES_128_CBC", "AES128", "AES_256_CBC", "AES256", "AES_128", "AES128", "AES_256", "AES256",
		"3DES_EDE_CBC", "DES-CBC3", "RC4_128", "RC4", "CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305").Replace(cipher)
	if exchange == "RSA" {
		return strings.ReplaceAll(cipher, "_", "-")
	}
	return strings.ReplaceAll(exchange+"-"+cipher, "_", "-")
}

// curves translates the names of ssl.curves.list.
func curves(list string) ([]tls.CurveID, error) {
	if list == "" {
		return nil, nil
	}
	known := map[string]tls.CurveID{
		"p-256": tls.CurveP256, "prime256v1": tls.CurveP256, "secp256r1": tls.CurveP256,
		"p-384": tls.CurveP384, "secp384r1": tls.CurveP384,
		"p-521": tls.CurveP521, "secp521r1": tls.CurveP521,
		"x25519": tls.X25519, "x25519mlkem768": tls.X25519MLKEM768,
		"secp256r1mlkem768": tls.SecP256r1MLKEM768, "secp384r1mlkem1024": tls.SecP384r1MLKEM1024,
	}
	var ids []tls.CurveID
	for _, name := range strings.Split(list, ":") {
		id := known[strings.ToLower(name)]
		if id == 0 {
			return nil, newErrorf(ErrInvalidArg, "ssl.curves.list failed: unknown curve %q: known are P-256, P-384, P-521, X25519, "+
				"X25519MLKEM768, SecP256r1MLKEM768 and SecP384r1MLKEM1024", name)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
