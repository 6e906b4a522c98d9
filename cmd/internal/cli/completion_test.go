package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// inShell runs a program of a shell, which finds the completion script of that shell as
// its first argument, in a folder with the file sentinel.conf. It skips the test where
// the shell is missing.
func inShell(t *testing.T, shell, program string, words ...string) string {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Skipf("%s is not installed", shell)
	}
	folder := t.TempDir()
	script := run("completion", shell)
	script.check(t, exitOK, "completion for picket", "")
	for name, text := range map[string]string{"script": script.out, "sentinel.conf": "", "program": program} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"program", "./script"}, words...)...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "HOME="+folder, "XDG_CONFIG_HOME="+folder, "XDG_DATA_HOME="+folder)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", shell, err, out)
	}
	return string(out)
}

// completions are lines of words with the cursor at the end of the last one.
var completions = []struct {
	name  string
	words []string
	want  []string // among others, where they are many
	not   []string
}{
	{"first words and files", []string{""}, []string{"daemon", "ping", "lab", "directives", "completion", "man", "version", "help", "sentinel.conf"}, nil},
	{"the beginning of a first word", []string{"pi"}, []string{"ping"}, []string{"lab", "sentinel.conf"}},
	{"a file instead of a command", []string{"sen"}, []string{"sentinel.conf"}, []string{"ping"}},
	{"the file after daemon", []string{"daemon", "sen"}, []string{"sentinel.conf"}, nil},
	{"flags", []string{"ping", "--"}, []string{"--user", "--pass", "--timeout", "--tls", "--cacert", "--cert", "--key", "--help"}, []string{"--compare"}},
	{"flags of another command", []string{"lab", "--c"}, []string{"--compare"}, []string{"--cacert"}},
	{"a file after a flag", []string{"ping", "--cacert", "s"}, []string{"sentinel.conf"}, nil},
	{"a word that a command chooses from", []string{"completion", ""}, []string{"bash", "fish", "zsh"}, nil},
	{"directives after a file", []string{"sentinel.conf", "--"}, []string{"--port", "--state-dir", "--loglevel"}, []string{"--cacert"}},
	{"directives after daemon and a file", []string{"daemon", "sentinel.conf", "--state"}, []string{"--state-dir"}, nil},
	{"a word that a directive chooses from", []string{"sentinel.conf", "--loglevel", "v"}, []string{"verbose"}, []string{"notice"}},
	{"a file after a directive", []string{"sentinel.conf", "--port", "1", "--aclfile", "s"}, []string{"sentinel.conf"}, nil},
}

func checkCompletions(t *testing.T, shell, program string) {
	if out := inShell(t, shell, ": \n"); strings.TrimSpace(out) != "" {
		t.Errorf("the script cannot be read: %s", out)
	}
	for _, tt := range completions {
		t.Run(tt.name, func(t *testing.T) {
			got := strings.Fields(inShell(t, shell, program, append([]string{"picket"}, tt.words...)...))
			for _, want := range tt.want {
				if !slices.Contains(got, want) {
					t.Errorf("picket %s: %q, want %q among them", strings.Join(tt.words, " "), got, want)
				}
			}
			for _, not := range tt.not {
				if slices.Contains(got, not) {
					t.Errorf("picket %s: %q holds %q", strings.Join(tt.words, " "), got, not)
				}
			}
		})
	}
}

func TestBashCompletes(t *testing.T) {
	checkCompletions(t, "bash", `. "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_picket && printf '%s\n' "${COMPREPLY[@]}"`)
}

// bash hands --flag=value over as three words.
func TestBashCompletesAValueAfterAnEqualsSign(t *testing.T) {
	got := inShell(t, "bash", `. "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_picket && printf '%s\n' "${COMPREPLY[@]}"`, "picket", "ping", "--cacert", "=", "sen")
	if got != "sentinel.conf\n" {
		t.Errorf("completed with %q, want sentinel.conf", got)
	}
}

func TestFishCompletes(t *testing.T) {
	checkCompletions(t, "fish", `source $argv[1]
complete -C (string join -- ' ' $argv[2..-1]) | string replace -r '\t.*' ''; true`)
}

// zsh completes only in its line editor: here what it would add is printed instead.
func TestZshCompletes(t *testing.T) {
	checkCompletions(t, "zsh", `_files() { print -l -- ${PREFIX}*(N) }
compadd() { while [[ $1 == -* ]]; do [[ $1 == -- ]] && { shift; break }; shift; done; local w; for w; do [[ $w == $PREFIX* ]] && print -r -- $w; done }
_describe() { [[ $1 == -o ]] && shift; local w; for w in ${(P)2}; do [[ ${w%%:*} == $PREFIX* ]] && print -r -- ${w%%:*}; done }
compset() { : }
compdef() { : }
. $1; shift
words=("$@") CURRENT=$#
PREFIX=$words[CURRENT]
_picket || true`)
}
