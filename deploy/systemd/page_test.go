package systemd

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"picket/deploy/machine"
)

const page = "../docs/systemd.md"

// commands are the blocks of a page that a reader copies into a shell.
var commands = regexp.MustCompile("(?ms)^```sh systemd\n(.*?)^```$")

func blocks(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, found := range commands.FindAllStringSubmatch(string(text), -1) {
		list = append(list, found[1])
	}
	if len(list) < 5 {
		t.Fatalf("%s has %d blocks of commands: is it read rightly?", page, len(list))
	}
	return list
}

func TestThePageRunsAsWritten(t *testing.T) {
	machine.Needs(t)
	h := newHost(t)
	h.bring(program(t), "/root/picket/picket")
	for _, file := range append([]string{"sysusers.conf"}, units...) {
		h.bring(file, "/root/picket/deploy/systemd/"+file)
	}
	for _, block := range blocks(t) {
		out := h.sh("exec 2>&1; cd /root/picket && set -eux\n" + block)
		t.Logf("%s\n%s", strings.TrimSpace(block), out)
		switch {
		case strings.Contains(block, "systemctl status"):
			h.status("watching 1 group: 1 up")
		case strings.Contains(block, "systemctl reload"):
			h.until("redis-cli -p 26379 sentinel master mymaster | grep -A1 '^down-after-milliseconds$'", holding("8000"))
		case strings.Contains(block, "systemctl restart"):
			h.status("watching 1 group: 1 up")
		}
	}
	if state := h.sh("ls /var/lib/picket/state.conf /etc/picket/sentinel.conf"); !strings.Contains(state, "state.conf") {
		t.Errorf("after the removal there is %s", state)
	}
}
