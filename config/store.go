package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Store makes states durable: in the operator's file, or in state-dir. It belongs to one
// goroutine.
type Store struct {
	disk     disk
	path     string // of the file that holds the state
	own      bool   // the file is ours alone: state-dir
	from     origin // what the operator's file says
	target   string // path without symbolic links
	inPlace  bool   // rename cannot replace the target
	remount  string // what to do about that
	onDisk   []byte // what was durably written last, nil before and after a failure
	known    renderings
	told     map[string]bool
	warnings []string
}

// Open checks that the state of cfg can be written, creates state-dir with mode 0700
// where it is missing, and returns the Store. The error names the cause and what to do.
func Open(cfg *Config) (*Store, error) { return open(cfg, osDisk{}) }

func open(cfg *Config, d disk) (*Store, error) {
	s := &Store{disk: d, path: cfg.Path, own: cfg.StateDir != "", from: cfg.origin, told: map[string]bool{},
		remount: "mount its directory instead, or set state-dir"}
	if s.own {
		s.path = cfg.statePath()
		if err := s.makeDir(cfg.StateDir); err != nil {
			return nil, fmt.Errorf("create state-dir: %w; make it writable for this user, or name another state-dir", err)
		}
	}
	if s.path == "" {
		return nil, errors.New("nowhere to keep the state: name a configuration file, or give --state-dir <directory>")
	}
	s.resolve()
	if err := s.probe(); err != nil {
		return nil, fmt.Errorf("state cannot be saved in %s: %w; %s", s.target, err, s.remedy())
	}
	return s, nil
}

func (s *Store) remedy() string {
	if s.own {
		return "make the state-dir writable for this user, or name another"
	}
	return "make the file and its directory writable for this user, or keep the state elsewhere with: state-dir <directory>"
}

// makeDir creates state-dir so that a power failure does not take it away again.
func (s *Store) makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return syncDir(s.disk, filepath.Dir(dir))
}

// resolve follows symbolic links: the file behind them is replaced, not the link.
func (s *Store) resolve() {
	if target, err := filepath.EvalSymlinks(s.path); err == nil {
		s.target = target
	} else if s.target == "" {
		s.target = s.path
	}
}

// probe finds out whether and how the target can be written.
func (s *Store) probe() error {
	mounted := isMountPoint(s.target)
	if _, err := os.Stat(s.target); err == nil {
		f, err := s.disk.open(s.target, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	if mounted {
		s.writeInPlace()
		return nil
	}
	f, err := createTemp(s.disk, s.target)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(tempName(s.target)))
}

func (s *Store) writeInPlace() {
	s.inPlace = true
	s.tell(fmt.Sprintf("%s is mounted as a single file, so it is rewritten in place, which a crash can cut short: %s", s.target, s.remount))
}

// tell remembers a warning, once.
func (s *Store) tell(warning string) {
	if !s.told[warning] {
		s.told[warning] = true
		s.warnings = append(s.warnings, warning)
	}
}

// Warnings returns what an operator should know about how the state is stored and was
// not returned before.
func (s *Store) Warnings() []string {
	list := s.warnings
	s.warnings = nil
	return list
}

// Path returns the file that holds the state.
func (s *Store) Path() string { return s.path }

// Save makes st durable: when it returns nil, st survives a crash of the machine. When it
// returns an error the file holds either what was saved before or st; only a file that
// has to be rewritten in place can be left cut off, which the next start reports.
func (s *Store) Save(st State) error {
	for _, g := range st.Groups {
		st.CurrentEpoch = max(st.CurrentEpoch, g.Saved.CurrentEpoch)
	}
	s.from.forget(st.Groups)
	s.resolve()
	content, current := s.render(st)
	if s.onDisk != nil && bytes.Equal(content, s.onDisk) && bytes.Equal(content, current) {
		return nil
	}
	s.onDisk = nil
	if err := s.write(content); err != nil {
		return fmt.Errorf("save state in %s: %w", s.target, err)
	}
	s.onDisk = content
	return nil
}

// render returns the file as it is to be, and as it is. The operator's file is read again
// each time: whatever was edited meanwhile and is not state stays edited.
func (s *Store) render(st State) (content, current []byte) {
	current, err := os.ReadFile(s.target)
	if s.own {
		return stateText(st, s.from, s.known.addGroups(nil, st.Groups, s.from.stateManner())), current
	}
	text := current
	if err != nil { // deleted under us: the file as it was read at start, with the state
		text = s.from.text
	}
	d := s.known.parse(text)
	want := s.known.addGroups(globalLines(st), st.Groups, manner{fileLines, func(key string) bool {
		return d.has(key) || s.from.elsewhere[key]
	}})
	want = append(want, userLines(st.Users, s.from.requirePass)...)
	want = append(want, s.from.deletedUsers(st)...)
	return s.framed(d.rewrite(s.from.insist(want))), current
}

// insist makes lines at their default stand against those of included files.
func (o origin) insist(lines []wanted) []wanted {
	for i := range lines {
		lines[i].optional = lines[i].optional && !o.elsewhere[lines[i].key]
	}
	return lines
}

func (s *Store) write(content []byte) error {
	if s.inPlace {
		return s.overwrite(content)
	}
	err := s.replace(content)
	if errors.Is(err, syscall.EBUSY) {
		s.writeInPlace()
		return s.overwrite(s.framed(content))
	}
	return err
}

// replace writes a new file and gives it the old one's name, mode and owner.
func (s *Store) replace(content []byte) error {
	f, err := createTemp(s.disk, s.target)
	if err != nil {
		return err
	}
	if err := s.fill(f, content); err != nil {
		return errors.Join(err, os.Remove(tempName(s.target)))
	}
	return syncDir(s.disk, filepath.Dir(s.target))
}

func (s *Store) fill(f file, content []byte) error {
	kept, err := inherit(f, s.target)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if !kept {
		s.tell(fmt.Sprintf("the owner of %s changes to the user that runs picket: another cannot be set", s.target))
	}
	if err := writeThrough(f, content); err != nil {
		return err
	}
	return s.disk.rename(tempName(s.target), s.target)
}

// overwrite writes over the old content. Cutting off what is left of it comes last, so
// that the file is never empty.
func (s *Store) overwrite(content []byte) error {
	f, err := s.disk.open(s.target, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Truncate(int64(len(content))); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(f.Sync(), f.Close())
}

// framed puts the operator's file, when it is written in place, between two marks with
// one token: by them the next start knows a write that was cut short. A state file has
// its checksum.
func (s *Store) framed(content []byte) []byte {
	if !s.inPlace || s.own {
		return content
	}
	token := sumOf(content)[:16]
	begin, end := noteLine("in-place", "begin", token).text(), noteLine("in-place", "end", token).text()
	return []byte(begin + "\n" + string(content) + end + "\n")
}
