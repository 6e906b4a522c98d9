package gossip

import (
	"log"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logWriter turns memberlist's lines, "[WARN] memberlist: text", into entries
// of that level with a constant message, so that a sampler can count them.
type logWriter struct{ log *zap.Logger }

func libraryLogger(l *zap.Logger) *log.Logger { return log.New(logWriter{l}, "", 0) }

var libraryLevels = map[string]zapcore.Level{
	"DEBUG": zapcore.DebugLevel,
	"INFO":  zapcore.InfoLevel,
	"WARN":  zapcore.WarnLevel,
	"ERR":   zapcore.ErrorLevel,
	"ERROR": zapcore.ErrorLevel,
}

// Write takes one line.
func (w logWriter) Write(line []byte) (int, error) {
	level, text := splitLevel(strings.TrimSpace(string(line)))
	if entry := w.log.Check(level, "memberlist"); entry != nil {
		entry.Write(zap.String("detail", strings.TrimPrefix(text, "memberlist: ")))
	}
	return len(line), nil
}

func splitLevel(line string) (zapcore.Level, string) {
	word, text, cut := strings.Cut(strings.TrimPrefix(line, "["), "] ")
	if level, known := libraryLevels[word]; cut && known {
		return level, text
	}
	return zapcore.InfoLevel, line
}
