package respapi

import (
	"maps"
	"net"
	"time"
)

// denied is what a client from another machine reads in protected mode, in the words of
// 7.0.15 (networking.c, clientAcceptHandler).
const denied = "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. " +
	"In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis " +
	"you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' " +
	"from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not " +
	"publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just " +
	"disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then " +
	"restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. " +
	"4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the " +
	"server to start accepting connections from the outside.\r\n"

// protected reports whether protected mode keeps a client out. What is not TCP comes
// from this machine.
func (s *Server) protected(nc net.Conn) bool {
	if !s.cfg.ProtectedMode || !s.accounts.users.Load().Default().NoPassword() {
		return false
	}
	addr, ok := nc.RemoteAddr().(*net.TCPAddr)
	return ok && !addr.IP.IsLoopback()
}

// idlePeriod is how often idle clients are looked for; Redis looks several times a second.
const idlePeriod = time.Second

// closeIdle closes clients that are idle for longer than the timeout. Subscribers wait
// for events and may do so for ever, as in Redis (clientsCronHandleTimeout).
func (s *Server) closeIdle() {
	tick := time.NewTicker(min(idlePeriod, s.cfg.IdleTimeout))
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		now := s.cfg.Clock()
		for _, c := range s.clients() {
			if p := c.snapshot(); p.subs+p.psubs == 0 && !p.paused && now.Since(p.active) > s.cfg.IdleTimeout {
				c.out.abort()
			}
		}
	}
}

// renamed is the table by the names that clients use. A command that is disabled has
// none. The new names are in lower case: clients may use any.
func renamed(rename map[string]string) map[string]*command {
	if len(rename) == 0 {
		return commands
	}
	table := maps.Clone(commands)
	for name := range rename {
		delete(table, name)
	}
	for name, now := range rename {
		if now != "" {
			table[now] = commands[name]
		}
	}
	return table
}
