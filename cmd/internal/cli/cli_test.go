package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"picket/config"
)

// outcome is what one run of the program came to.
type outcome struct {
	code     int
	out, err string
}

func run(words ...string) outcome {
	var out, err bytes.Buffer
	code := Main(Program{Args: append([]string{"picket"}, words...), Version: "1.2.3", Out: &out, Err: &err})
	return outcome{code, out.String(), err.String()}
}

// check compares an outcome: out and err name texts that the output must hold, "" that there is none.
func (o outcome) check(t *testing.T, code int, out, err string) {
	t.Helper()
	if o.code != code {
		t.Errorf("exit code %d, want %d", o.code, code)
	}
	for _, s := range []struct{ name, got, want string }{{"standard output", o.out, out}, {"standard error", o.err, err}} {
		if !strings.Contains(s.got, s.want) || s.want == "" && s.got != "" {
			t.Errorf("%s: %q, want %q", s.name, s.got, s.want)
		}
	}
}

func TestWordsChooseWhatRuns(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "none")
	tests := []struct {
		name     string
		words    []string
		code     int
		out, err string
	}{
		{"nothing: how it is used", nil, exitUsage, "", "picket [daemon] FILE"},
		{"--help", []string{"--help"}, exitOK, "picket [daemon] FILE", ""},
		{"help", []string{"help"}, exitOK, "picket ping", ""},
		{"--version", []string{"--version"}, exitOK, "picket 1.2.3\n", ""},
		{"-v", []string{"-v"}, exitOK, "picket 1.2.3\n", ""},
		{"a file that does not exist", []string{folder}, exitFailed, "", folder},
		{"the same after daemon", []string{"daemon", folder}, exitFailed, "", folder},
		{"the same as redis-sentinel is run", []string{folder, "--sentinel"}, exitFailed, "", folder},
		{"daemon without a file", []string{"daemon"}, exitFailed, "", "needs a configuration file"},
		{"directives without a file", []string{"--port", "26379"}, exitFailed, "", "needs a configuration file"},
		{"ping of no address", []string{"ping", "a", "b"}, exitUsage, "", "unexpected argument b"},
		{"lab, explained under its name", []string{"lab", "--help"}, exitOK, "Usage: picket lab [flags]", ""},
		{"lab with a flag that it has not", []string{"lab", "--nope"}, exitUsage, "", "unknown flag --nope"},
		{"lab in a hurry", []string{"lab", "--down-after", "10ms"}, exitUsage, "", "--down-after must be at least 500ms"},
		{"lab with a script nobody could see", []string{"lab", "--script-length", "300ms"}, exitUsage, "", "--script-length must be at least 1s"},
		{"lab back in time", []string{"lab", "--pause=-1s"}, exitUsage, "", "--pause must not be negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { run(tt.words...).check(t, tt.code, tt.out, tt.err) })
	}
}

func TestAPathNamesAFileEvenIfItEndsInACommandsName(t *testing.T) {
	t.Chdir(t.TempDir())
	run("./lab").check(t, exitFailed, "", "/lab: no such file")
}

func TestEveryErrorOfTheFileIsToldWithItsLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(file, []byte("port abc\n\nsentinel nonsense x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run(file)
	want := `
*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***
Reading the configuration file, at line 1
>>> 'port abc'
argument couldn't be parsed into an integer
Reading the configuration file, at line 3
>>> 'sentinel nonsense x'
Unrecognized sentinel configuration statement.
picket: ` + file + ` line 3: Delete the line.
`
	if got.code != exitFailed || got.err != want {
		t.Errorf("exit code %d, printed %s\nwant %s", got.code, got.err, want)
	}
}

func TestTheTableOfDirectivesHasEveryDirective(t *testing.T) {
	got := run("directives")
	got.check(t, exitOK, "| directive | unit | default | SET | what it does |", "")
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	if want := 2 + len(config.Directives()); len(lines) != want {
		t.Errorf("%d lines, want %d", len(lines), want)
	}
	for _, line := range lines {
		if n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); n != 6 {
			t.Errorf("%d columns in %q", n-1, line)
		}
	}
}

func TestTheLabWithoutRedisSaysHowToGetIt(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("PATH", t.TempDir())
	run("lab").check(t, exitFailed, "", "make lab")
}

// The manual holds what "picket directives" prints: paste it there when this fails.
func TestTheManualHasTheTableOfDirectives(t *testing.T) {
	page, err := os.ReadFile("../../../deploy/docs/directives.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "\n"+run("directives").out+"\n") {
		t.Error("the table in deploy/docs/directives.md is not what picket directives prints")
	}
}
