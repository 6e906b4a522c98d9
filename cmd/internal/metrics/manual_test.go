package metrics

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"picket/cmd/internal/history"
)

// everything scrapes an estate in which every metric has a series.
func everything(t *testing.T) string {
	t.Helper()
	e := newEstate("main")
	done := history.Record{ID: "1-1", Kind: history.KindFailover, End: time.Unix(1, 0), Outcome: history.OutcomeSwitched}
	e.meters["main"].Recorded(done)
	e.meters["main"].Recorded(done)
	page, _ := e.scrape(t)
	return page
}

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../../deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rows are the rows that the manual must have, one for each metric: paste them there
// when this fails.
func rows(page string) []string {
	types, helps, labels := map[string]string{}, map[string]string{}, map[string]string{}
	for line := range strings.Lines(page) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		switch {
		case strings.HasPrefix(line, "# TYPE picket_"):
			types[words[2]] = words[3]
		case strings.HasPrefix(line, "# HELP picket_"):
			helps[words[2]] = words[3]
		case strings.HasPrefix(line, "picket_"):
			name, rest, _ := strings.Cut(words[0], "{")
			var list []string
			for _, m := range labelName.FindAllStringSubmatch(rest, -1) {
				if m[1] != "le" {
					list = append(list, "`"+m[1]+"`")
				}
			}
			for _, tail := range []string{"_bucket", "_sum", "_count"} {
				if base, ok := strings.CutSuffix(name, tail); ok && types[base] == "histogram" {
					name = base
				}
			}
			labels[name] = strings.Join(list, " ")
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(types)) {
		list = append(list, fmt.Sprintf("| `%s` | %s | %s | %s |", name, types[name], labels[name], helps[name]))
	}
	return list
}

var labelName = regexp.MustCompile(`(\w+)="`)

func TestTheManualHasEveryMetric(t *testing.T) {
	want := rows(everything(t))
	got := regexp.MustCompile("(?m)^\\| `picket_.*$").FindAllString(readText(t, "docs/metrics.md"), -1)
	if !slices.Equal(got, want) {
		t.Errorf("the table in deploy/docs/metrics.md is not this one:\n%s", strings.Join(want, "\n"))
	}
}

// An alert on a metric that is not there never fires, and nobody notices.
func TestRulesAndDashboardUseMetricsThatExist(t *testing.T) {
	page := everything(t)
	for _, name := range []string{"prometheus/rules.yml", "prometheus/rules_test.yml", "grafana/picket.json"} {
		used := regexp.MustCompile(`\b(picket|go|process)_[a-z_]+\b`).FindAllString(readText(t, name), -1)
		if len(used) == 0 {
			t.Errorf("%s uses no metric", name)
		}
		for _, metric := range used {
			if !strings.Contains(page, "\n"+metric+"{") && !strings.Contains(page, "\n"+metric+" ") {
				t.Errorf("%s uses %s, which no scrape has", name, metric)
			}
		}
	}
}

func TestTheManualHasEveryAlert(t *testing.T) {
	alerts := regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(readText(t, "prometheus/rules.yml"), -1)
	severity := regexp.MustCompile(`severity: (\w+)`).FindAllStringSubmatch(readText(t, "prometheus/rules.yml"), -1)
	rows := regexp.MustCompile("(?m)^\\| `(Picket\\w+)` \\| (\\w+)").FindAllStringSubmatch(readText(t, "docs/metrics.md"), -1)
	if len(alerts) == 0 || len(alerts) != len(rows) || len(alerts) != len(severity) {
		t.Fatalf("%d alerts with %d severities, %d rows", len(alerts), len(severity), len(rows))
	}
	for n := range alerts {
		if alerts[n][1] != rows[n][1] || severity[n][1] != rows[n][2] {
			t.Errorf("row %d is %s %s, the alert %s %s", n+1, rows[n][1], rows[n][2], alerts[n][1], severity[n][1])
		}
	}
}
