package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrNotPermitted says that this machine does not let us make network namespaces.
var ErrNotPermitted = errors.New("network namespaces are not permitted here (they need root, iproute2 and nftables)")

// Namespace is a network of its own, kept alive by one sleeping process: when
// that ends, the kernel takes the namespace and its links away. A nil Namespace
// is the network that the program itself lives in.
type Namespace struct {
	holder *Process
	host   string
}

// Host is the address at which servers of this namespace listen.
func (n *Namespace) Host() string {
	if n == nil {
		return "127.0.0.1"
	}
	return n.host
}

// NewNetwork makes two namespaces joined by one cable, each with an address of
// its own, and a loopback.
func (l *Lab) NewNetwork(ctx context.Context) (a, b *Namespace, err error) {
	if a, err = l.newNamespace(ctx, "10.77.0.1"); err != nil {
		return nil, nil, err
	}
	if b, err = l.newNamespace(ctx, "10.77.0.2"); err != nil {
		return nil, nil, err
	}
	err = a.Run(ctx, "ip", "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", fmt.Sprint(b.holder.PID()))
	for _, n := range []*Namespace{a, b} {
		err = errors.Join(err,
			n.Run(ctx, "ip", "addr", "add", n.host+"/24", "dev", "cable"),
			n.Run(ctx, "ip", "link", "set", "cable", "up"))
	}
	return a, b, err
}

func (l *Lab) newNamespace(ctx context.Context, host string) (*Namespace, error) {
	dir, err := l.folder("net-" + host)
	if err != nil {
		return nil, err
	}
	p, err := l.Process(Spec{
		Name: "namespace " + host, Dir: dir, Log: filepath.Join(dir, "log"),
		Argv: []string{"unshare", "--net", "sh", "-c", "echo ready; exec sleep infinity"},
	})
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotPermitted, err)
	}
	n := &Namespace{holder: p, host: host}
	if err := Poll(ctx, "make a network namespace", func(context.Context) bool {
		return strings.Contains(p.LogText(), "ready") || !p.Running()
	}); err != nil {
		return nil, err
	}
	if !p.Running() {
		return nil, fmt.Errorf("%w: %s", ErrNotPermitted, lastLines(p.LogText()))
	}
	return n, n.Run(ctx, "ip", "link", "set", "lo", "up")
}

func (n *Namespace) file() string { return fmt.Sprintf("/proc/%d/ns/net", n.holder.PID()) }

func (n *Namespace) enter() []string { return []string{"nsenter", "--net=" + n.file(), "--"} }

// Run runs a command in the namespace and waits for it.
func (n *Namespace) Run(ctx context.Context, argv ...string) error {
	argv = append(n.enter(), argv...)
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("run %q: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Cut drops silently what matches each of the given nftables expressions, such
// as "tcp dport 4000", on its way in; the expression "" drops everything.
func (n *Namespace) Cut(ctx context.Context, matches ...string) error {
	return n.cut(ctx, "input", matches)
}

// CutCable drops silently, in both directions, what passes between the two namespaces.
func (n *Namespace) CutCable(ctx context.Context) error {
	if err := n.cut(ctx, "input", []string{`iifname "cable"`}); err != nil {
		return err
	}
	return n.cut(ctx, "output", []string{`oifname "cable"`})
}

func (n *Namespace) cut(ctx context.Context, hook string, matches []string) error {
	rules := "table inet cut {\nchain " + hook + " {\ntype filter hook " + hook + " priority 0;\n"
	for _, m := range matches {
		rules += m + " drop;\n"
	}
	return n.Run(ctx, "nft", rules+"}\n}\n")
}

// Heal ends every cut of this namespace, if there is any.
func (n *Namespace) Heal(ctx context.Context) error {
	return n.Run(ctx, "nft", "add table inet cut; delete table inet cut")
}

// DialContext connects from within the namespace. The socket stays in it.
func (n *Namespace) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	var d net.Dialer
	if n == nil {
		return d.DialContext(ctx, network, addr)
	}
	// A socket belongs to the namespace of the thread that makes it. The thread
	// is given back to nobody: it ends with its goroutine.
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		if err := n.join(); err != nil {
			done <- result{err: err}
			return
		}
		conn, err := d.DialContext(ctx, network, addr)
		done <- result{conn, err}
	}()
	r := <-done
	return r.conn, r.err
}

func (n *Namespace) join() error {
	f, err := os.Open(n.file())
	if err != nil {
		return fmt.Errorf("open a network namespace: %w", err)
	}
	defer f.Close()
	return enterNetwork(f)
}
