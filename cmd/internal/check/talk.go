package check

import (
	"cmp"
	"context"
	"crypto/tls"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"picket/cmd/internal/transport"
	"picket/config"
	"picket/failover"
	"picket/monitor"
)

// patience bounds each connection and each answer.
const patience = 2 * time.Second

// login is how one server is spoken to.
type login struct {
	addr, user, pass string
	tls              *tls.Config
	rename           map[string]string // commands in capitals -> their names there
}

// secured is the TLS of outgoing links, nil without.
func secured(cfg *config.Config) (*tls.Config, error) {
	t := cfg.TLS
	if !t.Replication {
		return nil, nil
	}
	return transport.ClientConfig(transport.Credentials{CACertFile: t.CACertFile,
		CertFile: cmp.Or(t.ClientCertFile, t.CertFile), KeyFile: cmp.Or(t.ClientKeyFile, t.KeyFile)})
}

// talk is one connection to a server.
type talk struct {
	login
	client *redis.Client
	conn   *redis.Conn
}

func (l login) open() *talk {
	client := redis.NewClient(&redis.Options{
		Addr: l.addr, Username: l.user, Password: l.pass, TLSConfig: l.tls, Protocol: 2, DisableIdentity: true, PoolSize: 2,
		MaxRetries: -1, DialerRetries: 1, DialTimeout: patience, ReadTimeout: patience, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return &talk{l, client, client.Conn()}
}

func (t *talk) close() {
	_ = t.conn.Close()
	_ = t.client.Close()
}

// do sends a command by the name that it has there.
func (t *talk) do(ctx context.Context, words ...string) (any, error) {
	args := []any{cmp.Or(t.rename[words[0]], words[0])}
	for _, w := range words[1:] {
		args = append(args, w)
	}
	return t.conn.Do(ctx, args...).Result()
}

// info reads INFO; nil with the error when there is none.
func (t *talk) info(ctx context.Context) (map[string]string, error) {
	reply, err := t.do(ctx, "INFO")
	text, _ := reply.(string)
	if err != nil {
		return nil, err
	}
	m := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			m[name] = value
		}
	}
	return m, nil
}

// setting reads a setting; false when it may not be read, or is unknown.
func (t *talk) setting(ctx context.Context, name string) (string, bool) {
	reply, err := t.do(ctx, "CONFIG", "GET", name)
	pair, _ := reply.([]any)
	if err != nil || len(pair) != 2 {
		return "", false
	}
	value, ok := pair[1].(string)
	return value, ok
}

// refusals are what a server that does not let us in says, and what to do.
var refusals = []struct {
	text   string
	reason monitor.Reason
	advice string
}{
	{"NOAUTH", monitor.ReasonNoAuth, "It wants a password: add sentinel auth-pass <name> <password>."},
	{"WRONGPASS", monitor.ReasonWrongPass, "Correct sentinel auth-pass (and auth-user)."},
	{"called without any password configured", ReasonPasswordUnasked, "Set requirepass on the server, or delete sentinel auth-pass."},
	{"DENIED", monitor.ReasonProtected, "Set a password on the server, or protected-mode no behind a firewall."},
	{"max number of clients", monitor.ReasonMaxClients, "Raise maxclients on the server."},
	{"NOPERM", failover.ReasonDenied, "Give the monitor's user the rule: +info."},
	{"connection refused", monitor.ReasonRefused, "Start the server; check the address, its port and its bind."},
	{"no route", monitor.ReasonNoRoute, "Check the address, the network and firewalls."},
	{"no such host", monitor.ReasonUnresolved, "Check the name."},
	{"tls", monitor.ReasonTLS, "Check tls-replication here and tls-port there, and the certificates."},
}

// unanswered is the finding about a server that does not answer, or not to us.
func unanswered(who string, err error) Finding {
	for _, r := range refusals {
		if strings.Contains(err.Error(), r.text) {
			return Finding{Severity: Error, Reason: r.reason, Text: who + " does not answer us: " + err.Error(), Advice: r.advice}
		}
	}
	return Finding{Severity: Error, Reason: ReasonUnreachable, Text: who + " does not answer: " + err.Error(), Advice: "Check the address, the network and firewalls."}
}
