package zlog

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// logrotate moves the file away, with or without making a new one, and sends no signal.
func TestALogThatWasMovedAwayIsMadeAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, _, err := Open(Options{Level: "notice", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	log.Info("one")
	flush(t, log)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	log.Info("two")
	flush(t, log)
	if err := os.Rename(path, path+".2"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	log.Info("three")
	flush(t, log)
	for name, want := range map[string]string{path + ".1": "one", path + ".2": "two", path: "three"} {
		if text := read(t, name); !strings.HasSuffix(text, want+"\n") || strings.Count(text, "\n") != 1 {
			t.Errorf("%s holds %q, want one line that ends in %s", name, text, want)
		}
	}
}

func TestALogInAFolderThatIsGoneLosesNothingOnceItIsBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "log")
	log, _, err := Open(Options{Level: "notice", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	log.Info("kept in the old one")
	flush(t, log)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	log.Info("in the new one")
	flush(t, log)
	if old, now := read(t, filepath.Join(dir+".old", "log")), read(t, path); !strings.Contains(old, "kept in the old one") || !strings.Contains(now, "in the new one") {
		t.Errorf("old %q, new %q", old, now)
	}
}

func TestSyslogGetsTheLinesWithTheirPriority(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	conn, err := net.ListenPacket("unixgram", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	log, _, err := Open(Options{Level: "notice", Path: filepath.Join(t.TempDir(), "log"),
		Syslog: Syslog{Enabled: true, Ident: "redis-sentinel", Facility: "local3", socket: socket}})
	if err != nil {
		t.Fatal(err)
	}
	log.Info("hello there")
	log.Debug("not this")
	log.Warn("beware")
	for _, want := range []struct{ priority, text string }{{"<157>", "hello there"}, {"<156>", "beware"}} { // 19*8+5, 19*8+4
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1024)
		n, _, err := conn.ReadFrom(buf)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(buf[:n])); !strings.HasPrefix(got, want.priority) || !strings.HasSuffix(got, want.text) || !strings.Contains(got, "redis-sentinel[") {
			t.Errorf("syslog got %q, want %s ... %s", got, want.priority, want.text)
		}
	}
}

// A monitor logs from its loop: a syslog that hangs must not hold it up.
func TestASyslogThatHangsHoldsNobodyUp(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	conn, err := net.ListenPacket("unixgram", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() // which nobody reads
	log, _, err := Open(Options{Level: "notice", Path: filepath.Join(t.TempDir(), "log"),
		Syslog: Syslog{Enabled: true, Ident: "p", Facility: "user", socket: socket}})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 * syslogQueue {
		log.Info("line")
	}
	_ = log.Sync() // the file is written beside us, and its folder goes with the test
}
