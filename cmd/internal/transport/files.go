package transport

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"picket/config"
)

// read makes the configurations of both sides from the files.
func read(t config.TLS) (*material, error) {
	m := &material{}
	own, errOwn := readPair(pair{"tls-cert-file", t.CertFile, "tls-key-file", t.KeyFile, t.KeyFilePass})
	trusted, errTrusted := readAuthorities(t)
	suites, errSuites := cipherSuites(t.Ciphers)
	lowest, highest, errVersions := versions(t.Protocols)
	shown, errShown := own, error(nil)
	if t.Replication && t.ClientCertFile != "" {
		shown, errShown = readPair(pair{"tls-client-cert-file", t.ClientCertFile, "tls-client-key-file", t.ClientKeyFile, t.ClientKeyFilePass})
	}
	if err := errors.Join(errOwn, errShown, errTrusted, errSuites, errVersions); err != nil {
		return nil, err
	}
	base := tls.Config{CipherSuites: suites, MinVersion: lowest, MaxVersion: highest}
	if t.Port != 0 {
		m.server = serverConfig(base.Clone(), t, own, trusted)
	}
	if t.Replication {
		m.client = clientConfig(base.Clone(), shown, trusted)
	}
	return m, nil
}

// pair names a certificate and its key by their directives and files.
type pair struct{ certName, certFile, keyName, keyFile, password string }

// readPair reads a certificate and its key.
func readPair(p pair) (tls.Certificate, error) {
	none := tls.Certificate{}
	switch {
	case p.certFile == "":
		return none, fmt.Errorf("TLS needs a certificate: set %s to a file that holds one", p.certName)
	case p.keyFile == "":
		return none, fmt.Errorf("TLS needs the key of %s %s: set %s to the file that holds it", p.certName, p.certFile, p.keyName)
	}
	cert, errCert := os.ReadFile(p.certFile)
	key, errKey := os.ReadFile(p.keyFile)
	if err := errors.Join(unread(p.certName, errCert), unread(p.keyName, errKey)); err != nil {
		return none, err
	}
	if !holds(cert, "CERTIFICATE") {
		return none, fmt.Errorf("read %s %s: it holds no certificate in PEM form", p.certName, p.certFile)
	}
	der, err := plainKey(key, p.password)
	if err != nil {
		return none, fmt.Errorf("read %s %s: %w", p.keyName, p.keyFile, err)
	}
	c, err := tls.X509KeyPair(cert, der)
	if err != nil {
		return none, fmt.Errorf("use %s %s with %s %s: %w", p.certName, p.certFile, p.keyName, p.keyFile, err)
	}
	return c, nil
}

// unread says which directive named a file that cannot be read.
func unread(directive string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read %s: %w; name a file that this user can read", directive, err)
}

func holds(text []byte, kind string) bool {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == kind {
			return true
		}
	}
	return false
}

// readAuthorities reads those that are trusted. Redis' rule: there must be some unless
// nobody's certificate is ever looked at.
func readAuthorities(t config.TLS) (*x509.CertPool, error) {
	if t.CACertFile == "" && t.CACertDir == "" {
		if t.Replication || t.AuthClients != "no" {
			return nil, errors.New("TLS needs to know whom to trust: set tls-ca-cert-file or tls-ca-cert-dir, " +
				"or, without tls-replication, tls-auth-clients no")
		}
		return x509.NewCertPool(), nil
	}
	pool := x509.NewCertPool()
	if t.CACertFile != "" {
		text, err := os.ReadFile(t.CACertFile)
		if err != nil {
			return nil, unread("tls-ca-cert-file", err)
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("read tls-ca-cert-file %s: it holds no certificate in PEM form", t.CACertFile)
		}
	}
	if t.CACertDir != "" {
		return pool, readFolder(pool, t.CACertDir)
	}
	return pool, nil
}

// readFolder adds the certificates of a folder. What else lies there is passed over: with
// OpenSSL's links every file is there twice, and so may be a README.
func readFolder(pool *x509.CertPool, dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return unread("tls-ca-cert-dir", err)
	}
	found := false
	for _, entry := range list {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		found = (err == nil && pool.AppendCertsFromPEM(text)) || found
	}
	if !found {
		return fmt.Errorf("read tls-ca-cert-dir %s: no file in it holds a certificate in PEM form", dir)
	}
	return nil
}

var clientAuth = map[string]tls.ClientAuthType{
	"yes": tls.RequireAndVerifyClientCert, "optional": tls.VerifyClientCertIfGiven, "no": tls.NoClientCert,
}

func serverConfig(c *tls.Config, t config.TLS, own tls.Certificate, trusted *x509.CertPool) *tls.Config {
	c.Certificates, c.ClientAuth, c.ClientCAs = []tls.Certificate{own}, clientAuth[t.AuthClients], trusted
	c.SessionTicketsDisabled = !t.SessionCaching
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	c.SetSessionTicketKeys([][32]byte{key})
	return c
}

// clientConfig checks the other side's chain itself, since it checks no name.
func clientConfig(c *tls.Config, shown tls.Certificate, trusted *x509.CertPool) *tls.Config {
	c.InsecureSkipVerify = true
	c.VerifyConnection = func(s tls.ConnectionState) error { return verify(s.PeerCertificates, trusted) }
	// Given whatever the server asks for: it may name no authority of ours, and say why it refuses.
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &shown, nil }
	return c
}

// verify checks that the other side's certificate comes from a trusted authority and
// may be used by a server.
func verify(chain []*x509.Certificate, trusted *x509.CertPool) error {
	if len(chain) == 0 {
		return &tls.CertificateVerificationError{Err: errors.New("the server showed no certificate")}
	}
	o := x509.VerifyOptions{Roots: trusted, Intermediates: x509.NewCertPool()}
	for _, c := range chain[1:] {
		o.Intermediates.AddCert(c)
	}
	if _, err := chain[0].Verify(o); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
	}
	return nil
}
