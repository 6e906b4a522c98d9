package debian

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"picket/config"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The package names files by their paths from the root of the repository, and by
// $STAGE those that build.sh makes.
func TestThePackageNamesFilesThatExist(t *testing.T) {
	build := read(t, "build.sh")
	named := regexp.MustCompile(`(?m)(?:src: |^  p(?:ost|re)[a-z]+: )"?([^",\n]+)`).FindAllStringSubmatch(read(t, "nfpm.yaml"), -1)
	if len(named) < 14 {
		t.Fatalf("found only %d names of files in nfpm.yaml", len(named))
	}
	for _, m := range named {
		if made, ok := strings.CutPrefix(m[1], "${STAGE}/"); ok {
			if !strings.Contains(build, `"$STAGE/`+made+`"`) {
				t.Errorf("build.sh does not make %s", made)
			}
			continue
		}
		if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
			t.Error(err)
		}
	}
}

func TestTheScriptsAreReadByAnyShell(t *testing.T) {
	for _, name := range []string{"build.sh", "version.sh", "scripts/postinst", "scripts/prerm", "scripts/postrm"} {
		if out, err := exec.CommandContext(t.Context(), "sh", "-n", name).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
		if info, err := os.Stat(name); err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s cannot be executed (%v)", name, err)
		}
	}
}

func TestVersionsOfGitBecomeVersionsOfDebian(t *testing.T) {
	tests := []struct{ said, want string }{ // from the oldest to the newest
		{"", "0.0.0"},
		{"v1.2.3-rc1", "1.2.3~rc1"},
		{"v1.2.3-rc1-4-gabcdef", "1.2.3~rc1+4.gabcdef"},
		{"v1.2.3", "1.2.3"},
		{"v1.2.3-dirty", "1.2.3+0.dirty"},
		{"v1.2.3-4-gabcdef", "1.2.3+4.gabcdef"},
		{"v1.2.3-4-gabcdef-dirty", "1.2.3+4.gabcdef+0.dirty"},
		{"v1.2.4", "1.2.4"},
		{"1.10", "1.10"},
	}
	before := ""
	for _, tt := range tests {
		out, err := exec.CommandContext(t.Context(), "./version.sh", tt.said).CombinedOutput()
		got := strings.TrimSpace(string(out))
		if err != nil || got != tt.want {
			t.Errorf("%q becomes %q (%v), want %q", tt.said, got, err, tt.want)
		}
		if _, err := exec.LookPath("dpkg"); err == nil && before != "" {
			if err := exec.CommandContext(t.Context(), "dpkg", "--compare-versions", before+"-1", "lt", got+"-1").Run(); err != nil {
				t.Errorf("dpkg does not hold %s to be older than %s", before, got)
			}
		}
		before = got
	}
}

func TestACommitWithoutATagHasAVersionToo(t *testing.T) {
	commit, err := exec.CommandContext(t.Context(), "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		t.Skip("this is no git repository:", err)
	}
	said := strings.TrimSpace(string(commit))
	if regexp.MustCompile(`^[0-9]+$`).MatchString(said) {
		t.Skip("the commit's name looks like a number")
	}
	out, err := exec.CommandContext(t.Context(), "./version.sh", said).CombinedOutput()
	if want := regexp.MustCompile(`^0\.0\.0\+git20\d{12}\.` + said + "\n$"); err != nil || !want.Match(out) {
		t.Errorf("%s becomes %q (%v), want 0.0.0+git and the time of the commit", said, out, err)
	}
}

func TestThePackagedConfigurationIsSafeAndComplete(t *testing.T) {
	dir := t.TempDir()
	text := strings.ReplaceAll(read(t, "sentinel.conf"), "/var/lib/picket", dir)
	path := filepath.Join(dir, "sentinel.conf")
	load := func(text string) *config.Config {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	cfg := load(text)
	if strings.Join(cfg.Bind, " ") != "127.0.0.1 -::1" || !cfg.ProtectedMode || cfg.Port != 26379 || cfg.StateDir != dir {
		t.Errorf("it listens on %v port %d, protected %v, with its state in %s", cfg.Bind, cfg.Port, cfg.ProtectedMode, cfg.StateDir)
	}
	if len(cfg.Groups) != 0 || len(cfg.Warnings) != 1 || !strings.Contains(cfg.Warnings[0], "no master is monitored") {
		t.Errorf("%d groups, warnings %q: want no group, and that told", len(cfg.Groups), cfg.Warnings)
	}
	// What stands in it as an example holds as well.
	example := regexp.MustCompile(`(?m)^# (sentinel |bind |requirepass )`).ReplaceAllString(text, "$1")
	example = regexp.MustCompile(`<[^>]+>`).ReplaceAllString(example, "secret")
	if cfg := load(example); len(cfg.Groups) != 1 || len(cfg.Warnings) != 0 || cfg.RequirePass != "secret" || cfg.Groups[0].Settings.Name != "mymaster" {
		t.Errorf("with its examples: %d groups, warnings %q", len(cfg.Groups), cfg.Warnings)
	}
}

// migration are the commands for users of redis-sentinel, as the guide names them.
func migration(t *testing.T) []string {
	t.Helper()
	_, rest, found := strings.Cut(read(t, "../docs/migrate.md"), "```sh debian\n")
	block, _, closed := strings.Cut(rest, "\n```")
	commands := strings.Split(block, "\n")
	if !found || !closed || len(commands) != 3 {
		t.Fatalf("deploy/docs/migrate.md has no three commands for users of redis-sentinel: %q", commands)
	}
	return commands
}

func TestTheNoteInThePackageNamesTheCommandsOfTheGuide(t *testing.T) {
	if want := "\n    " + strings.Join(migration(t), "\n    ") + "\n"; !strings.Contains(read(t, "README.Debian"), want) {
		t.Errorf("README.Debian does not name the commands of deploy/docs/migrate.md:%s", want)
	}
}
