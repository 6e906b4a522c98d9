package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEveryDirectiveOfTLS(t *testing.T) {
	got := mustLoad(t, confFile(t, `
port 0
tls-port 26380
tls-replication yes
tls-cert-file /tls/own.crt
tls-key-file /tls/own.key
tls-key-file-pass "a b"
tls-client-cert-file /tls/client.crt
tls-client-key-file /tls/client.key
tls-client-key-file-pass secret
tls-ca-cert-file /tls/ca.crt
tls-ca-cert-dir /tls/authorities
tls-auth-clients Optional
tls-protocols "tlsv1.3 TLSv1.2"
tls-ciphers DEFAULT:!MEDIUM
tls-ciphersuites TLS_CHACHA20_POLY1305_SHA256
tls-prefer-server-ciphers yes
tls-session-caching no
tls-session-cache-size 5000
tls-session-cache-timeout 60
tls-dh-params-file /tls/dh
sentinel sentinel-pass x
sentinel monitor m 127.0.0.1 6379 2
`))
	want := TLS{
		Port: 26380, Replication: true, CertFile: "/tls/own.crt", KeyFile: "/tls/own.key", KeyFilePass: "a b",
		ClientCertFile: "/tls/client.crt", ClientKeyFile: "/tls/client.key", ClientKeyFilePass: "secret",
		CACertFile: "/tls/ca.crt", CACertDir: "/tls/authorities", AuthClients: "optional",
		Protocols: "tlsv1.3 TLSv1.2", Ciphers: "DEFAULT:!MEDIUM", CipherSuites: "TLS_CHACHA20_POLY1305_SHA256",
		PreferServer: true, SessionCacheSize: 5000, SessionTimeout: time.Minute, DHParamsFile: "/tls/dh",
	}
	if diff := cmp.Diff(want, got.TLS); diff != "" {
		t.Error(diff)
	}
	if len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "tls-ciphersuites") {
		t.Errorf("warnings %q", got.Warnings)
	}
}

func TestTLSDirectivesThatAreWrong(t *testing.T) {
	for line, want := range map[string]string{
		"tls-port 65536":                   "tls-port",
		"tls-replication maybe":            "argument must be 'yes' or 'no'",
		"tls-auth-clients perhaps":         "must be one of the following: no, yes, optional",
		"tls-session-cache-size many":      "tls-session-cache-size",
		"tls-cert-file":                    "wrong number of arguments",
		"tls-cert-file one two":            "wrong number of arguments",
		"tls-key-file-passs hunter2":       "tls-key-file-pass",
		"tls-protocols TLSv1.2 TLSv1.3":    "wrong number of arguments",
		"tls-session-cache-timeout -1":     "tls-session-cache-timeout",
		"tls-prefer-server-ciphers please": "argument must be 'yes' or 'no'",
	} {
		_, err := Load(confFile(t, line), nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: error = %v, want %s", line, err, want)
		}
	}
}

func TestWhatTLSDoesNotCoverIsSaid(t *testing.T) {
	const group = "sentinel monitor m 127.0.0.1 6379 2\n"
	for text, want := range map[string]string{
		"tls-replication yes\ntls-port 1\n":                                      "gossip",
		"tls-replication yes\nrequirepass x\n":                                   "tls-port is 0",
		"tls-replication yes\ntls-port 1\nrequirepass x\n":                       "",
		"tls-replication yes\ntls-port 1\nsentinel sentinel-pass x\n":            "",
		"tls-port 1\ntls-ciphersuites TLS_AES_128_GCM_SHA256\n":                  "tls-ciphersuites",
		"tls-ciphersuites TLS_AES_128_GCM_SHA256\n":                              "",
		"tls-port 1\ntls-protocols \"\"\ntls-ciphers \"\"\ntls-ca-cert-dir \"\"": "",
	} {
		warnings := mustLoad(t, confFile(t, group+text)).Warnings
		if got := strings.Join(warnings, "\n"); (want == "" && got != "") || !strings.Contains(got, want) {
			t.Errorf("%q: warnings %q, want %q", text, got, want)
		}
	}
}
