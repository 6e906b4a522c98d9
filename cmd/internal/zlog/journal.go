package zlog

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

// ToJournal reports whether what is written to f goes into systemd's journal: the
// variable JOURNAL_STREAM names the device and inode of the stream that systemd made
// (systemd.exec(5)). A shell that redirects the output leaves the variable as it is.
func ToJournal(f *os.File) bool {
	var dev, inode uint64
	if _, err := fmt.Sscanf(os.Getenv("JOURNAL_STREAM"), "%d:%d", &dev, &inode); err != nil {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && uint64(st.Dev) == dev && uint64(st.Ino) == inode // of other sizes on other systems
}

// priority is the level of a line as sd-daemon(3) writes it. The levels are those that
// syslog gets, but for errors: Redis has none.
func priority(l zapcore.Level) string {
	switch {
	case l >= zapcore.ErrorLevel:
		return "<3>"
	case l == zapcore.WarnLevel:
		return "<4>"
	case l == zapcore.InfoLevel:
		return "<5>"
	}
	return "<7>"
}

// journalEncoder writes lines for the journal: the level as a prefix, no time, for the
// journal notes its own.
type journalEncoder struct{ zapcore.Encoder }

func newJournalEncoder() zapcore.Encoder {
	enc := encoding()
	enc.TimeKey, enc.LevelKey = "", ""
	return journalEncoder{zapcore.NewConsoleEncoder(enc)}
}

// Clone implements zapcore.Encoder.
func (j journalEncoder) Clone() zapcore.Encoder { return journalEncoder{j.Encoder.Clone()} }

// EncodeEntry implements zapcore.Encoder.
func (j journalEncoder) EncodeEntry(e zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	line, err := j.Encoder.EncodeEntry(e, fields)
	if err != nil {
		return nil, err
	}
	defer line.Free()
	b := buffers.Get()
	b.AppendString(priority(e.Level))
	_, _ = b.Write(line.Bytes()) // a buffer takes everything
	return b, nil
}

var buffers = buffer.NewPool()

// ErrorLines returns a writer to f whose lines the journal shows as errors, and f itself
// when it does not go into the journal.
func ErrorLines(f *os.File) io.Writer {
	if !ToJournal(f) {
		return f
	}
	return &errorLines{out: f, fresh: true}
}

// errorLines puts the priority of an error before each line that is not empty.
type errorLines struct {
	out io.Writer

	mu    sync.Mutex
	fresh bool // at the beginning of a line
}

func (w *errorLines) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b bytes.Buffer
	for _, line := range bytes.SplitAfter(p, []byte("\n")) {
		if w.fresh && len(bytes.TrimSpace(line)) > 0 {
			b.WriteString(priority(zapcore.ErrorLevel))
		}
		b.Write(line)
		if len(line) > 0 {
			w.fresh = line[len(line)-1] == '\n'
		}
	}
	_, err := w.out.Write(b.Bytes())
	return len(p), err
}
