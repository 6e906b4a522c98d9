package zlog

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"syscall"
	"testing"

	"go.uber.org/zap"
)

// pipe is a stream to the journal: standard output is its writing end for the test.
func pipe(t *testing.T) (reader, writer *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

func nameStream(t *testing.T, f *os.File) {
	t.Helper()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	st := info.Sys().(*syscall.Stat_t)
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", st.Dev, st.Ino))
}

func TestLinesForTheJournalHaveALevelAndNoTime(t *testing.T) {
	r, w := pipe(t)
	old := os.Stdout
	os.Stdout = w
	defer func() { os.Stdout = old }()
	nameStream(t, w)
	log, _, err := Open(Options{Level: "debug"})
	if err != nil {
		t.Fatal(err)
	}
	log.Debug("a detail")
	log.Info("news", zap.Int("n", 1))
	log.Warn("beware")
	log.Named("resp").With(zap.String("of", "us")).Error("broken")
	flush(t, log)
	lines := bufio.NewScanner(r)
	for _, want := range []string{"<7>a detail", `<5>news {"n": 1}`, "<4>beware", `<3>resp broken {"of": "us"}`} {
		if lines.Scan(); lines.Text() != want {
			t.Errorf("the journal got %q, want %q", lines.Text(), want)
		}
	}
}

func TestOnlyTheStreamThatSystemdMadeIsTheJournal(t *testing.T) {
	_, journal := pipe(t)
	_, other := pipe(t)
	nameStream(t, journal)
	if !ToJournal(journal) || ToJournal(other) {
		t.Errorf("journal %t, another pipe %t", ToJournal(journal), ToJournal(other))
	}
	for _, wrong := range []string{"", "1", "a:b"} {
		t.Setenv("JOURNAL_STREAM", wrong)
		if ToJournal(journal) {
			t.Errorf("JOURNAL_STREAM=%q names the stream", wrong)
		}
	}
	if ErrorLines(other) != other {
		t.Error("lines for a terminal are changed")
	}
}

func TestErrorsForTheJournalHaveALevelOnEachLine(t *testing.T) {
	var b bytes.Buffer
	w := &errorLines{out: &b, fresh: true}
	for _, part := range []string{"\n*** FATAL ***\n", "at ", "line 3\n>>> 'x'\n"} {
		if n, err := w.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	}
	if want := "\n<3>*** FATAL ***\n<3>at line 3\n<3>>>> 'x'\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
