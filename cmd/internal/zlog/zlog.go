package zlog

import (
	"context"
	"fmt"
	"os"

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

// Open returns a logger that writes console lines to path, or to standard output
// when path is empty. level is Sentinel's: debug, verbose, notice, warning,
// nothing. The returned level can be changed while it runs.
func Open(level, path string) (*zap.Logger, zap.AtomicLevel, error) {
	atomic := zap.NewAtomicLevelAt(levels[level])
	out := zapcore.Lock(os.Stdout)
	if path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
		if err != nil {
			return nil, atomic, fmt.Errorf("open logfile: %w; name a file in a directory that this user can write", err)
		}
		out = zapcore.Lock(f)
	}
	enc := zap.NewProductionEncoderConfig()
	enc.EncodeTime = zapcore.TimeEncoderOfLayout("2006-01-02T15:04:05.000Z07:00")
	enc.EncodeLevel = zapcore.CapitalLevelEncoder
	enc.ConsoleSeparator = " "
	return zap.New(zapcore.NewCore(zapcore.NewConsoleEncoder(enc), out, atomic)), atomic, nil
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
