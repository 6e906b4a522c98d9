package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxIncludes bounds how deep files may include each other: a file that includes itself
// makes redis-sentinel crash.
const maxIncludes = 16

// source is a file that is read.
type source struct {
	path  string
	depth int // 0 for the file that was named at the start
}

// follow reads what an include line names, in the place of the line, as Redis does
// (config.c, loadServerConfig). Paths are relative to the last dir line, since Redis
// enters that directory at once.
func (r *reader) follow(l line, from source) []line {
	if len(l.words) != 2 {
		return nil
	}
	switch strings.ToLower(l.words[0]) {
	case "dir":
		l.words[1] = r.path(l.words[1])
		r.dir = l.words[1]
	case "include":
		paths, err := r.included(l.words[1])
		if err == nil && from.depth == maxIncludes {
			err = problem{"files include each other too deep.", "Delete the line."}
		}
		if err != nil {
			r.errs = append(r.errs, l.fail(err))
			return nil
		}
		return r.lexFiles(l, paths, from.depth+1)
	}
	return nil
}

func (r *reader) path(name string) string {
	if filepath.IsAbs(name) || r.dir == "" {
		return name
	}
	return filepath.Join(r.dir, name)
}

// included returns the files that an include line names. A pattern may match none.
func (r *reader) included(name string) ([]string, error) {
	path := r.path(name)
	if !strings.ContainsAny(name, "*?[") {
		return []string{path}, nil
	}
	paths, err := filepath.Glob(path)
	if err != nil {
		return nil, problem{"malformed pattern.", "Close the bracket."}
	}
	return paths, nil
}

func (r *reader) lexFiles(l line, paths []string, depth int) []line {
	var lines []line
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			r.errs = append(r.errs, l.fail(problem{"Fatal error, can't open config file '" + path + "': " + reasonOf(err),
				"Make it readable for this user, or delete the line."}))
			continue
		}
		lines = append(lines, r.lex(source{path: path, depth: depth}, string(text))...)
		r.remember(text)
	}
	return lines
}

// remember notes which of our lines an included file holds: what is at its default must
// then be written all the same, to stand against them.
func (r *reader) remember(text []byte) {
	if r.cfg.origin.elsewhere == nil {
		r.cfg.origin.elsewhere = map[string]bool{}
	}
	for _, l := range parseDocument(text).lines {
		if l.key != "" {
			r.cfg.origin.elsewhere[l.key] = true
		}
	}
}

// reasonOf is the system's reason, as C programs print it.
func reasonOf(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		text := errno.Error()
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return err.Error()
}

// readNothing takes a line that was followed when it was read.
func readNothing(*Config, []string) error { return nil }
