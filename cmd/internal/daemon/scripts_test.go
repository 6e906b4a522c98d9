package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// diary writes a script that notes its arguments, and returns its path and a function
// that waits for a line to be in what it noted.
func diary(t *testing.T) (path string, wait func(line string)) {
	t.Helper()
	dir := t.TempDir()
	path, notes := filepath.Join(dir, "script.sh"), filepath.Join(dir, "notes")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho \"$*\" >> "+notes+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path, func(line string) {
		t.Helper()
		var text []byte
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
			text, _ = os.ReadFile(notes)
			if strings.Contains(string(text), line+"\n") {
				return
			}
		}
		t.Fatalf("no %q in\n%s", line, text)
	}
}

// What is said of a group that goes is said by its script still; the scripts of the
// others are untouched by it.
func TestTheRemovalOfAGroupIsNotified(t *testing.T) {
	path, wait := diary(t)
	r := start(t, "sentinel notification-script main "+path)
	c := r.client(t)
	m, err := c.Master(t.Context(), "main").Result()
	if err != nil || m["notification-script"] != path {
		t.Fatalf("%v, %v", m, err)
	}
	master := "master main 127.0.0.1 " + m["port"]
	wait("+monitor " + master + " quorum 1")
	if err := c.Set(t.Context(), "main", "failover-timeout", "1000").Err(); err != nil {
		t.Fatal(err)
	}
	wait("+set " + master + " failover-timeout 1000")
	if err := c.Remove(t.Context(), "main").Err(); err != nil {
		t.Fatal(err)
	}
	wait("-monitor " + master)
	_ = c.Close()
	r.end(t)
}

// SENTINEL PENDING-SCRIPTS and INFO tell of them; a daemon that ends waits for none.
func TestARunningScriptIsToldAndNotWaitedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hangs.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexec sleep 10 > /dev/null 2>&1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := start(t, "sentinel deny-scripts-reconfig no")
	c := r.client(t)
	if err := c.Set(t.Context(), "main", "notification-script", path).Err(); err != nil {
		t.Fatal(err)
	}
	var jobs []any
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		cmd := redis.NewSliceCmd(t.Context(), "SENTINEL", "PENDING-SCRIPTS")
		if err := c.Process(t.Context(), cmd); err != nil {
			t.Fatal(err)
		}
		if jobs = cmd.Val(); len(jobs) > 0 && strings.Contains(strings.Join(words(jobs[0]), " "), "running") {
			break
		}
	}
	if len(jobs) == 0 {
		t.Fatal("no script is told")
	}
	info := redis.NewStringCmd(t.Context(), "INFO", "sentinel")
	if err := c.Process(t.Context(), info); err != nil || strings.Contains(info.Val(), "sentinel_running_scripts:0\r\n") ||
		strings.Contains(info.Val(), "sentinel_scripts_queue_length:0\r\n") {
		t.Errorf("%v\n%s", err, info.Val())
	}
	_ = c.Close()
	began := time.Now()
	r.end(t)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %v to end", took)
	}
}

// words lists the strings of a reply.
func words(v any) (list []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, one := range v {
			list = append(list, words(one)...)
		}
	case map[any]any:
		for key, one := range v {
			list = append(list, append(words(key), words(one)...)...)
		}
	}
	return list
}
