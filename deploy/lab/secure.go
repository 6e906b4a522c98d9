package lab

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// TLS is an authority with a certificate for servers and monitors and one for clients,
// in the files of a folder: ca.crt, server.crt, server.key, client.crt, client.key.
type TLS struct {
	Dir  string
	ca   *x509.Certificate
	key  *ecdsa.PrivateKey
	last int64
}

// NewTLS makes an authority and the certificates.
func NewTLS(dir string) (*TLS, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of an authority: %w", err)
	}
	t := &TLS{Dir: dir, key: key}
	ca := template(1, "authority")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	if t.ca, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	t.last = 1
	if err := writePEM(filepath.Join(dir, "ca.crt"), "CERTIFICATE", der); err != nil {
		return nil, err
	}
	for _, name := range []string{"server", "client"} {
		if err := t.Issue(name); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func template(serial int64, name string) *x509.Certificate {
	return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
}

// Issue makes a new certificate and key and puts them into their files, each whole.
func (t *TLS) Issue(name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	t.last++
	der, err := x509.CreateCertificate(rand.Reader, template(t.last, name), t.ca, &key.PublicKey, t.key)
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("write a key: %w", err)
	}
	if err := writePEM(t.file(name+".key"), "PRIVATE KEY", secret); err != nil {
		return err
	}
	return writePEM(t.file(name+".crt"), "CERTIFICATE", der)
}

// Serial is the number of the certificate that Issue made last.
func (t *TLS) Serial() int64 { return t.last }

func (t *TLS) file(name string) string { return filepath.Join(t.Dir, name) }

func writePEM(path, kind string, der []byte) error {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(path+".new", path)
}

// lines make a server or a monitor speak TLS alone.
func (t *TLS) lines(port int) []string {
	if t == nil {
		return nil
	}
	return []string{"port 0", fmt.Sprintf("tls-port %d", port), "tls-replication yes",
		"tls-cert-file " + t.file("server.crt"), "tls-key-file " + t.file("server.key"),
		"tls-client-cert-file " + t.file("client.crt"), "tls-client-key-file " + t.file("client.key"),
		"tls-ca-cert-file " + t.file("ca.crt")}
}

// Client is how a client speaks to these servers: it shows its certificate and looks at
// theirs, but not at their names.
func (t *TLS) Client() (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(t.file("client.crt"), t.file("client.key"))
	if err != nil {
		return nil, fmt.Errorf("read the client's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(t.ca)
	return &tls.Config{Certificates: []tls.Certificate{own}, InsecureSkipVerify: true, VerifyConnection: func(s tls.ConnectionState) error {
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots})
		return err
	}}, nil
}

// dial connects as Dial does, by TLS unless t is nil.
func (t *TLS) dial(ctx context.Context, addr string, ns *Namespace) (*Conn, error) {
	c, err := Dial(ctx, addr, ns)
	if err != nil || t == nil {
		return c, err
	}
	cfg, err := t.Client()
	if err == nil {
		secured := tls.Client(c.Conn, cfg)
		if err = secured.HandshakeContext(ctx); err == nil {
			return newConn(secured), nil
		}
	}
	c.Close()
	return nil, err
}
