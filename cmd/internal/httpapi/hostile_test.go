package httpapi

import (
	"bufio"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"picket/monitor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestHostileRequestsAreAnsweredWithAnError(t *testing.T) {
	d := open(t, healthy(), func(c *Config) { c.Names = []string{"Picket.example."}; c.Limits.HeaderTime = 300 * time.Millisecond })
	for _, tt := range []struct {
		what, raw string
		status    int
	}{
		{"an honest one", "GET /api/status HTTP/1.1\r\nHost: localhost:1\r\n\r\n", 200},
		{"by HEAD", "HEAD /api/status HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", 200},
		{"by an address of version 6", "GET /api/status HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200},
		{"by a name of this machine", "GET /api/status HTTP/1.1\r\nHost: picket.EXAMPLE:80\r\n\r\n", 200},
		{"by a name that a web page chose", "GET /api/status HTTP/1.1\r\nHost: rebound.example\r\n\r\n", 421},
		{"by a name that begins like an address", "GET /api/status HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 421},
		{"without a name", "GET /api/status HTTP/1.0\r\n\r\n", 421},
		{"without a host", "GET /api/status HTTP/1.1\r\n\r\n", 400},
		{"with two hosts", "GET /api/status HTTP/1.1\r\nHost: localhost\r\nHost: x\r\n\r\n", 400},
		{"POST", "POST /api/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405},
		{"DELETE", "DELETE /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{"OPTIONS, as browsers ask before they send", "OPTIONS /api/status HTTP/1.1\r\nHost: localhost\r\nOrigin: http://x\r\n\r\n", 405},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{"CONNECT", "CONNECT 10.0.0.1:6379 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{"TRACE", "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{"a method of its own", "STEAL / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
		{"a body", "GET /api/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc", 413},
		{"a body that never comes", "GET /api/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 300000\r\n\r\n", 413},
		{"a body in chunks", "GET /api/status HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413},
		{"a body of two lengths", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
		{"another path", "GET /etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
		{"a path out of the tree", "GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", 307},
		{"the profiler", "GET /debug/pprof/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
		{"an address beside the path", "GET http://evil.example/api/status HTTP/1.1\r\nHost: localhost\r\n\r\n", 421},
		{"a long header", "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431},
		{"a long path", "GET /" + strings.Repeat("x", 64<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 431},
		{"RESP", "*1\r\n$4\r\nPING\r\n\r\n", 400},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400},
		{"HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 405},
	} {
		t.Run(tt.what, func(t *testing.T) {
			code, header, _ := d.try(t, tt.raw)
			if code != tt.status {
				t.Errorf("answered with %d, want %d", code, tt.status)
			}
			for name := range header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("lets other origins in: %s", name)
				}
			}
			if code == 405 && header.Get("Allow") != "GET, HEAD" {
				t.Errorf("Allow: %q", header.Get("Allow"))
			}
		})
	}
}

// try is do where the server may refuse while the request is still sent.
func (d *door) try(t *testing.T, raw string) (int, http.Header, string) {
	t.Helper()
	c, r := d.dial(t)
	defer c.Close()
	go func() { _, _ = io.WriteString(c, raw) }()
	resp, err := http.ReadResponse(r, &http.Request{Method: strings.Fields(raw)[0]})
	if err != nil {
		t.Fatalf("no answer to %.80q: %v", raw, err)
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header, ""
}

func TestEveryAnswerForbidsOtherOrigins(t *testing.T) {
	d := open(t, healthy(), nil)
	for _, path := range []string{"/api/status", "/api/history", "/nowhere", "/api/groups/none/explain"} {
		_, header, _ := d.get(t, path)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s: %s: %q", path, name, got)
			}
		}
		if !strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: no policy", path)
		}
	}
}

func TestAPanicCostsOneAnswer(t *testing.T) {
	f := healthy()
	f.panics = true
	d := open(t, f, nil)
	if code, _, body := d.get(t, "/api/status"); code != 500 || strings.Contains(body, "planted") {
		t.Errorf("%d %s", code, body)
	}
	f.panics = false
	if code, _, _ := d.get(t, "/api/status"); code != 200 {
		t.Errorf("after a panic: %d", code)
	}
}

// Whoever sends a header byte by byte does not keep its connection.
func TestASlowRequestIsEnded(t *testing.T) {
	d := open(t, healthy(), func(c *Config) { c.Limits.HeaderTime = 100 * time.Millisecond })
	c, r := d.dial(t)
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: "); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); err != nil || len(text) > 0 && !strings.HasPrefix(string(text), "HTTP/1.1 4") {
		t.Errorf("%q %v", text, err)
	}
}

func TestConnectionsBeyondTheLimitWaitTheirTurn(t *testing.T) {
	d := open(t, healthy(), func(c *Config) { c.Limits.Connections, c.Limits.IdleTime = 2, 200*time.Millisecond })
	for range 2 {
		c, r := d.dial(t)
		defer c.Close()
		if _, err := io.WriteString(c, "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := http.ReadResponse(r, nil); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, _ := d.get(t, "/api/status"); code != 200 { // once an idle one is ended
		t.Errorf("answered with %d", code)
	}
}

func TestAStreamIsGivenWhatItMissed(t *testing.T) {
	d := open(t, healthy(), nil)
	for n := range 3 {
		d.Publish(time.Unix(int64(n), 0), event(n))
	}
	_, r := d.follow(t, "", 200)
	first := next(t, r)
	if want := `{"at":"1970-01-01T00:00:00Z","event":"+sdown","text":"master main 10.0.0.1 0","group":"main","reason":"connection-refused"}`; first.data != want {
		t.Errorf("got  %s\nwant %s", first.data, want)
	}
	second := next(t, r)
	_, again := d.follow(t, second.id, 200)
	if e := next(t, again); !strings.Contains(e.data, "10.0.0.1 2") {
		t.Errorf("after %s: %s", second.id, e.data)
	}
	d.Publish(time.Unix(3, 0), event(3))
	if e := next(t, again); !strings.Contains(e.data, "10.0.0.1 3") {
		t.Errorf("a new event: %s", e.data)
	}
	_, other := d.follow(t, "anotherrun-2", 200)
	if e := next(t, other); e.id != first.id {
		t.Errorf("after an id of another run: %s", e.id)
	}
}

// told is one event of a stream.
type told struct{ id, data string }

func next(t *testing.T, r *bufio.Reader) told {
	t.Helper()
	var e told
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended: %v", err)
		}
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), ": "); {
		case name == "id":
			e.id = value
		case name == "data":
			e.data = value
		case line == "\n" && e.data != "":
			return e
		}
	}
}

func TestAStreamShowsThatItLivesAndIsNotEndedForBeingQuiet(t *testing.T) {
	d := open(t, healthy(), func(c *Config) {
		c.Limits.Heartbeat, c.Limits.WriteTime, c.Limits.HeaderTime = 100*time.Millisecond, 50*time.Millisecond, 50*time.Millisecond
	})
	_, r := d.follow(t, "", 200)
	for beats := 0; beats < 3; {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("ended after %d beats: %v", beats, err)
		}
		if line == ": here\n" {
			beats++
		}
	}
}

func TestStreamsAreBounded(t *testing.T) {
	d := open(t, healthy(), func(c *Config) { c.Limits.Streams = 1 })
	first, r := d.follow(t, "", 200)
	d.follow(t, "", 503)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, r)
	for deadline := time.Now().Add(10 * time.Second); ; {
		if s := d.feed.join(""); s != nil {
			d.feed.leave(s)
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the place of a stream that ended is not free")
		}
	}
}

// The decision loop must not wait for a browser that does not read.
func TestAStreamThatDoesNotReadIsDropped(t *testing.T) {
	d := open(t, healthy(), func(c *Config) { c.Limits.StreamQueue = 4 })
	d.follow(t, "", 200)
	long := event(0)
	long.Payload = strings.Repeat("x", 64<<10)
	for deadline := time.Now().Add(10 * time.Second); d.feed.dropped.Load() == 0; {
		d.Publish(time.Now(), long)
		if time.Now().After(deadline) {
			t.Fatal("never dropped")
		}
	}
}

func TestPublishNeverWaits(t *testing.T) {
	f := newFeed(Limits{}.filled())
	f.close()
	for range 2 * feedQueue {
		f.publish(time.Now(), monitor.Event{})
	}
	if f.lost.Load() < feedQueue {
		t.Errorf("lost %d", f.lost.Load())
	}
}
