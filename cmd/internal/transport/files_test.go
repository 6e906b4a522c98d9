package transport

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"

	"picket/config"
)

// An error names the directive, the file and what is wrong; it never shows a password.
func TestOpenSaysWhatIsWrong(t *testing.T) {
	a := newAuthority(t)
	a.issue("other", template(3, "other"))
	a.encrypt("own.key", "locked.key", "open sesame")
	if err := os.WriteFile(a.path("text"), []byte("no PEM here"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		edit func(*config.TLS)
		want []string
	}{
		{"no certificate", func(c *config.TLS) { c.CertFile = "" }, []string{"set tls-cert-file"}},
		{"no key", func(c *config.TLS) { c.KeyFile = "" }, []string{"tls-cert-file " + a.path("own.crt"), "set tls-key-file"}},
		{"no such certificate", func(c *config.TLS) { c.CertFile = "/no/such.crt" }, []string{"tls-cert-file", "/no/such.crt", "no such file"}},
		{"no such key", func(c *config.TLS) { c.KeyFile = "/no/such.key" }, []string{"tls-key-file", "/no/such.key", "no such file"}},
		{"a certificate that is none", func(c *config.TLS) { c.CertFile = a.path("text") }, []string{"tls-cert-file " + a.path("text"), "no certificate"}},
		{"a key for a certificate", func(c *config.TLS) { c.CertFile = a.path("own.key") }, []string{"tls-cert-file " + a.path("own.key"), "no certificate"}},
		{"a key that is none", func(c *config.TLS) { c.KeyFile = a.path("text") }, []string{"tls-key-file " + a.path("text"), "no key"}},
		{"the key of another", func(c *config.TLS) { c.KeyFile = a.path("other.key") }, []string{"tls-key-file " + a.path("other.key"), "does not match"}},
		{"a key that is locked", func(c *config.TLS) { c.KeyFile = a.path("locked.key") }, []string{"tls-key-file", "encrypted"}},
		{"a wrong password", func(c *config.TLS) { c.KeyFile, c.KeyFilePass = a.path("locked.key"), "open barley" }, []string{"tls-key-file", "password does not open"}},
		{"the client's certificate", func(c *config.TLS) { c.ClientCertFile = "/no/client.crt" }, []string{"tls-client-cert-file", "set tls-client-key-file"}},
		{"nobody to trust", func(c *config.TLS) { c.CACertFile = "" }, []string{"tls-ca-cert-file", "tls-ca-cert-dir"}},
		{"no such authority", func(c *config.TLS) { c.CACertFile = "/no/ca" }, []string{"tls-ca-cert-file", "/no/ca"}},
		{"an authority that is none", func(c *config.TLS) { c.CACertFile = a.path("text") }, []string{"tls-ca-cert-file " + a.path("text")}},
		{"a folder without any", func(c *config.TLS) { c.CACertDir = t.TempDir() }, []string{"tls-ca-cert-dir"}},
		{"no such folder", func(c *config.TLS) { c.CACertDir = "/no/dir" }, []string{"tls-ca-cert-dir", "/no/dir"}},
		{"an unknown cipher", func(c *config.TLS) { c.Ciphers = "ROT13" }, []string{"tls-ciphers", "ROT13"}},
		{"two things at once", func(c *config.TLS) { c.CACertFile, c.CertFile = "/no/ca", "/no/crt" }, []string{"/no/ca", "/no/crt"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := a.directives()
			tc.edit(&d)
			_, err := Open(d, zap.NewNop())
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v\nlacks %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "barley") {
				t.Errorf("the password is in %v", err)
			}
		})
	}
}

func TestOpenTakesWhatRedisTakes(t *testing.T) {
	a := newAuthority(t)
	for name, edit := range map[string]func(*config.TLS){
		"everything":               func(*config.TLS) {},
		"the door alone":           func(c *config.TLS) { c.Replication = false },
		"links alone":              func(c *config.TLS) { c.Port = 0 },
		"nobody looked at":         func(c *config.TLS) { c.Replication, c.AuthClients, c.CACertFile = false, "no", "" },
		"authorities in a folder":  func(c *config.TLS) { c.CACertFile, c.CACertDir = "", a.dir },
		"a client's key, not used": func(c *config.TLS) { c.Replication, c.ClientCertFile = false, "/no/such" },
		"ciphers and protocols":    func(c *config.TLS) { c.Ciphers, c.Protocols = "DEFAULT:!MEDIUM", "TLSv1.2" },
	} {
		d := a.directives()
		edit(&d)
		k, err := Open(d, zap.NewNop())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m := k.current(); (m.server != nil) != (d.Port != 0) || (m.client != nil) != d.Replication {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// encrypt writes a key again, as openssl does it.
func (a *authority) encrypt(from, to, password string, more ...string) {
	a.t.Helper()
	args := append([]string{"pkcs8", "-topk8", "-in", a.path(from), "-out", a.path(to), "-passout", "pass:" + password}, more...)
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		a.t.Skipf("openssl: %v: %s", err, out)
	}
}

func TestKeysThatOpenSSLEncrypted(t *testing.T) {
	a := newAuthority(t)
	for _, form := range [][]string{nil, {"-v2", "aes128"}, {"-v2", "aes-192-cbc"}, {"-v2", "aes256", "-v2prf", "hmacWithSHA1"},
		{"-v2", "aes256", "-v2prf", "hmacWithSHA512", "-iter", "5000"}, {"-v2", "des3"}} {
		t.Run(strings.Join(form, " "), func(t *testing.T) {
			a.encrypt("own.key", "locked.key", "pass word", form...)
			locked, err := os.ReadFile(a.path("locked.key"))
			if err != nil {
				t.Fatal(err)
			}
			cert, err := os.ReadFile(a.path("own.crt"))
			if err != nil {
				t.Fatal(err)
			}
			key, err := plainKey(locked, "pass word")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tls.X509KeyPair(cert, key); err != nil {
				t.Error(err)
			}
			if _, err := plainKey(locked, "pass"); err != errBadPassword {
				t.Errorf("with a wrong password: %v", err)
			}
		})
	}
	if out, err := exec.Command("openssl", "ec", "-aes128", "-in", a.path("own.key"), "-out", a.path("old.key"), "-passout", "pass:x").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	old, err := os.ReadFile(a.path("old.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plainKey(old, "x"); err != nil {
		t.Errorf("the older form: %v\n%s", err, old[:min(len(old), 120)])
	}
	if _, err := plainKey(old, "y"); err == nil {
		t.Error("the older form opens with a wrong password")
	}
}

// A file of anybody's making is read without a panic.
func FuzzPlainKey(f *testing.F) {
	f.Add([]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n"), "x")
	f.Fuzz(func(t *testing.T, text []byte, password string) {
		if key, err := plainKey(text, password); err == nil && !bytes.Contains(key, []byte("PRIVATE KEY")) {
			t.Errorf("%q gives %q", text, key)
		}
	})
}

func TestCiphersInOpenSSLsWords(t *testing.T) {
	const gcm = tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
	for list, want := range map[string][]uint16{
		"":                            nil,
		"ECDHE-RSA-AES128-GCM-SHA256": {gcm},
		"ecdhe-rsa-aes128-gcm-sha256": {gcm},
		"DHE-RSA-AES128-SHA256:ECDHE-RSA-AES128-GCM-SHA256": {gcm}, // the first is OpenSSL's alone
		"ECDHE+aRSA+AESGCM+AES128":                          {gcm},
		"ECDHE+AESGCM:!ECDSA:!AES256":                       {gcm},
		"ALL:-ALL:AES128-GCM-SHA256":                        {tls.TLS_RSA_WITH_AES_128_GCM_SHA256},
		"kRSA:!SHA:!AES256:@STRENGTH":                       {tls.TLS_RSA_WITH_AES_128_GCM_SHA256},
		"CHACHA20, AESGCM !kRSA !aRSA":                      {tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256},
	} {
		if got, err := cipherSuites(list); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v, want %v", list, got, err, want)
		}
	}
	if got, err := cipherSuites("DEFAULT:!MEDIUM"); err != nil || len(got) != len(suites) {
		t.Errorf("DEFAULT:!MEDIUM: %d suites, %v", len(got), err)
	}
	for _, list := range []string{"ROT13", "RC4", "!ALL", "ECDHE+ROT13", "DHE-RSA-AES128-SHA256", "DEFAULT:!ALL"} {
		if got, err := cipherSuites(list); err == nil {
			t.Errorf("%q: %v, want an error", list, got)
		}
	}
}

// Names of ours are those that crypto/tls gives, so none is mistyped.
func TestSuitesAreThoseOfTheLibrary(t *testing.T) {
	for _, s := range suites {
		name := tls.CipherSuiteName(s.id)
		if want := !strings.Contains(name, "ECDHE"); strings.Contains(s.words, "kRSA") != want || strings.HasPrefix(s.name, "ECDHE") == want {
			t.Errorf("%s is called %s, %s", name, s.name, s.words)
		}
		for _, part := range []string{"ECDSA", "128", "256_GCM", "CHACHA20", "256_CBC"} {
			bare := strings.NewReplacer("256_GCM", "256-GCM", "256_CBC", "256-SHA").Replace(part)
			if strings.Contains(strings.TrimSuffix(name, "_SHA256"), part) != strings.Contains(strings.TrimSuffix(s.name, "-SHA256"), bare) {
				t.Errorf("%s is called %s", name, s.name)
			}
		}
	}
}

func TestVersions(t *testing.T) {
	for _, tc := range []struct {
		list            string
		lowest, highest uint16
	}{
		{"", tls.VersionTLS12, tls.VersionTLS13},
		{"TLSv1.3", tls.VersionTLS13, tls.VersionTLS13},
		{"tlsv1.3  TLSv1.2", tls.VersionTLS12, tls.VersionTLS13},
		{"TLSv1.1 TLSv1 TLSv1.2", tls.VersionTLS10, tls.VersionTLS12},
	} {
		if lo, hi, err := versions(tc.list); lo != tc.lowest || hi != tc.highest || err != nil {
			t.Errorf("%v: %x to %x, %v", tc.list, lo, hi, err)
		}
	}
	for list, want := range map[string]string{
		"SSLv3": "use a combination", "TLSv1.2 word": "use a combination", "TLSv1.3 TLSv1.1": "leaves out TLSv1.2", "TLSv1 TLSv1.3": "leaves out TLSv1.1",
	} {
		if _, _, err := versions(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", list, err)
		}
	}
}

// A certificate is taken for its authority and its use, whatever name it bears.
func TestWhoseCertificateIsTaken(t *testing.T) {
	a, b := newAuthority(t), newAuthority(t)
	client := template(5, "client")
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	server := template(6, "db.example")
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	a.issue("client", client)
	a.issue("server", server)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	for _, tc := range []struct {
		name string
		path string
		want bool
	}{
		{"any use", a.path("own.crt"), true}, {"a server's", a.path("server.crt"), true},
		{"a client's", a.path("client.crt"), false}, {"of another authority", b.path("own.crt"), false},
	} {
		c, err := tls.LoadX509KeyPair(tc.path, strings.TrimSuffix(tc.path, "crt")+"key")
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(c.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := verify([]*x509.Certificate{leaf}, pool); (err == nil) != tc.want {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if verify(nil, pool) == nil {
		t.Error("no certificate is taken")
	}
}
