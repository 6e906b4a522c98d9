package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"picket/failover"
	"picket/quorum"
)

// Load reads the file at path, then the words of the command line, "--directive value
// ...", as lines appended to it; as in redis-server a later line wins. With state-dir the
// saved state is laid over it. path may be "" when the command line gives state-dir.
//
// Everything that is wrong is reported at once: the error joins one *LineError for each
// line, in the order of the lines.
func Load(path string, extra []string) (*Config, error) {
	c, err := readAll(path, extra)
	if err != nil {
		return nil, err
	}
	if err := c.resume(); err != nil {
		return nil, err
	}
	c.settle()
	return c, nil
}

// readAll reads the file and the command line, without the saved state.
func readAll(path string, extra []string) (*Config, error) {
	text, path, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	r := newReader()
	r.cfg.Path, r.cfg.origin.text = path, text
	lines := append(r.lex(source{path: path}, string(text)), r.lexCommandLine(extra)...)
	r.read(lines)
	r.readNotes()
	if err := r.err(); err != nil {
		return nil, err
	}
	r.cfg.dropDeletedUsers(r.notes)
	asRead := *r.cfg
	r.cfg.origin.words, r.cfg.origin.process = slices.Clone(extra), &asRead
	r.cfg.origin.globals, r.cfg.origin.groups = r.cfg.Globals, r.cfg.State().Groups
	r.cfg.origin.users, r.cfg.origin.requirePass = slices.Clone(r.cfg.Users), r.cfg.RequirePass
	r.cfg.origin.byName = named(r.cfg.origin.groups)
	return r.cfg, nil
}

// readConfig reads the file and makes its path absolute.
func readConfig(path string) ([]byte, string, error) {
	if path == "" {
		return nil, "", nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, "", fmt.Errorf("find configuration file %s: %w", path, err)
	}
	text, err := os.ReadFile(abs)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, "", fmt.Errorf("open configuration file: %w; make it readable for this user", err)
	case err != nil:
		return nil, "", fmt.Errorf("open configuration file: %w; name the file that holds your \"sentinel monitor\" lines", err)
	}
	return text, abs, nil
}

// lex splits a file into lines, those of the files that it includes in their place, and
// sets its notes aside.
func (r *reader) lex(from source, text string) []line {
	var lines []line
	no := 0
	for raw := range strings.Lines(text) {
		no++
		l := r.line(line{file: from.path, no: no, raw: strings.TrimRight(raw, "\r\n"), inner: from.depth > 0})
		if note, ok := cutNote(l.raw); ok {
			r.lexNote(l, note)
			continue
		}
		var err error
		l.words, err = split(l.raw)
		switch {
		case strings.HasPrefix(strings.TrimSpace(l.raw), "#"):
		case err != nil:
			r.errs = append(r.errs, l.fail(err))
		case len(l.words) > 0:
			lines = append(lines, l)
			lines = append(lines, r.follow(l, from)...)
		}
	}
	return lines
}

// line numbers the lines in the order in which they are read.
func (r *reader) line(l line) line {
	r.lines++
	l.seq = r.lines
	return l
}

func (r *reader) lexNote(l line, text string) {
	n, ours, err := parseNote(l, text)
	switch {
	case err != nil:
		r.errs = append(r.errs, l.fail(err))
	case ours:
		r.notes = append(r.notes, n)
	default:
		r.cfg.Warnings = append(r.cfg.Warnings, fmt.Sprintf("%s line %d is a note of Picket that this version does not know; it is kept and ignored", l.file, l.no))
	}
}

// readNotes applies the notes: what they belong to has been read by now.
func (r *reader) readNotes() {
	var frame []note
	for _, n := range r.notes {
		if n.verb == "in-place" {
			frame = append(frame, n)
		}
		if err := n.apply(r.cfg); err != nil {
			r.errs = append(r.errs, n.fail(err))
		}
	}
	if len(frame) > 0 && !closed(frame) {
		r.errs = append(r.errs, frame[0].fail(problem{"the last write of this file was cut short.",
			"Restore it from a backup, or check it line by line and delete its \"# picket: in-place\" lines; then prefer state-dir."}))
	}
}

// closed reports whether the marks of a file written in place are one pair.
func closed(frame []note) bool {
	return len(frame) == 2 && frame[0].args[0] == "begin" && frame[1].args[0] == "end" && frame[0].args[1] == frame[1].args[1]
}

// resume lays the saved state over the configuration, if there is a state-dir.
func (c *Config) resume() error {
	if c.StateDir == "" {
		return nil
	}
	dir, err := filepath.Abs(c.StateDir)
	if !filepath.IsAbs(c.StateDir) && c.Dir != "" {
		dir, err = filepath.Abs(filepath.Join(c.Dir, c.StateDir))
	}
	if err != nil {
		return fmt.Errorf("find state-dir %s: %w", c.StateDir, err)
	}
	c.StateDir = dir
	text, err := os.ReadFile(c.statePath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("read saved state: %w; make it readable for this user", err)
	}
	saved, err := parseState(c.statePath(), text)
	if err != nil {
		return err
	}
	saved.layOver(c)
	return nil
}

func (c *Config) statePath() string { return filepath.Join(c.StateDir, "state.conf") }

// unsaid is the leader-epoch of a group of which no line tells one. It is new, or it
// came back to the file after a SENTINEL REMOVE took its vote away: it may have voted
// in any epoch so far, and must not do so again.
const unsaid = math.MaxUint64

// settle makes what was read agree with itself.
func (c *Config) settle() {
	for _, g := range c.Groups {
		c.CurrentEpoch = max(c.CurrentEpoch, g.Saved.ConfigEpoch)
		if g.Saved.LeaderEpoch != unsaid {
			c.CurrentEpoch = max(c.CurrentEpoch, g.Saved.LeaderEpoch)
		}
	}
	if epochs := (quorum.Epochs{Current: c.CurrentEpoch}); epochs.Exhausted() {
		c.warn("epoch %d is the last one or past it: no failover can be voted on; stop all monitors, set current-epoch, "+
			"config-epoch and leader-epoch to 0 in all their files, and start them together", c.CurrentEpoch)
	}
	for i := range c.Groups {
		s := &c.Groups[i].Saved
		s.CurrentEpoch = c.CurrentEpoch
		if s.LeaderEpoch == unsaid {
			s.LeaderEpoch = c.CurrentEpoch
		}
		s.Peers = slices.DeleteFunc(s.Peers, func(p failover.SavedPeer) bool { return p.ID == c.MyID })
	}
	c.warnTLS()
	if len(c.Groups) == 0 {
		where := cmp.Or(c.Path, "the command line")
		c.Warnings = append(c.Warnings, fmt.Sprintf("no master is monitored: add \"sentinel monitor <name> <host> <port> <quorum>\" to %s", where))
	}
}
