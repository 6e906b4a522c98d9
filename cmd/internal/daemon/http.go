package daemon

import (
	"net"
	"strings"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/history"
	"picket/cmd/internal/httpapi"
	"picket/cmd/internal/httpapi/page"
	"picket/cmd/internal/metrics"
	"picket/monitor"
)

// listenHTTP binds the ports of the HTTP door, if one is wanted.
func (d *Daemon) listenHTTP() ([]net.Listener, error) {
	opened, err := d.listenTCP(entrance{"http-port", d.cfg.HTTPPort, "http-bind", d.cfg.HTTPBind})
	if err != nil {
		closeAll(opened)
		return nil, err
	}
	return opened, nil
}

// openHTTP makes the HTTP door, if one is wanted.
func (d *Daemon) openHTTP() {
	if d.cfg.HTTPPort == 0 {
		return
	}
	log := d.log.Named("http")
	d.web = httpapi.New(httpapi.Config{
		Source: backend{d}, Clock: d.clock, Log: log, Names: hostNames(d.cfg.HTTPBind), Page: page.Handler(),
		Metrics: metrics.Handler(metrics.Registry(d.board.meter, backend{d}), zap.NewStdLog(log)),
	})
}

// hostNames are the names among addresses to bind to.
func hostNames(binds []string) []string {
	var names []string
	for _, b := range binds {
		b = strings.TrimPrefix(b, "-")
		if !strings.Contains(b, "*") && isName(b) {
			names = append(names, b)
		}
	}
	return names
}

// serveHTTP answers at the HTTP door. If that fails the watch goes on.
func (d *Daemon) serveHTTP(listeners []net.Listener) {
	for _, ln := range listeners {
		go func() {
			if err := d.web.Serve(ln); err != nil {
				d.log.Error("metrics and the page are served no longer at an address; restart the monitor when it may be interrupted",
					zap.Stringer("address", ln.Addr()), zap.Error(err))
			}
		}()
	}
}

func (d *Daemon) closeHTTP() {
	if d.web != nil {
		d.web.Close()
	}
}

// publishHTTP hands an event to those who follow over HTTP.
func (d *Daemon) publishHTTP(e monitor.Event) {
	if d.web != nil {
		d.web.Publish(time.Now(), e)
	}
}

// Self tells what the page and metrics show of the monitor itself.
func (b backend) Self() httpapi.Self {
	id, addr := b.d.links.Self()
	durable, err := b.d.history.Durable()
	s := httpapi.Self{
		ID: id, Address: addr, Version: b.d.board.status.Version, Epoch: b.d.board.epoch.Load(),
		Uptime: time.Since(b.d.start), HistoryDurable: durable && err == nil, LoopAge: b.d.loopAge(),
	}
	if why := b.d.board.unsaved.Load(); why != nil {
		s.Unsaved = *why
	}
	return s
}

// Numeric is an address with its host name resolved, where that is known.
func (b backend) Numeric(a monitor.Addr) monitor.Addr { return b.d.numeric(a) }

// Records are what happened to a group, to all when it is "", newest first.
func (b backend) Records(group string) []history.Record { return b.d.history.Records(group) }
