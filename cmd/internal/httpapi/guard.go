package httpapi

import (
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"

	"go.uber.org/zap"
)

// quiet takes what net/http has to say of its clients' faults: it is theirs, and of
// no use to operators unless they debug.
func quiet(l *zap.Logger) *log.Logger {
	out, err := zap.NewStdLogAt(l, zap.DebugLevel)
	if err != nil { // the level is one that zap has
		return nil
	}
	return out
}

// guard refuses what no honest client sends, and keeps the answers to themselves.
func (s *Server) guard(next http.Handler) http.Handler {
	names := ownNames(s.cfg.Names)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protect(w.Header())
		defer s.contain(w, r)
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, http.StatusMethodNotAllowed, "only GET and HEAD are answered here: this door changes nothing")
		case r.ContentLength != 0:
			refuse(w, http.StatusRequestEntityTooLarge, "requests have no body here")
		case onLoopback(r) && !named(r.Host, names):
			refuse(w, http.StatusMisdirectedRequest, "the Host header names another machine; ask by address, as localhost, or by a name in http-bind")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// protect sets what browsers must know: nothing here may be kept, embedded, or read by
// pages of other origins. No Access-Control header is ever sent.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// contain keeps a panic in one answer: what is shown must never end what watches.
func (s *Server) contain(w http.ResponseWriter, r *http.Request) {
	what := recover()
	switch what {
	case nil:
		return
	case http.ErrAbortHandler:
		panic(what) // net/http's own way to end a connection
	}
	s.cfg.Log.Error("an answer over HTTP broke off; please report this", zap.String("path", r.URL.Path), zap.Any("panic", what), zap.Stack("stack"))
	refuse(w, http.StatusInternalServerError, "this answer cannot be given, the log says why")
}

// refuse answers with an error, in a line, and ends the connection.
func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Connection", "close")
	deny(w, status, why)
}

// deny answers with an error, in a line.
func deny(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(why + "\n")) // whoever left does not read it
}

// onLoopback reports whether a request came to a loopback address: nobody but this
// machine reaches that, unless a browser on it is made to.
func onLoopback(r *http.Request) bool {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		return true
	}
	at, err := netip.ParseAddrPort(local.String())
	return err != nil || at.Addr().Unmap().IsLoopback()
}

// ownNames are the host names that stand for this machine.
func ownNames(given []string) []string {
	names := []string{"localhost"}
	if host, err := os.Hostname(); err == nil {
		given = append(slices.Clone(given), host)
	}
	for _, name := range given {
		names = append(names, strings.ToLower(strings.TrimSuffix(name, ".")))
	}
	return names
}

// named reports whether a Host header is an address, which nobody can make point
// elsewhere, or one of names.
func named(host string, names []string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return slices.Contains(names, strings.ToLower(strings.TrimSuffix(host, ".")))
}
