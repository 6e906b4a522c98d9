package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.uber.org/zap"

	"picket/cmd/internal/transport"
	"picket/cmd/internal/zlog"
	"picket/config"
)

// defaultMonitor is the monitor that is asked when none is named.
const defaultMonitor = "127.0.0.1:26379"

// reach are the words by which a command reaches a monitor: who it is and how it speaks.
type reach struct {
	Config     string        `placeholder:"FILE" complete:"file" help:"Configuration file of the monitor on this machine: its port, password and TLS are used where no flag says otherwise."`
	User       string        `help:"User name, where the monitor has users."`
	Pass       string        `env:"PICKET_PASS" help:"Password (requirepass), also from PICKET_PASS."`
	PassFile   string        `placeholder:"FILE" complete:"file" help:"File whose first line is the password: it is in no list of processes then."`
	Timeout    time.Duration `default:"2s" help:"How long to wait for a connection, and for an answer."`
	monitorTLS `embed:""`
}

// monitorTLS are the words by which a command speaks TLS; their names are redis-cli's.
type monitorTLS struct {
	TLS    bool   `name:"tls" help:"Speak TLS."`
	CACert string `name:"cacert" placeholder:"FILE" complete:"file" help:"File with the certificates of the authorities that are trusted."`
	Cert   string `placeholder:"FILE" complete:"file" help:"File with the certificate to show, where the monitor wants one."`
	Key    string `placeholder:"FILE" complete:"file" help:"File with its key."`
}

// config is nil without TLS.
func (t monitorTLS) config() (*tls.Config, error) {
	if !t.TLS {
		return nil, nil
	}
	return transport.ClientConfig(transport.Credentials{CACertFile: t.CACert, CertFile: t.Cert, KeyFile: t.Key})
}

// one are the words of a command that asks one monitor.
type one struct {
	Addr  string `placeholder:"HOST:PORT" help:"The monitor to ask: 127.0.0.1:26379, or the one of --config."`
	reach `embed:""`
}

// dialer makes clients of monitors.
type dialer struct {
	user, pass string
	timeout    time.Duration
	tls        *tls.Config
	local      string // address of the monitor on this machine
}

// dialer reads the files that the words name.
func (r reach) dialer() (*dialer, error) {
	local, err := r.fromConfig()
	if err != nil {
		return nil, err
	}
	pass, err := r.password()
	if err != nil {
		return nil, err
	}
	secured, err := r.config()
	if err != nil {
		return nil, err
	}
	zlog.CaptureRedis(zap.NewNop())
	return &dialer{user: r.User, pass: pass, timeout: r.Timeout, tls: secured, local: local}, nil
}

// fromConfig fills in what the configuration file says and returns the monitor's address.
func (r *reach) fromConfig() (addr string, err error) {
	if r.Config == "" {
		return defaultMonitor, nil
	}
	cfg, err := config.Load(r.Config, nil)
	if err != nil {
		return "", err
	}
	port := cfg.Port
	if cfg.TLS.Port != 0 && (port == 0 || r.TLS) {
		port, r.TLS = cfg.TLS.Port, true
		r.CACert = cmp.Or(r.CACert, cfg.TLS.CACertFile)
		r.Cert, r.Key = cmp.Or(r.Cert, cfg.TLS.CertFile), cmp.Or(r.Key, cfg.TLS.KeyFile)
	}
	if r.User == "" && r.PassFile == "" {
		r.Pass = cmp.Or(r.Pass, cfg.RequirePass)
	}
	return net.JoinHostPort(boundHost(cfg.Bind), strconv.Itoa(port)), nil
}

// boundHost is an address at which a monitor on this machine answers.
func boundHost(bind []string) string {
	for _, b := range bind {
		host := strings.TrimPrefix(b, "-")
		if host == "*" || host == "0.0.0.0" || host == "::*" || host == "::" {
			return "127.0.0.1"
		}
	}
	if len(bind) == 0 {
		return "127.0.0.1"
	}
	return strings.TrimPrefix(bind[0], "-")
}

func (r reach) password() (string, error) {
	if r.PassFile == "" {
		return r.Pass, nil
	}
	text, err := os.ReadFile(r.PassFile)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimRight(line, "\r"), nil
}

// at makes a client; an address without a port gets Sentinel's.
func (d *dialer) at(addr string) *asked {
	addr = cmp.Or(addr, d.local)
	if _, _, err := net.SplitHostPort(addr); err != nil {
		addr = net.JoinHostPort(strings.Trim(addr, "[]"), "26379")
	}
	return &asked{addr: addr, Client: redis.NewClient(&redis.Options{
		Addr: addr, Username: d.user, Password: d.pass, Protocol: 2, DisableIdentity: true, TLSConfig: d.tls,
		MaxRetries: -1, DialerRetries: 1, DialTimeout: d.timeout, ReadTimeout: d.timeout, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})}
}

// asked is a monitor that is asked.
type asked struct {
	*redis.Client
	addr string
}

// ask connects to the monitor that the words name.
func (o one) ask() (*asked, error) {
	d, err := o.dialer()
	if err != nil {
		return nil, err
	}
	return d.at(o.Addr), nil
}

// unanswered is a monitor that gave no answer, or none to us.
type unanswered struct {
	addr string
	err  error
}

func (u unanswered) Error() string {
	return fmt.Sprintf("cannot ask the monitor at %s: %v%s", u.addr, u.err, adviceFor(u.err))
}

func (u unanswered) Unwrap() error { return u.err }

// refused is an answer that says no, in the monitor's words.
type refused struct{ addr, text string }

func (r refused) Error() string {
	return "the monitor at " + r.addr + " answers: " + strings.TrimPrefix(r.text, "ERR ")
}

// unable is a monitor that does not know what it is asked: a redis-sentinel.
type unable struct{ addr, what, instead string }

func (u unable) Error() string {
	return fmt.Sprintf("the monitor at %s is a redis-sentinel, which cannot %s; %s", u.addr, u.what, u.instead)
}

// sentinel sends SENTINEL and the words.
func (a *asked) sentinel(ctx context.Context, words ...string) (any, error) {
	args := []any{"SENTINEL"}
	for _, w := range words {
		args = append(args, w)
	}
	reply, err := a.Do(ctx, args...).Result()
	switch text, isReply := replyError(err); {
	case err == nil || errors.Is(err, redis.Nil):
		return reply, nil
	case isReply && adviceFor(err) == "":
		return nil, refused{a.addr, text}
	}
	return nil, unanswered{a.addr, err}
}

// replyError is the text of an error that the monitor sent.
func replyError(err error) (string, bool) {
	if e, ok := errors.AsType[redis.Error](err); ok && err != redis.Nil {
		return e.Error(), true
	}
	return "", false
}

// unknownCommand reports whether a refusal says that there is no such subcommand.
func unknownCommand(err error) bool {
	r, ok := errors.AsType[refused](err)
	return ok && strings.Contains(strings.ToLower(r.text), "unknown s")
}

// adviceFor says what to do about a monitor that does not answer us.
func adviceFor(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "connection refused"):
		return "; is it running, and is --addr (or --config) right?"
	case strings.Contains(text, "NOAUTH"):
		return "; give its password with --pass-file, PICKET_PASS or --config"
	case strings.Contains(text, "WRONGPASS"):
		return "; check --user and the password"
	case strings.Contains(text, "NOPERM"):
		return "; log in as a user that may, with --user"
	case strings.Contains(text, "DENIED"):
		return "; its protected-mode lets in only this machine's own clients, and it has no password"
	case strings.Contains(text, "first record does not look like a TLS handshake"):
		return "; it does not speak TLS there: leave out --tls"
	case strings.Contains(text, "certificate"):
		return "; check --cacert, --cert and --key"
	case strings.Contains(text, "timeout"), strings.Contains(text, "deadline"), strings.Contains(text, "EOF"):
		return "; is it a monitor, does it speak TLS (--tls), and can it be reached from here?"
	}
	return ""
}

// fail prints an error of a command and returns its exit code.
func fail(p Program, err error) int {
	if _, ok := errors.AsType[*config.LineError](err); ok {
		printErrors(p.Err, err)
		return exitFailed
	}
	fmt.Fprintln(p.Err, "picket:", err)
	return exitFailed
}

// wordsOf reads an array of strings.
func wordsOf(reply any) []string {
	list, _ := reply.([]any)
	words := make([]string, 0, len(list))
	for _, item := range list {
		word, _ := item.(string)
		words = append(words, word)
	}
	return words
}

// fields reads keys and values in turn.
func fields(reply any) map[string]string {
	words := wordsOf(reply)
	m := map[string]string{}
	for i := 0; i+1 < len(words); i += 2 {
		m[words[i]] = words[i+1]
	}
	return m
}

// fieldsOfEach reads a list of them.
func fieldsOfEach(reply any) []map[string]string {
	list, _ := reply.([]any)
	each := make([]map[string]string, 0, len(list))
	for _, item := range list {
		each = append(each, fields(item))
	}
	return each
}
