package prometheus

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"picket/deploy/estate"
	"picket/deploy/lab"
)

func TestMain(m *testing.M) {
	estate.Work()
	os.Exit(m.Run())
}

const (
	masters = 400
	// rest is how long the monitor is looked at without a scrape, before and after.
	rest    = 4 * time.Second
	scrapes = 20
	// limit is 2 % of a core at one scrape each 15 s.
	limit = 300 * time.Millisecond
)

// TestScrapesOfHundredsOfGroups measures what scrapes cost a monitor that watches 400
// masters with a replica each, beyond what watching costs.
func TestScrapesOfHundredsOfGroups(t *testing.T) {
	if os.Getenv("DEPLOY") != "1" {
		t.Skip("it runs 800 fake servers: make test-deploy runs it")
	}
	if _, err := lab.FindBinaries(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	e, err := estate.Start(masters)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	m, url := watchAll(ctx, t, e)
	before := use(m, rest, func() {})
	bytes := 0
	began := time.Now()
	during := use(m, 0, func() {
		for range scrapes {
			bytes = scrape(ctx, t, url)
		}
	})
	took := time.Since(began)
	after := use(m, rest, func() {})
	watching := (before + after) * took.Seconds() / 2
	each := time.Duration((during*took.Seconds() - watching) / scrapes * float64(time.Second))
	t.Logf("a scrape of %d masters costs %v of processor time (%.2f %% of a core each 15 s) and is %d bytes; watching costs %.1f %% of a core",
		masters, each.Round(time.Millisecond), 100*each.Seconds()/15, bytes, 50*(before+after))
	if each > limit {
		t.Errorf("a scrape costs %v, more than %v", each, limit)
	}
}

// use is the share of a core that the monitor takes while do runs, and for a time after.
func use(m *lab.Monitor, then time.Duration, do func()) float64 {
	began, before := time.Now(), m.CPU()
	do()
	<-time.After(then)
	return (m.CPU() - before).Seconds() / time.Since(began).Seconds()
}

// scrape asks as Prometheus does, compressed, and returns how many bytes come.
func scrape(ctx context.Context, t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", resp.StatusCode, err)
	}
	return int(n)
}

// watchAll starts one monitor over all groups, and waits until it knows every replica.
func watchAll(ctx context.Context, t *testing.T, e *estate.Estate) (*lab.Monitor, string) {
	t.Helper()
	l, err := lab.New(ctx, lab.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	web, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{fmt.Sprintf("http-port %d", web)}
	for g := 1; g < e.Groups(); g++ {
		host, port := e.Master(g)
		lines = append(lines, fmt.Sprintf("sentinel monitor %s %s %d 1", estate.Name(g), host, port))
	}
	host, port := e.Master(0)
	m, err := l.StartMonitor(ctx, lab.MonitorConfig{Program: lab.Picket{Binary: picket(t)}, Lines: lines,
		Watch: lab.Watch{Name: estate.Name(0), Master: host, Port: port, Quorum: 1, DownAfter: 5 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	err = lab.Poll(ctx, "every group has its replica", func(ctx context.Context) bool {
		reply, err := m.Sentinel(ctx, "MASTERS")
		list, _ := reply.([]any)
		return err == nil && len(list) == e.Groups() && !slices.ContainsFunc(list, func(v any) bool { return lab.Pairs(v)["num-slaves"] != "1" })
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, fmt.Sprintf("http://127.0.0.1:%d/metrics", web)
}
