package httpapi

import (
	"net/http"
	"time"
)

// events follows what happens, as Server-Sent Events. The browser comes back by itself
// when a stream ends, with the id of the last event that it has.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	follow := s.feed.join(r.Header.Get("Last-Event-ID"))
	if follow == nil {
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, "too many streams are open, or this monitor ends")
		return
	}
	defer s.feed.leave(follow)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy must not collect them
	out := stretch{w, http.NewResponseController(w), s.limits.WriteTime}
	_ = out.control.SetReadDeadline(time.Time{}) // else the end of ReadTimeout would end the stream
	if r.Method == http.MethodHead || !out.send([]byte("retry: 1000\n\n")) {
		return
	}
	beat := time.NewTicker(s.limits.Heartbeat)
	defer beat.Stop()
	for {
		text := []byte(": here\n\n")
		select {
		case m, open := <-follow.out:
			if !open {
				return
			}
			text = m.text
		case <-beat.C:
		case <-r.Context().Done():
			return
		}
		if !out.send(text) {
			return
		}
	}
}

// stretch writes an answer that goes on, each piece within its own time.
type stretch struct {
	w       http.ResponseWriter
	control *http.ResponseController
	time    time.Duration
}

// send reports false when the client is gone or does not read.
func (o stretch) send(text []byte) bool {
	if o.control.SetWriteDeadline(time.Now().Add(o.time)) != nil {
		return false
	}
	if _, err := o.w.Write(text); err != nil {
		return false
	}
	return o.control.Flush() == nil
}
