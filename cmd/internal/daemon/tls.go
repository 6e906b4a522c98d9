package daemon

import (
	"context"
	"net"

	"picket/cmd/internal/transport"
	"picket/monitor"
)

// openTLS reads the files of TLS, where it is used, before anything else is touched.
func (d *Daemon) openTLS() error {
	if !d.cfg.TLS.Enabled() {
		return nil
	}
	k, err := transport.Open(d.cfg.TLS, d.log.Named("tls"))
	d.tls = k
	return err
}

// plainPort is the port of this monitor that Redis calls its own: port, or with port 0
// the one that speaks TLS.
func (d *Daemon) plainPort() int {
	if d.cfg.Port == 0 {
		return d.cfg.TLS.Port
	}
	return d.cfg.Port
}

// announcedPort is where other monitors reach this one: where links speak TLS they are
// sent to the port that does, as by Sentinel. One without another port is announced with
// the one that it has.
func (d *Daemon) announcedPort() int {
	if d.cfg.TLS.Replication && d.cfg.TLS.Port != 0 {
		return d.cfg.TLS.Port
	}
	return d.plainPort()
}

// probeLinks are the links of the probe: a handshake that an instance is slow to make
// must not hide that its kernel is there.
type probeLinks struct{ *links }

// Dial connects to an instance.
func (l probeLinks) Dial(ctx context.Context, addr monitor.Addr) (net.Conn, error) {
	nc, err := l.dialTCP(ctx, addr)
	if err != nil || !l.d.cfg.TLS.Replication {
		return nc, err
	}
	return l.d.tls.Eager(ctx, nc)
}
