package daemon

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"picket/config"
)

// web is the HTTP door of a running daemon.
type web struct {
	client *http.Client
	base   string
}

func (w web) get(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := w.client.Get(w.base + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, fmt.Sprint(resp.Header, string(body))
}

// startWeb starts a daemon with the HTTP door and waits until it serves.
func startWeb(t *testing.T, lines ...string) (*running, web) {
	t.Helper()
	port := freePort(t)
	r := start(t, append(lines, fmt.Sprintf("http-port %d", port))...)
	c := &http.Client{Timeout: 10 * time.Second}
	t.Cleanup(c.CloseIdleConnections)
	w := web{c, fmt.Sprintf("http://127.0.0.1:%d", port)}
	for deadline := time.Now().Add(10 * time.Second); ; {
		if resp, err := c.Get(w.base + "/healthz"); err == nil {
			_ = resp.Body.Close()
			return r, w
		}
		if time.Now().After(deadline) {
			t.Fatal("the HTTP door does not open")
		}
	}
}

// all are the paths that answer.
var all = []string{"/", "/metrics", "/healthz", "/readyz", "/api/status", "/api/groups/main/explain", "/api/history", "/api/history?group=main",
	"/primary/main?address=127.0.0.1:1", "/replica/main?address=127.0.0.1:1"}

func TestNoAnswerOverHTTPHoldsASecret(t *testing.T) {
	secrets := []string{"s3cretdoor", "s3cretmaster", "s3cretpeer", "czNjcmV0Z29zc2lwa2V5IQ==", "s3cretgossipkey!", "s3cretuser"}
	r, w := startWeb(t, "requirepass "+secrets[0], "sentinel auth-user main picketuser", "sentinel auth-pass main "+secrets[1], "sentinel sentinel-pass "+secrets[2],
		"gossip-key "+secrets[3], "user ops on >"+secrets[5]+" ~* &* +@all", "sentinel down-after-milliseconds main 200")
	defer r.end(t)
	resp, err := w.client.Get(w.base + "/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	events := bufio.NewReader(resp.Body)
	var told strings.Builder
	for !strings.Contains(told.String(), "+sdown") { // every path has something to tell now
		line, err := events.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		told.WriteString(line)
	}
	answers := map[string]string{"/api/events": told.String()}
	for _, path := range all {
		code, text := w.get(t, path)
		if code != http.StatusOK && code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, code)
		}
		answers[path] = text
	}
	for path, text := range answers {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s tells %s", path, secret)
			}
		}
	}
}

// Nothing that HTTP asks changes what a monitor holds.
func TestTheHTTPDoorChangesNothing(t *testing.T) {
	r, w := startWeb(t)
	defer r.end(t)
	c := r.client(t)
	for _, path := range append(all, "/api/groups/main/failover", "/api/groups/main/reset", "/sentinel/reset/main") {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch} {
			req, err := http.NewRequestWithContext(t.Context(), method, w.base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := w.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, resp.StatusCode)
			}
		}
	}
	if m, err := c.Master(t.Context(), "main").Result(); err != nil || m["config-epoch"] != "0" {
		t.Errorf("%v %v", m, err)
	}
}

func TestTheHTTPDoorEndsWithTheMonitor(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	r, w := startWeb(t)
	resp, err := w.client.Get(w.base + "/api/events") // a stream that nobody ends
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	began := time.Now()
	r.end(t)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the end took %v", took)
	}
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Errorf("the stream broke off: %v", err)
	}
	w.client.CloseIdleConnections()
}

func TestAnHTTPPortThatIsTakenIsAnErrorAtStart(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	r := start(t) // writes a file that is good
	r.end(t)
	cfg, err := config.Load(r.file, []string{"--http-port", fmt.Sprint(ln.Addr().(*net.TCPAddr).Port)})
	if err != nil {
		t.Fatal(err)
	}
	err = Run(context.Background(), Options{Config: cfg, Log: zap.NewNop(), Version: "test"})
	if err == nil || !regexp.MustCompile(`^listen on http-port \d+: .*address already in use; is another monitor running\? Set http-port$`).MatchString(err.Error()) {
		t.Errorf("started, or: %v", err)
	}
}

func TestMetricsComeAndGoWithTheGroups(t *testing.T) {
	r, w := startWeb(t)
	defer r.end(t)
	c := r.client(t)
	if err := c.Monitor(t.Context(), "other", "127.0.0.1", "1", "2").Err(); err != nil {
		t.Fatal(err)
	}
	if code, text := w.get(t, "/metrics"); code != 200 || !strings.Contains(text, `picket_group_quorum{group="other"} 2`) {
		t.Errorf("%d %s", code, text)
	}
	if err := c.Remove(t.Context(), "other").Err(); err != nil {
		t.Fatal(err)
	}
	if code, text := w.get(t, "/metrics"); code != 200 || strings.Contains(text, `"other"`) || !strings.Contains(text, `"main"`) {
		t.Errorf("%d %s", code, text)
	}
}
