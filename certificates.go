package kafka

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"strings"

	"github.com/youmark/pkcs8"
	"software.sslmate.com/src/go-pkcs12"
)

// readKeyPair reads the client's certificate and key from wherever ssl.certificate.*, ssl.key.* and ssl.keystore.*
// say. As in the peer the later of several sources wins: location, then pem, then keystore.
func readKeyPair(conf *settings) ([]tls.Certificate, error) {
	var chain []*x509.Certificate
	var key crypto.PrivateKey
	keyFrom := ""
	for _, source := range []struct {
		property string
		hint     string
	}{{"ssl.certificate.location", ""}, {"ssl.certificate.pem", "not in PEM format?: "}} {
		data, err := readProperty(conf, source.property)
		if err == nil && data != nil {
			if chain, err = parseCertificates(data); err == nil && len(chain) == 0 {
				err = errNoCertificate
			}
		}
		if err != nil {
			return nil, newErrorf(ErrInvalidArg, "%s failed: %s%v", source.property, source.hint, err).withCause(err)
		}
	}
	for _, source := range []struct {
		property string
		hint     string
	}{{"ssl.key.location", ""}, {"ssl.key.pem", "not in PEM format?: "}} {
		data, err := readProperty(conf, source.property)
		if err == nil && data != nil {
			key, err = parseKey(data, conf.str("ssl.key.password"))
			keyFrom = source.property
		}
		if err != nil {
			return nil, newErrorf(ErrInvalidArg, "%s failed: %s%v", source.property, source.hint, err).withCause(err)
		}
	}
	if path := conf.str("ssl.keystore.location"); path != "" {
		var err error
		if key, chain, err = readKeystore(path, conf.str("ssl.keystore.password")); err != nil {
			return nil, err
		}
		keyFrom = "ssl.keystore.location"
	}
	switch {
	case key == nil: // a certificate alone proves nothing and is not sent
		return nil, nil
	case len(chain) == 0:
		return nil, newErrorf(ErrInvalidArg, "Private key check failed: no certificate assigned: set ssl.certificate.location or ssl.certificate.pem beside %s", keyFrom)
	case !samePublicKey(key, chain[0]):
		return nil, newErrorf(ErrInvalidArg, "%s failed: key values mismatch: it is not the key of the certificate", keyFrom)
	}
	pair := tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, c := range chain {
		pair.Certificate = append(pair.Certificate, c.Raw)
	}
	return []tls.Certificate{pair}, nil
}

// readProperty returns the text of a property, or of the file that it names; nil where it is not set.
func readProperty(conf *settings, name string) ([]byte, error) {
	v := conf.str(name)
	if v == "" {
		return nil, nil
	}
	if strings.HasSuffix(name, ".location") {
		return os.ReadFile(v)
	}
	return []byte(v), nil
}

// parseKey returns the first private key of a text in PEM format, decrypted where it needs to be.
func parseKey(data []byte, password string) (crypto.PrivateKey, error) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return nil, errNoKey
		}
		if block.Type != "PRIVATE KEY" && !strings.HasSuffix(block.Type, " PRIVATE KEY") {
			continue
		}
		return parseKeyBlock(block, password)
	}
}

func parseKeyBlock(block *pem.Block, password string) (crypto.PrivateKey, error) {
	der := block.Bytes
	//lint:ignore SA1019 such keys are still in use, and the peer reads them
	legacy := x509.IsEncryptedPEMBlock(block)
	if (legacy || block.Type == "ENCRYPTED PRIVATE KEY") && password == "" {
		return nil, errors.New("the key is encrypted: set ssl.key.password")
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" {
		key, err := pkcs8.ParsePKCS8PrivateKey(der, []byte(password))
		if err != nil {
			return nil, errors.New("the key can't be decrypted: wrong ssl.key.password, or an unknown kind of encryption")
		}
		return key, nil
	}
	if legacy {
		var err error
		//lint:ignore SA1019 such keys are still in use, and the peer reads them
		if der, err = x509.DecryptPEMBlock(block, []byte(password)); err != nil {
			return nil, errors.New("the key can't be decrypted: wrong ssl.key.password")
		}
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(der)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(der)
	}
	return x509.ParsePKCS8PrivateKey(der)
}

// readKeystore reads a PKCS#12 file. Its other certificates are sent along: those between the client's and its root.
func readKeystore(path, password string) (crypto.PrivateKey, []*x509.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, newErrorf(ErrInvalidArg, "Failed to open ssl.keystore.location: %s: %v", path, err).withCause(err)
	}
	key, leaf, others, err := pkcs12.DecodeChain(data, password)
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, nil, newErrorf(ErrInvalidArg, "Failed to parse PKCS#12 file: %s: incorrect password: check ssl.keystore.password", path).withCause(err)
	}
	if err != nil {
		return nil, nil, newErrorf(ErrInvalidArg, "Error reading ssl.keystore.location PKCS#12 file: %s: %v", path, err).withCause(err)
	}
	return key, append([]*x509.Certificate{leaf}, others...), nil
}

// samePublicKey reports whether a private key is that of a certificate.
func samePublicKey(key crypto.PrivateKey, cert *x509.Certificate) bool {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return false
	}
	a, errA := x509.MarshalPKIXPublicKey(signer.Public())
	b, errB := x509.MarshalPKIXPublicKey(cert.PublicKey)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}
