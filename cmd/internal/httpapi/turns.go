package httpapi

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"time"
)

// turnWait bounds how long a request waits for its turn. Answers are made within
// milliseconds: who waits longer meets a monitor that is overloaded, and must know.
const turnWait = time.Second

// inTurn makes only so many answers at a time. A turn ends when the answer is made:
// a client that does not read it holds up nobody.
func (s *Server) inTurn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.takeTurn(r.Context()) {
			deny(w, http.StatusServiceUnavailable, "too much is asked at once, come again")
			return
		}
		made := s.inHand(next, r)
		maps.Copy(w.Header(), made.header)
		if made.status != 0 {
			w.WriteHeader(made.status)
		}
		_, _ = w.Write(made.body.Bytes()) // whoever left does not read it
	}
}

func (s *Server) takeTurn(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, turnWait)
	defer cancel()
	select {
	case s.turns <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// inHand makes an answer whole and gives the turn back.
func (s *Server) inHand(next http.HandlerFunc, r *http.Request) *made {
	defer func() { <-s.turns }()
	m := &made{header: http.Header{}}
	next(m, r)
	return m
}

// made is an answer that is not sent yet.
type made struct {
	header http.Header
	status int // 0: 200
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (m *made) Header() http.Header { return m.header }

// WriteHeader implements http.ResponseWriter. As there, the first status counts.
func (m *made) WriteHeader(status int) {
	if m.status == 0 {
		m.status = status
	}
}

// Write implements http.ResponseWriter.
func (m *made) Write(text []byte) (int, error) {
	m.WriteHeader(http.StatusOK)
	return m.body.Write(text)
}
