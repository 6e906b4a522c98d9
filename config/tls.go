package config

import (
	"strconv"
	"time"
)

// TLS is what the tls- directives say. What crypto/tls has no use for is accepted, so
// that a redis.conf's lines can stand, and named in a warning where somebody may count
// on it.
type TLS struct {
	Port              int  // 0: no TLS door
	Replication       bool // every outgoing link speaks TLS, to instances and to monitors
	CertFile          string
	KeyFile           string
	KeyFilePass       string
	ClientCertFile    string // "": CertFile is shown to others too
	ClientKeyFile     string
	ClientKeyFilePass string
	CACertFile        string
	CACertDir         string
	AuthClients       string // yes (default), no or optional
	Protocols         string // "": TLSv1.2 TLSv1.3
	Ciphers           string // OpenSSL's words, of TLS 1.2 and older
	CipherSuites      string // of TLS 1.3: cannot be chosen
	PreferServer      bool   // crypto/tls always does
	SessionCaching    bool   // default true
	SessionCacheSize  int
	SessionTimeout    time.Duration
	DHParamsFile      string
}

// Enabled reports whether anything speaks TLS.
func (t TLS) Enabled() bool { return t.Port != 0 || t.Replication }

// defaultTLS are the defaults of redis-server 7.0.
func defaultTLS() TLS {
	return TLS{AuthClients: "yes", SessionCaching: true, SessionCacheSize: 20480, SessionTimeout: 300 * time.Second}
}

// tlsFile is a directive that names a file, or sets another text; "" unsets it.
func tlsFile(name, syntax, about string, at func(*TLS) *string) entry[Config] {
	return field(func(c *Config) *string { return at(&c.TLS) }, plain, same).doc(name, syntax, "", about)
}

// tlsSwitch is a directive that is yes or no.
func tlsSwitch(name, about string, at func(*TLS) *bool) entry[Config] {
	return field(func(c *Config) *bool { return at(&c.TLS) }, yesNo(notYesNo), inYesNo).doc(name, "yes|no", "", about)
}

// tlsTable holds the directives of TLS.
var tlsTable = []entry[Config]{
	field(func(c *Config) *int { return &c.TLS.Port }, count(0, 65535), strconv.Itoa).
		doc("tls-port", "<port>", "TCP port", "where clients reach this monitor with TLS, beside port; 0: nowhere"),
	tlsSwitch("tls-replication", "speak TLS to masters, replicas and other monitors, and announce tls-port", func(t *TLS) *bool { return &t.Replication }),
	tlsFile("tls-cert-file", "<path>", "our certificate, with those between it and its authority; read again when it changes and on SIGHUP, as all of these files", func(t *TLS) *string { return &t.CertFile }),
	tlsFile("tls-key-file", "<path>", "its key", func(t *TLS) *string { return &t.KeyFile }),
	tlsFile("tls-key-file-pass", "<password>", "password of that key", func(t *TLS) *string { return &t.KeyFilePass }).is(secret),
	tlsFile("tls-client-cert-file", "<path>", "certificate to show to instances and other monitors, if not the one of tls-cert-file", func(t *TLS) *string { return &t.ClientCertFile }),
	tlsFile("tls-client-key-file", "<path>", "its key", func(t *TLS) *string { return &t.ClientKeyFile }),
	tlsFile("tls-client-key-file-pass", "<password>", "password of that key", func(t *TLS) *string { return &t.ClientKeyFilePass }).is(secret),
	tlsFile("tls-ca-cert-file", "<path>", "certificates of the authorities that are trusted", func(t *TLS) *string { return &t.CACertFile }),
	tlsFile("tls-ca-cert-dir", "<directory>", "trust the authorities in this folder's files too", func(t *TLS) *string { return &t.CACertDir }),
	field(func(c *Config) *string { return &c.TLS.AuthClients }, oneOf("no", "yes", "optional"), same).
		doc("tls-auth-clients", "yes|no|optional", "", "whether clients must show a certificate of a trusted authority; optional: if they show one"),
	tlsFile("tls-protocols", "\"<protocol> ...\"", "TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3, those that are spoken", func(t *TLS) *string { return &t.Protocols }).
		unset("TLSv1.2 and TLSv1.3"),
	tlsFile("tls-ciphers", "<ciphers>", "ciphers up to TLSv1.2, in OpenSSL's words", func(t *TLS) *string { return &t.Ciphers }),
	tlsFile("tls-ciphersuites", "<suites>", "accepted and not followed: the suites of TLSv1.3 cannot be chosen, all are safe", func(t *TLS) *string { return &t.CipherSuites }),
	tlsSwitch("tls-prefer-server-ciphers", "accepted: the best cipher that both sides have is always taken", func(t *TLS) *bool { return &t.PreferServer }),
	tlsSwitch("tls-session-caching", "let clients resume a session; with tickets, which take no memory here", func(t *TLS) *bool { return &t.SessionCaching }),
	field(func(c *Config) *int { return &c.TLS.SessionCacheSize }, count(0, maxInt), strconv.Itoa).
		doc("tls-session-cache-size", "<n>", "sessions", "accepted: there is no cache to bound"),
	field(func(c *Config) *time.Duration { return &c.TLS.SessionTimeout }, seconds, inSeconds).
		doc("tls-session-cache-timeout", "<s>", "seconds", "accepted: a session can be resumed until certificates are read again, at most a week"),
	tlsFile("tls-dh-params-file", "<path>", "accepted: ciphers with such parameters are not spoken", func(t *TLS) *string { return &t.DHParamsFile }),
}

// warnTLS says what will not be as the configuration may lead one to think.
func (c *Config) warnTLS() {
	t := c.TLS
	if !t.Enabled() {
		return
	}
	if t.CipherSuites != "" {
		c.warn("tls-ciphersuites is not followed: the suites of TLSv1.3 cannot be chosen here, and all of them are safe; delete the line")
	}
	if t.Replication && t.Port == 0 {
		c.warn("tls-replication is yes and tls-port is 0: other monitors that do the same cannot reach this one; set tls-port")
	}
	if t.Replication && len(c.GossipKey) == 0 && c.SentinelPass == "" && c.RequirePass == "" {
		c.warn("tls-replication does not cover gossip between pickets, which is not encrypted now: set gossip-key, the same on every monitor")
	}
}
