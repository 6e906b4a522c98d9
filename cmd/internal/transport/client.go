package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Credentials are the files of a client that is no monitor.
type Credentials struct {
	CACertFile string // "" trusts the authorities of this machine
	CertFile   string // "" shows nothing
	KeyFile    string
}

// ClientConfig reads the files once. The other side's certificate is checked as by a monitor.
func ClientConfig(c Credentials) (*tls.Config, error) {
	trusted, err := trustedBy(c.CACertFile)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error { return verify(s.PeerCertificates, trusted) }}
	if c.CertFile == "" && c.KeyFile == "" {
		return cfg, nil
	}
	own, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate to show and its key: %w", err)
	}
	cfg.Certificates = []tls.Certificate{own}
	return cfg, nil
}

func trustedBy(file string) (*x509.CertPool, error) {
	if file == "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("find the authorities of this machine: %w", err)
		}
		return pool, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the certificates of authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New("read the certificates of authorities: " + file + " holds none in PEM form")
	}
	return pool, nil
}
