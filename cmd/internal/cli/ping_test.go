package cli

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
)

// monitorThat answers PING with a given line, and every other command as a
// server without it: with an error to HELLO and CLIENT, and OK to AUTH.
func monitorThat(t *testing.T, ping string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c, ping)
		}
	}()
	return l.Addr().String()
}

func answer(c net.Conn, ping string) {
	defer c.Close()
	lines := bufio.NewScanner(c)
	for lines.Scan() {
		reply := ""
		switch strings.ToUpper(lines.Text()) {
		case "PING":
			reply = ping
		case "HELLO", "CLIENT":
			reply = "-ERR unknown command"
		case "AUTH":
			reply = "+OK"
		}
		if reply != "" {
			fmt.Fprintf(c, "%s\r\n", reply)
		}
	}
}

func TestPingTellsWhetherAMonitorServes(t *testing.T) {
	t.Setenv("PICKET_PASS", "")
	tests := []struct {
		name, answer string
		code         int
		out, err     string
	}{
		{"it serves", "+PONG", exitOK, "PONG\n", ""},
		{"it wants a password", "-NOAUTH Authentication required.", exitFailed, "", "NOAUTH"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run("ping", monitorThat(t, tt.answer)).check(t, tt.code, tt.out, tt.err)
		})
	}
}

func TestPingOfNobodyNamesTheAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	run("ping", addr).check(t, exitFailed, "", "the monitor at "+addr+" does not serve")
}

func TestPingGivesUpOnAMonitorThatIsSilent(t *testing.T) {
	addr := monitorThat(t, "")
	run("ping", addr, "--timeout", "50ms").check(t, exitFailed, "", "the monitor at "+addr+" does not serve")
}
