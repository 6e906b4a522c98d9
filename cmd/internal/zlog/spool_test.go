package zlog

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"go.uber.org/zap"
)

// A monitor logs from its loop: an output that hangs must not hold it up, and what it
// could not take is told of once it goes on.
func TestALogfileThatHangsHoldsNobodyUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(path, os.O_RDWR, 0) // opening to read alone waits for a writer
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	log, _, err := Open(Options{Level: "notice", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	pad, lines := strings.Repeat("x", 1000), 3*spoolBytes/1000
	for i := range lines { // with nobody who reads
		log.Info("line", zap.Int("i", i), zap.String("pad", pad))
	}
	if err := log.Sync(); err == nil {
		t.Error("a flush of a log that hangs is said to be done")
	}
	told := 0
	for i, scan := 0, bufio.NewScanner(reader); told == 0 && scan.Scan(); i++ {
		if strings.Contains(scan.Text(), fmt.Sprintf(`INFO line {"i": %d, `, i)) {
			continue
		}
		if told = lostIn(scan.Text()); i+told != lines {
			t.Fatalf("after %d of %d lines: %.200q", i, lines, scan.Text())
		}
	}
	if told == 0 {
		t.Error("nothing tells of the lines that were lost")
	}
}

// lostIn is the number of lines that a line says were lost.
func lostIn(line string) int {
	var n int
	_, fields, _ := strings.Cut(line, "WARN log lines were lost: the output hung or failed ")
	_, _ = fmt.Sscanf(fields, `{"lines": %d}`, &n) // else 0
	return n
}

// disk is an output that is full, or hangs, when a test says so.
type disk struct {
	full  bool
	hangs chan struct{}
	lines []string
}

func (d *disk) Write(p []byte) (int, error) {
	if d.hangs != nil {
		<-d.hangs
	}
	if d.full {
		return 0, errors.New("no space left on device")
	}
	d.lines = append(d.lines, strings.TrimSpace(string(p)))
	return len(p), nil
}

func note(lost int) []byte { return fmt.Appendf(nil, "lost %d", lost) }

// say queues lines, and waits until the spool rests.
func (s *spool) say(lines ...string) {
	for _, l := range lines {
		_, _ = s.Write([]byte(l)) // never fails
	}
	synctest.Wait()
}

func TestWhatAFullDiskLostIsToldOfOnceThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		s := newSpool(d, note)
		defer close(s.more)
		s.say("a")
		d.full = true
		s.say("b", "c")
		d.full = false
		s.say("d")
		if got := strings.Join(d.lines, ","); got != "a,lost 2,d" {
			t.Errorf("the disk holds %q", got)
		}
	})
}

// A short line that found room behind a long one that did not would hide the gap.
func TestLinesStayInOrderAroundAGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{hangs: make(chan struct{})}
		s := newSpool(d, note)
		defer close(s.more)
		s.say("a") // which hangs
		s.say("b", strings.Repeat("x", spoolBytes), "c")
		close(d.hangs)
		synctest.Wait()
		s.say("d")
		if got := strings.Join(d.lines, ","); got != "a,b,lost 2,d" {
			t.Errorf("the disk holds %q", got)
		}
	})
}

func TestAFlushWaitsForWhatIsWrittenAndNotForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{hangs: make(chan struct{})}
		s := newSpool(d, note)
		defer close(s.more)
		s.say("a", "b")
		if err := s.Sync(); err == nil { // the bubble's clock ends the wait
			t.Error("flushed while the disk hangs")
		}
		close(d.hangs)
		if err := s.Sync(); err != nil || len(d.lines) != 2 {
			t.Errorf("%v, the disk holds %q", err, d.lines)
		}
	})
}
