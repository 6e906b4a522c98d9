package cli

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"picket/config"
)

// flags are all flags of all commands, as --name.
func flags(t *testing.T) []string {
	t.Helper()
	parser, err := modelOf(commands())
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, node := range parser.Model.Children {
		for _, flag := range node.Flags {
			list = append(list, "--"+flag.Name)
		}
	}
	if len(list) == 0 {
		t.Fatal("no command has a flag")
	}
	return list
}

// unroffed is what a reader of a manual page sees, but for its layout.
func unroffed(page string) string {
	page = regexp.MustCompile(`(?m)^\.[A-Z]+ ?`).ReplaceAllString(page, "")
	page = regexp.MustCompile(`\\f[BIR]`).ReplaceAllString(page, "")
	return strings.NewReplacer(`\e`, `\`, `\-`, `-`, `\(aq`, `'`, `\(dq`, `"`, `\(ga`, "`", `\(ha`, `^`, `\(ti`, `~`, `\&`, ``).Replace(page)
}

func TestTheManualHasEveryCommandAndFlag(t *testing.T) {
	got := run("man")
	got.check(t, exitOK, ".TH PICKET 1", "")
	page := unroffed(got.out)
	for _, c := range commands() {
		if !regexp.MustCompile(`(?m)^"picket (\[?daemon\]? FILE.*|`+c.name+`\b.*)"$`).MatchString(page) || !strings.Contains(strings.ToLower(page), strings.ToLower(c.about)) {
			t.Errorf("the page does not tell of picket %s: %s", c.name, c.about)
		}
	}
	for _, flag := range flags(t) {
		if !regexp.MustCompile(`(?m)^` + flag + `\b`).MatchString(page) {
			t.Errorf("the page has no paragraph for %s", flag)
		}
	}
	if !strings.Contains(page, "PICKET_PASS") {
		t.Error("the page does not name the environment variable PICKET_PASS")
	}
}

func TestTheManualOfTheFileHasEveryDirective(t *testing.T) {
	got := run("man", "picket.conf")
	got.check(t, exitOK, ".TH PICKET.CONF 5", "")
	page := unroffed(got.out)
	for _, d := range config.Directives() {
		_, rest, found := strings.Cut(page, `"`+d.Syntax+"\"\n")
		if !found {
			t.Errorf("the page has no paragraph for %q", d.Syntax)
			continue
		}
		paragraph, _, _ := strings.Cut(rest, "\n\"")
		if !strings.Contains(strings.ToLower(paragraph), strings.ToLower(d.About)) || !strings.Contains(paragraph, "Default: "+d.Default+".") {
			t.Errorf("the paragraph for %q does not say %q and its default %q:\n%s", d.Syntax, d.About, d.Default, paragraph)
		}
		if strings.Contains(paragraph, "SENTINEL SET changes it") != d.SetChanges {
			t.Errorf("whether SENTINEL SET changes %q is told wrongly", d.Name)
		}
	}
}

func TestTheManualIsWellFormed(t *testing.T) {
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is not installed")
	}
	for _, page := range []string{"picket", "picket.conf"} {
		cmd := exec.CommandContext(t.Context(), groff, "-man", "-Tascii", "-ww", "-z")
		cmd.Stdin = strings.NewReader(run("man", page).out)
		if said, err := cmd.CombinedOutput(); err != nil || len(said) > 0 {
			t.Errorf("%s: %v: %s", page, err, said)
		}
	}
}

func TestTheUsageHasEveryCommand(t *testing.T) {
	out := run("help").out
	for _, c := range commands() {
		if !regexp.MustCompile(`(?m)^  picket \[?` + c.name + `\b`).MatchString(out) {
			t.Errorf("picket help does not list %s", c.name)
		}
	}
}

func TestDocumentsThatDoNotExist(t *testing.T) {
	run("man", "redis").check(t, exitUsage, "", `must be one of "picket","picket.conf"`)
	run("completion", "csh").check(t, exitUsage, "", `must be one of "bash","zsh","fish"`)
	run("completion").check(t, exitUsage, "", "expected \"<shell>\"")
}

func TestThePageOfCommandsHasEveryCommandWithItsExitCodes(t *testing.T) {
	text, err := os.ReadFile("../../../deploy/docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands() {
		_, rest, found := strings.Cut(string(text), "\n## picket "+c.name+"\n")
		part, _, _ := strings.Cut(rest, "\n## ")
		if !found {
			t.Errorf("the page does not tell of picket %s", c.name)
		}
		detailed, ok := c.words.(interface{ Help() string })
		if !ok {
			continue
		}
		_, codes, _ := strings.Cut(detailed.Help(), "Exit status: ")
		codes, _, _ = strings.Cut(codes, ". ")
		for code := range strings.SplitSeq(strings.TrimSuffix(codes, "."), "; ") {
			if code != "" && !strings.Contains(part, "* "+code+"\n") {
				t.Errorf("picket %s: the page does not tell of exit code %q", c.name, code)
			}
		}
	}
}
