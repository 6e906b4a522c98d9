package zlog

import (
	"fmt"
	"os"
)

// logFile is a file that a line is appended to. When it was moved or deleted since, as
// logrotate does, it is made anew: redis-sentinel opens its file for each line, so its
// operators need no signal, and neither do ours. It belongs to the goroutine of a spool.
type logFile struct {
	path string
	f    *os.File
	id   os.FileInfo // of f
}

// openFile opens the log at path.
func openFile(path string) (*logFile, error) {
	l := &logFile{path: path}
	if err := l.open(); err != nil {
		return nil, fmt.Errorf("open logfile: %w; name a file in a directory that this user can write", err)
	}
	return l, nil
}

func (l *logFile) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	id, err := f.Stat()
	if err != nil {
		return err
	}
	if l.f != nil {
		_ = l.f.Close() // every line of it is written
	}
	l.f, l.id = f, id
	return nil
}

// Write appends a line, to the file that has the name now. While none can be opened
// there, lines go on to the old one.
func (l *logFile) Write(p []byte) (int, error) {
	if now, err := os.Stat(l.path); err != nil || !os.SameFile(now, l.id) {
		_ = l.open() // tried again with the next line
	}
	return l.f.Write(p)
}
