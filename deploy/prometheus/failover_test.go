package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"picket/deploy/lab"
)

// patience bounds the whole test: it takes some 15 s.
const patience = 2 * time.Minute

// server is a Prometheus that runs.
type server struct {
	*testing.T
	ctx  context.Context
	base string
}

// ask returns the data of an answer of the HTTP API.
func (s *server) ask(path string, data any) error {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.base+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", path, answer.Error)
	}
	return nil
}

// value waits until a query has one result of this value.
func (s *server) value(query, want string) {
	s.Helper()
	got, err := "", error(nil)
	failed := lab.Poll(s.ctx, "wait until "+query+" is "+want, func(context.Context) bool {
		var data struct{ Result []struct{ Value [2]any } }
		err = s.ask("/api/v1/query?query="+url.QueryEscape(query), &data)
		if err != nil || len(data.Result) != 1 {
			got = fmt.Sprint(data.Result)
			return false
		}
		got = fmt.Sprint(data.Result[0].Value[1])
		return got == want
	})
	if failed != nil {
		s.Fatalf("%v; it is %s, %v", failed, got, err)
	}
}

// alert waits until an alert fires, and returns its summary.
func (s *server) alert(name string) string {
	s.Helper()
	type one struct {
		Labels, Annotations map[string]string
		State               string
	}
	var data struct{ Alerts []one }
	firing := -1
	failed := lab.Poll(s.ctx, "wait until "+name+" fires", func(context.Context) bool {
		data.Alerts = nil
		if s.ask("/api/v1/alerts", &data) != nil {
			return false
		}
		firing = slices.IndexFunc(data.Alerts, func(a one) bool { return a.Labels["alertname"] == name && a.State == "firing" })
		return firing >= 0
	})
	if failed != nil {
		s.Fatalf("%v; alerts: %v", failed, data.Alerts)
	}
	return data.Alerts[firing].Annotations["summary"]
}

// TestAlertOfAFailover has Debian's Prometheus, with the rules of this folder, scrape
// three monitors once a second while their master is killed.
func TestAlertOfAFailover(t *testing.T) {
	if os.Getenv("DEPLOY") != "1" {
		t.Skip("it runs a Prometheus: make test-deploy runs it")
	}
	binary := program(t, "prometheus")
	if _, err := lab.FindBinaries(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	group, targets := watched(ctx, t)
	s := &server{T: t, ctx: ctx, base: start(ctx, t, binary, targets)}
	s.value(`sum(up{job="picket"})`, "3")
	s.value(`sum(picket_group_usable_voters)`, "9")
	s.value(`sum(picket_instance_verdict{state="up"})`, "9")
	s.value(`sum(picket_replica_link_up)`, "6")
	marks := group.Marks()
	group.Master.Kill()
	now, err := group.WaitSwitch(ctx, group.Master, marks)
	if err != nil {
		t.Fatal(err)
	}
	s.value(`sum(picket_failovers_total{kind=~"unplanned|unseen",outcome="switched"})`, "3") // one may hear of the switch first
	s.value(fmt.Sprintf(`sum(picket_group_master{address=%q})`, now.New.Addr()), "3")
	s.value(`sum(picket_failover_outage_seconds_count{kind="unplanned"}) >bool 0`, "1")
	s.value(`sum(picket_group_config_epoch) > bool 0`, "1")
	s.value(fmt.Sprintf(`sum(picket_instance_sdown{role="replica",address=%q})`, group.Master.Addr()), "3")
	if got, want := s.alert("PicketFailover"), "Group mymaster has failed over"; got != want {
		t.Errorf("the alert says %q, want %q", got, want)
	}
	s.names()
	s.dashboard()
	s.check(targets[0])
}

// check has promtool look at what a monitor tells after a failover.
func (s *server) check(target string) {
	s.Helper()
	resp, err := http.Get("http://" + target + "/metrics")
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	cmd := exec.CommandContext(s.ctx, program(s.T, "promtool"), "check", "metrics")
	cmd.Stdin = resp.Body
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		s.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// dashboard asks everything that the panels ask.
func (s *server) dashboard() {
	s.Helper()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(s.T, "../grafana/picket.json")), &board); err != nil || len(board.Panels) == 0 {
		s.Fatalf("the dashboard: %v, %d panels", err, len(board.Panels))
	}
	variables := strings.NewReplacer("$group", ".*", "$__range", "5m", "$__rate_interval", "1m")
	for _, p := range board.Panels {
		for _, t := range p.Targets {
			if err := s.ask("/api/v1/query?query="+url.QueryEscape(variables.Replace(t.Expr)), new(any)); err != nil {
				s.Errorf("panel %q asks %s: %v", p.Title, t.Expr, err)
			}
		}
	}
}

// names compares what Prometheus has read with the manual.
func (s *server) names() {
	s.Helper()
	var known []string
	if err := s.ask("/api/v1/label/__name__/values", &known); err != nil {
		s.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `(picket_[a-z_]+)` \\| (\\w+)").FindAllStringSubmatch(read(s.T, "../docs/metrics.md"), -1)
	if len(rows) == 0 {
		s.Fatal("the manual names no metric")
	}
	for _, row := range rows {
		name := row[1]
		if row[2] == "histogram" {
			name += "_count"
		}
		if name != "picket_failover_last_divergence_bytes" && !slices.Contains(known, name) { // the old master did not come back
			s.Errorf("Prometheus has not read %s", name)
		}
	}
}

// watched starts a master, two replicas and three monitors, and returns where each
// monitor is scraped.
func watched(ctx context.Context, t *testing.T) (*lab.Group, []string) {
	t.Helper()
	l, err := lab.New(ctx, lab.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	group, err := l.StartServers(ctx, lab.GroupConfig{Replicas: 2, Monitor: lab.MonitorConfig{Program: lab.Picket{Binary: picket(t)}}})
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for range 3 {
		port, err := lab.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := group.AddMonitor(ctx, lab.MonitorConfig{Lines: []string{fmt.Sprintf("http-port %d", port)}}); err != nil {
			t.Fatal(err)
		}
		targets = append(targets, fmt.Sprintf("127.0.0.1:%d", port))
	}
	if err := group.WaitKnown(ctx); err != nil {
		t.Fatal(err)
	}
	return group, targets
}

func picket(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("PICKET_BINARY"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "picket")
	if out, err := exec.Command("go", "build", "-o", path, "picket/cmd/picket").CombinedOutput(); err != nil {
		t.Fatalf("build picket: %v\n%s", err, out)
	}
	return path
}

// start runs Prometheus in a folder of its own until the test ends, with the example's
// configuration made quicker and pointed at targets.
func start(ctx context.Context, t *testing.T, binary string, targets []string) string {
	t.Helper()
	dir := t.TempDir()
	conf := strings.NewReplacer("15s", "1s", "[10.0.0.1:9121, 10.0.0.2:9121, 10.0.0.3:9121]", "["+strings.Join(targets, ", ")+"]").Replace(read(t, "prometheus.yml"))
	for name, text := range map[string]string{"prometheus.yml": conf, "rules.yml": read(t, "rules.yml")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	port, err := lab.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	cmd := exec.CommandContext(ctx, binary, "--config.file="+filepath.Join(dir, "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+addr)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if t.Failed() {
			t.Log(read(t, log.Name()))
		}
	})
	return "http://" + addr
}
