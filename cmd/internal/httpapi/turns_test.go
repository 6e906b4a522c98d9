package httpapi

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Whoever does not read its answers must not keep others from theirs.
func TestAClientThatDoesNotReadHoldsUpNobody(t *testing.T) {
	writing := make(chan struct{}, 8)
	d := open(t, healthy(), func(c *Config) {
		c.Limits.Answers, c.Limits.WriteTime = 2, time.Minute
		c.Metrics = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("long") {
				writing <- struct{}{}
				_, _ = io.WriteString(w, strings.Repeat("x", 32<<20)) // more than the kernel takes of it
			}
		})
	})
	for range 2 {
		c, _ := d.dial(t)
		defer c.Close()
		if _, err := io.WriteString(c, "GET /metrics?long HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		<-writing
	}
	for _, path := range []string{"/metrics", "/api/status", "/readyz"} {
		if code, _, body := d.get(t, path); code != 200 {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}

func TestWhoWaitsTooLongForItsTurnIsToldSo(t *testing.T) {
	d := open(t, healthy(), func(c *Config) { c.Limits.Answers = 1 })
	d.turns <- struct{}{}
	for path, want := range map[string]int{"/api/status": 503, "/readyz": 200, "/healthz": 200, "/primary/main?address=10.0.0.1:6379": 200} {
		if code, _, body := d.get(t, path); code != want {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	<-d.turns
	if code, _, body := d.get(t, "/api/status"); code != 200 {
		t.Errorf("after the turn was given back: %d %s", code, body)
	}
}
