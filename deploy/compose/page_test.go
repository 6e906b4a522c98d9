package compose

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const page = "../docs/compose.md"

var shellBlock = regexp.MustCompile("(?s)```sh compose\n(.*?)```")

// The commands of the page run as written, by one shell that starts at the top of the
// tree, on images and names of the test.
func TestThePagesCommandsRunAsWritten(t *testing.T) {
	var script strings.Builder
	script.WriteString("set -ex\n")
	blocks := shellBlock.FindAllStringSubmatch(read(t, page), -1)
	for _, b := range blocks {
		script.WriteString(b[1])
	}
	for _, want := range []string{"up -d", "./demo.sh busy", "./demo.sh kill", "./demo.sh partition", "./demo.sh switchover", "down -v"} {
		if !strings.Contains(script.String(), want) {
			t.Errorf("%s does not say %q", page, want)
		}
	}
	needEngine(t)
	if _, err := exec.LookPath("docker-compose"); err != nil {
		t.Skip("the page says docker-compose, which is not installed")
	}
	r := newRig(t, []string{"docker-compose"})
	cmd := exec.CommandContext(r.ctx, "bash", "-c", script.String())
	cmd.Dir, cmd.Env = "../..", r.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for want, times := range map[string]int{"VERDICT: ok": 4, "PONG": 1, "OK 3 usable Sentinels": 1} {
		if got := strings.Count(string(out), want); got < times {
			t.Errorf("%q %d times, want %d:\n%s", want, got, times, out)
		}
	}
	if left := r.run("docker", "volume", "ls", "-q", "--filter", "label=com.docker.compose.project="+r.project); left != "" {
		t.Errorf("volumes are left: %s", left)
	}
}
