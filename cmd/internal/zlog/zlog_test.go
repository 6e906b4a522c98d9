package zlog

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"picket/monitor"
)

// flush waits until all is written, on a slow machine too.
func flush(t *testing.T, log *zap.Logger) {
	t.Helper()
	var err error
	for range 200 {
		if err = log.Sync(); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// written opens a logger at a level, lets it write, and returns the file.
func written(t *testing.T, level string, write func(*zap.Logger, zap.AtomicLevel)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	log, atomic, err := Open(Options{Level: level, Path: path})
	if err != nil {
		t.Fatal(err)
	}
	write(log, atomic)
	flush(t, log)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSentinelsLevelsDecideWhatIsWritten(t *testing.T) {
	everything := func(log *zap.Logger, _ zap.AtomicLevel) {
		log.Debug("d")
		log.Info("i")
		log.Warn("w")
		log.Error("e")
	}
	for level, want := range map[string]string{
		"debug": "DEBUG d,INFO i,WARN w,ERROR e", "verbose": "DEBUG d,INFO i,WARN w,ERROR e",
		"notice": "INFO i,WARN w,ERROR e", "warning": "WARN w,ERROR e", "nothing": "",
	} {
		t.Run(level, func(t *testing.T) {
			var got []string
			for line := range strings.Lines(written(t, level, everything)) {
				_, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
				got = append(got, rest)
			}
			if strings.Join(got, ",") != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestALineHasAnInstantWithItsZone(t *testing.T) {
	got := written(t, "notice", func(log *zap.Logger, _ zap.AtomicLevel) { log.Info("hello", zap.Int("n", 1)) })
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d) INFO hello {"n": 1}\n$`).MatchString(got) {
		t.Errorf("got %q", got)
	}
}

func TestTheLevelChangesWhileItRuns(t *testing.T) {
	got := written(t, "warning", func(log *zap.Logger, level zap.AtomicLevel) {
		log.Info("before")
		level.SetLevel(zapcore.InfoLevel)
		log.Info("after")
	})
	if strings.Contains(got, "before") || !strings.Contains(got, "after") {
		t.Errorf("got %q", got)
	}
}

func TestALogIsContinuedAndNotForOthersToRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for range 2 {
		log, _, err := Open(Options{Level: "notice", Path: path})
		if err != nil {
			t.Fatal(err)
		}
		log.Info("started")
		flush(t, log)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "started"); n != 2 {
		t.Errorf("%d lines, want those of both runs", n)
	}
	s, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if s.Mode().Perm()&0o007 != 0 {
		t.Errorf("mode %v", s.Mode())
	}
}

func TestALogfileThatCannotBeOpenedIsAnErrorThatSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none", "log")
	_, _, err := Open(Options{Level: "notice", Path: path})
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "name a file in a directory") {
		t.Errorf("got %v", err)
	}
}

func TestEventsKeepSentinelsLevels(t *testing.T) {
	for level, want := range map[monitor.Level]zapcore.Level{
		monitor.LevelDebug: zapcore.DebugLevel, monitor.LevelVerbose: zapcore.DebugLevel,
		monitor.LevelNotice: zapcore.InfoLevel, monitor.LevelWarning: zapcore.WarnLevel,
	} {
		if got := EventLevel(level); got != want {
			t.Errorf("%v: %v, want %v", level, got, want)
		}
	}
}

func TestGoRedisIsLoggedWithAConstantMessage(t *testing.T) {
	core, seen := observer.New(zapcore.DebugLevel)
	CaptureRedis(zap.New(core))
	t.Cleanup(func() { CaptureRedis(zap.NewNop()) })
	client := redis.NewClient(&redis.Options{MaxRetries: -1, DialerRetries: 1,
		Dialer: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no such wire") }})
	defer client.Close()
	if err := client.Ping(t.Context()).Err(); err == nil {
		t.Fatal("a ping without a connection succeeded")
	}
	got := seen.All()
	if len(got) == 0 {
		t.Fatal("go-redis logged nothing here")
	}
	for _, entry := range got {
		detail, _ := entry.ContextMap()["detail"].(string)
		if entry.Message != "go-redis" || entry.Level != zapcore.DebugLevel || !strings.Contains(detail, "no such wire") {
			t.Errorf("got %+v", entry)
		}
	}
}
