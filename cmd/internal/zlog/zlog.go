package zlog

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"picket/monitor"
)

// levels maps Sentinel's loglevel to zap's. "nothing" logs nothing.
var levels = map[string]zapcore.Level{
	"debug": zapcore.DebugLevel, "verbose": zapcore.DebugLevel, "notice": zapcore.InfoLevel,
	"warning": zapcore.WarnLevel, "nothing": zapcore.FatalLevel,
}

// Level is the zap level of one of Sentinel's: debug, verbose, notice, warning, nothing.
func Level(name string) zapcore.Level { return levels[name] }

// Options say where lines go.
type Options struct {
	Level  string // Sentinel's: debug, verbose, notice, warning, nothing
	Path   string // of the log file, "" for standard output
	Syslog Syslog
}

// Open returns a logger that writes console lines, or lines for the journal when standard
// output goes there, from a goroutine of its own: logging
// never waits for the output. Sync waits for it, for a moment. The returned level can be
// changed while it runs, by SetLevel.
func Open(o Options) (*zap.Logger, zap.AtomicLevel, error) {
	atomic := zap.NewAtomicLevelAt(levels[o.Level])
	var out io.Writer = os.Stdout
	if o.Path != "" {
		f, err := openFile(o.Path)
		if err != nil {
			return nil, atomic, err
		}
		out = f
	}
	enc := zapcore.NewConsoleEncoder(encoding())
	if o.Path == "" && ToJournal(os.Stdout) {
		enc = newJournalEncoder()
	}
	core := zapcore.NewCore(enc, newSpool(out, lostLines(enc)), atomic)
	if o.Syslog.Enabled {
		enc := encoding()
		enc.TimeKey, enc.LevelKey = "", "" // syslog has both
		enc.SkipLineEnding = true
		core = zapcore.NewTee(core, newSyslog(o.Syslog, zapcore.NewConsoleEncoder(enc), atomic))
	}
	return zap.New(core), atomic, nil
}

// lostLines makes the line that tells of lines that could not be written.
func lostLines(enc zapcore.Encoder) func(lost int) []byte {
	return func(lost int) []byte {
		entry := zapcore.Entry{Level: zapcore.WarnLevel, Time: time.Now(), Message: "log lines were lost: the output hung or failed"}
		b, err := enc.EncodeEntry(entry, []zapcore.Field{zap.Int("lines", lost)})
		if err != nil {
			return nil
		}
		defer b.Free()
		return []byte(b.String())
	}
}

func encoding() zapcore.EncoderConfig {
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = zapcore.TimeEncoderOfLayout("2006-01-02T15:04:05.000Z07:00")
	enc.EncodeLevel = zapcore.CapitalLevelEncoder
	enc.ConsoleSeparator = " "
	return enc
}

// EventLevel is the zap level of an event: what Sentinel logs as a warning is
// news, not a fault of ours, and stands at WARN so that loglevel keeps its meaning.
func EventLevel(l monitor.Level) zapcore.Level {
	return [...]zapcore.Level{zapcore.DebugLevel, zapcore.DebugLevel, zapcore.InfoLevel, zapcore.WarnLevel}[l]
}

type redisLogger struct{ log *zap.Logger }

// Printf implements go-redis' logging interface with a constant message, so that
// sampling and search work.
func (r redisLogger) Printf(_ context.Context, format string, v ...any) {
	r.log.Debug("go-redis", zap.String("detail", fmt.Sprintf(format, v...)))
}

// CaptureRedis sends go-redis' global log to log. Call it once, before the first client.
func CaptureRedis(log *zap.Logger) { redis.SetLogger(redisLogger{log}) }
