package systemd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var units = []string{"picket.service", "picket@.service"}

// highestExposure is what the units may reach on the scale of systemd-analyze security,
// on which 10 is a service that may do everything.
const highestExposure = 2.0

// copies are the units with a program that is there: verify wants it.
func copies(t *testing.T) []string {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("there is no systemd-analyze here: the booted machine has one (make test-deploy)")
	}
	dir := t.TempDir()
	var paths []string
	for _, name := range units {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		text = []byte(strings.ReplaceAll(string(text), "ExecStart=/usr/bin/picket ", "ExecStart=/bin/true "))
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func TestTheUnitsHaveNoMistake(t *testing.T) {
	for _, path := range copies(t) {
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v: %s", filepath.Base(path), err, out)
		}
	}
}

var exposure = regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`)

// exposed reads the score out of what systemd-analyze security says.
func exposed(t *testing.T, report string) float64 {
	t.Helper()
	found := exposure.FindStringSubmatch(report)
	if found == nil {
		t.Fatalf("no score in:\n%s", report)
	}
	score := 0.0
	if _, err := fmt.Sscan(found[1], &score); err != nil {
		t.Fatal(err)
	}
	return score
}

func TestTheUnitsMayDoLittle(t *testing.T) {
	for _, path := range copies(t) {
		out, err := exec.Command("systemd-analyze", "security", "--offline=true", path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if score := exposed(t, string(out)); score > highestExposure {
			t.Errorf("%s scores %.1f, more than %.1f:\n%s", filepath.Base(path), score, highestExposure, out)
		}
	}
}

// The two are one unit but for names: what is right for one monitor is right for several.
func TestBothUnitsAreTheSameButForNames(t *testing.T) {
	one, err := os.ReadFile(units[0])
	if err != nil {
		t.Fatal(err)
	}
	several, err := os.ReadFile(units[1])
	if err != nil {
		t.Fatal(err)
	}
	named := strings.NewReplacer("Picket (%i),", "Picket,", "/etc/picket/%i.conf", "/etc/picket/sentinel.conf", "/etc/picket/NAME.conf", "/etc/picket/sentinel.conf",
		"/var/lib/picket/NAME", "/var/lib/picket", "=picket/%i\n", "=picket\n", "=picket-%i\n", "=picket\n").Replace(string(several))
	if named != string(one) {
		t.Errorf("picket@.service with its name taken out is\n%s", named)
	}
}
