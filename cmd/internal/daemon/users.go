package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/zap"

	"picket/cmd/internal/acl"
	"picket/cmd/internal/respapi"
	"picket/config"
	"picket/monitor"
)

// mixedUsers is what redis-sentinel says before it exits.
const mixedUsers = "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. " +
	"This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users " +
	"directly in your redis.conf, but not both."

// redisText is an error in Redis' own words.
type redisText string

func (t redisText) Error() string { return string(t) }

// users are those of the door, as the configuration or the ACL file has them.
type users struct {
	start *acl.Users
	file  *aclFile // nil: there is none
	saved savedUsers
}

// savedUsers are the users as they were last rendered for the configuration file. It
// belongs to the loop, once that runs.
type savedUsers struct {
	of    *acl.Users
	lines []config.User
}

// openUsers reads the users. Everything that is wrong with their lines is in the error.
func (d *Daemon) openUsers() error {
	pubsub := acl.ForbidChannels
	if d.cfg.AllChannels {
		pubsub = acl.AllowChannels
	}
	set := acl.NewUsers(respapi.ACLTable(), pubsub).SetDefaultPassword(d.cfg.RequirePass)
	var err error
	switch {
	case d.cfg.ACLFile != "" && len(d.cfg.Users) > 0:
		return redisText(mixedUsers)
	case d.cfg.ACLFile != "":
		set, err = d.readACLFile(set)
	default:
		set, err = d.defineUsers(set)
	}
	if err != nil {
		return err
	}
	d.users.start = set
	d.overridden(set)
	return nil
}

// overridden warns of a requirepass that says nothing any more: redis-sentinel writes the
// default user's line beside it, which stands when requirepass is changed later.
func (d *Daemon) overridden(set *acl.Users) {
	if u := set.Default(); d.cfg.RequirePass != "" && !(u.Enabled() && !u.NoPassword() && u.Accepts(d.cfg.RequirePass)) {
		d.cfg.Warnings = append(d.cfg.Warnings, "requirepass is not the password of the user default: its line, or the ACL file, says otherwise and stands")
	}
}

func (d *Daemon) defineUsers(set *acl.Users) (*acl.Users, error) {
	var errs []error
	for _, u := range d.cfg.Users {
		next, err := set.Define(u.Name, u.Rules)
		if err != nil {
			errs = append(errs, u.Fail(err.Error(), adviceOn(err)))
			continue
		}
		set = next
		if defined, _ := set.Get(u.Name); !defined.Enabled() {
			d.log.Info("a user is disabled: there is no 'on' in its rules; make sure this is not a configuration error", zap.String("user", u.Name))
		}
	}
	return set, errors.Join(errs...)
}

// adviceOn names the rule that is wrong where that gives no password away.
func adviceOn(err error) string {
	if rule, ok := errors.AsType[*acl.RuleError](err); ok && rule.Unknown() {
		return fmt.Sprintf("No command or category of a monitor is called %q; delete that rule.", strings.TrimLeft(rule.Rule, "+-"))
	}
	return ""
}

func (d *Daemon) readACLFile(set *acl.Users) (*acl.Users, error) {
	path, err := filepath.Abs(d.cfg.ACLFile) // of "dir", which has been entered
	if err != nil {
		return nil, fmt.Errorf("find the ACL file: %w", err)
	}
	d.users.file = &aclFile{name: d.cfg.ACLFile, path: path, log: d.log}
	text, err := d.users.file.Read()
	if err == nil {
		set, err = set.Load(d.cfg.ACLFile, text)
	}
	if err != nil {
		return nil, fmt.Errorf("Aborting Redis startup because of ACL errors: %w", err) //lint:ignore ST1005 Redis' text
	}
	return set, nil
}

// door is the ACL file as the door wants it: nil where there is none.
func (u *users) door() respapi.ACLFile {
	if u.file == nil {
		return nil
	}
	return u.file
}

// lines are the users for the configuration file, nil when an ACL file holds them.
func (u *users) lines(now *acl.Users) []config.User {
	if u.file != nil {
		return nil
	}
	if u.saved.of != now {
		all := now.All()
		u.saved = savedUsers{of: now, lines: make([]config.User, len(all))}
		for i, user := range all { // they were rendered where they were changed: the loop only copies
			u.saved.lines[i] = config.User{Name: user.Name(), Rules: user.Words()}
		}
	}
	return u.saved.lines
}

// usersChanged has the users saved as soon as the writer is free.
func (d *Daemon) usersChanged() {
	if d.users.file == nil {
		d.loop.put(job{run: func(monitor.Instant) { d.loop.save.wanted = true }})
	}
}

// aclFile is the file that the directive aclfile names.
type aclFile struct {
	name string // as configured
	path string // absolute
	log  *zap.Logger
}

func (f *aclFile) Path() string { return f.name }

func (f *aclFile) Read() (string, error) {
	text, err := os.ReadFile(f.path)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		text := err.Error() // Go's texts of the system's errors are the C library's in lower case
		return "", redisText(fmt.Sprintf("Error loading ACLs, opening file '%s': %s", f.name, strings.ToUpper(text[:1])+text[1:]))
	}
	return string(text), nil
}

// Write replaces the file, so that a crash leaves the old one or the new one, and keeps
// its owner and mode.
func (f *aclFile) Write(text string) error {
	warnings, err := config.ReplaceFile(f.path, []byte(text))
	for _, w := range warnings {
		f.log.Warn("ACL file", zap.String("warning", w))
	}
	if err != nil {
		return fmt.Errorf("save the users: %w", err)
	}
	return nil
}
