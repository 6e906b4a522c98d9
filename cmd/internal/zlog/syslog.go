package zlog

import (
	"log/syslog"
	"time"

	"go.uber.org/zap/zapcore"
)

// Syslog says how to log to syslog too.
type Syslog struct {
	Enabled  bool
	Ident    string
	Facility string // user, or local0 to local7

	socket string // of tests; "" is the system's
}

var facilities = map[string]syslog.Priority{
	"user": syslog.LOG_USER, "local0": syslog.LOG_LOCAL0, "local1": syslog.LOG_LOCAL1, "local2": syslog.LOG_LOCAL2,
	"local3": syslog.LOG_LOCAL3, "local4": syslog.LOG_LOCAL4, "local5": syslog.LOG_LOCAL5, "local6": syslog.LOG_LOCAL6,
	"local7": syslog.LOG_LOCAL7,
}

const (
	syslogQueue = 1024 // lines that may wait; what comes above is dropped
	syslogRetry = 5 * time.Second
)

// syslogLine is one line for syslog.
type syslogLine struct {
	level zapcore.Level
	text  string
}

// syslogCore sends lines to syslog. The loop logs, and must not wait for a daemon that
// hangs: a goroutine writes what is queued.
type syslogCore struct {
	zapcore.LevelEnabler
	enc   zapcore.Encoder
	lines chan<- syslogLine
}

func newSyslog(s Syslog, enc zapcore.Encoder, level zapcore.LevelEnabler) zapcore.Core {
	lines := make(chan syslogLine, syslogQueue)
	go s.send(lines)
	return syslogCore{level, enc, lines}
}

func (c syslogCore) With(fields []zapcore.Field) zapcore.Core {
	c.enc = c.enc.Clone()
	for _, f := range fields {
		f.AddTo(c.enc)
	}
	return c
}

func (c syslogCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c syslogCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	b, err := c.enc.EncodeEntry(e, fields)
	if err != nil {
		return err
	}
	defer b.Free()
	select {
	case c.lines <- syslogLine{e.Level, b.String()}:
	default: // syslog hangs; the log file has the line
	}
	return nil
}

func (c syslogCore) Sync() error { return nil }

// send writes lines until the process ends. A syslog daemon that is not there is looked
// for again; the lines meanwhile are lost to it, as they are for redis-sentinel.
func (s Syslog) send(lines <-chan syslogLine) {
	var w *syslog.Writer
	var tried time.Time
	for l := range lines {
		if w == nil && (tried.IsZero() || time.Since(tried) > syslogRetry) {
			tried = time.Now()
			w, _ = s.dial()
		}
		if w != nil {
			_ = write(w, l)
		}
	}
}

func (s Syslog) dial() (*syslog.Writer, error) {
	priority := facilities[s.Facility] | syslog.LOG_INFO
	if s.socket != "" {
		return syslog.Dial("unixgram", s.socket, priority, s.Ident)
	}
	return syslog.New(priority, s.Ident)
}

// write sends a line with the priority that Redis gives its level (serverLogRaw).
func write(w *syslog.Writer, l syslogLine) error {
	switch {
	case l.level >= zapcore.WarnLevel:
		return w.Warning(l.text)
	case l.level == zapcore.InfoLevel:
		return w.Notice(l.text)
	}
	return w.Debug(l.text)
}
