package prometheus

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program finds a program of the package prometheus, or skips the test.
func program(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	path, err := filepath.Abs(filepath.Join("../../.cache/prometheus/bin", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("there is no %s: deploy/prometheus/get-prometheus.sh fetches it", name)
	}
	return path
}

func TestPromtoolAcceptsRulesAndConfiguration(t *testing.T) {
	tool := program(t, "promtool")
	for _, words := range [][]string{{"check", "rules", "rules.yml"}, {"check", "config", "prometheus.yml"}, {"test", "rules", "rules_test.yml"}} {
		out, err := exec.Command(tool, words...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "SUCCESS") {
			t.Errorf("promtool %s: %v\n%s", strings.Join(words, " "), err, out)
		}
	}
}

// Whoever is woken reads these.
func TestEveryAlertIsPlayedAndSaysWhatToDo(t *testing.T) {
	rules, played := read(t, "rules.yml"), read(t, "rules_test.yml")
	alerts := strings.Split(rules, "- alert: ")[1:]
	if len(alerts) == 0 {
		t.Fatal("no alerts")
	}
	for _, a := range alerts {
		name, _, _ := strings.Cut(a, "\n")
		if !strings.Contains(played, "alertname: "+name+"\n        exp_alerts:\n          - ") {
			t.Errorf("rules_test.yml never lets %s fire", name)
		}
		if !strings.Contains(a, "severity: ") || !strings.Contains(a, "summary: ") || !strings.Contains(a, "description: ") {
			t.Errorf("%s lacks a severity, a summary or a description", name)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
