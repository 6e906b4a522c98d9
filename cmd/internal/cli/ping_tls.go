package cli

import (
	"crypto/tls"

	"picket/cmd/internal/transport"
)

// pingTLS are the words by which picket ping speaks TLS; their names are redis-cli's.
type pingTLS struct {
	TLS    bool   `name:"tls" help:"Speak TLS."`
	CACert string `name:"cacert" help:"File with the certificates of the authorities that are trusted."`
	Cert   string `help:"File with the certificate to show, where the monitor wants one."`
	Key    string `help:"File with its key."`
}

// config is nil without TLS.
func (p pingTLS) config() (*tls.Config, error) {
	if !p.TLS {
		return nil, nil
	}
	return transport.ClientConfig(transport.Credentials{CACertFile: p.CACert, CertFile: p.Cert, KeyFile: p.Key})
}
