package e2e

import (
	"errors"
	"strings"
	"time"

	"picket/deploy/lab"
)

// accesses are scenes in which the master serves its clients and refuses the monitors.
var accesses = []faultScene{
	{
		name:   "max clients reached",
		what:   "maxclients 1 on the master while clients are connected, and the monitors' connections are cut, so that they get none; for 6 s.",
		strike: func(t *trial) error { return t.shutOut("CONFIG", "SET", "maxclients", "1") },
		hold:   6 * time.Second,
		heal:   func(t *trial) error { return t.opens("CONFIG", "SET", "maxclients", "1000") },
		want:   want{verdicts: []string{"blind"}, outage: 2 * time.Second},
	},
	{
		name: "password changed at run time",
		what: "requirepass and masterauth set on all servers, the monitors' connections to the master cut; the monitors are told the password (SENTINEL SET auth-pass) 6 s later. Clients know it at once.",
		strike: func(t *trial) error {
			t.login.Set("secret")
			var err error
			for _, r := range t.Replicas {
				_, auth := r.Do(t.ctx, "CONFIG", "SET", "masterauth", "secret")
				_, pass := r.Do(t.ctx, "CONFIG", "SET", "requirepass", "secret")
				err = errors.Join(err, auth, pass)
			}
			return errors.Join(err, t.shutOut("CONFIG", "SET", "masterauth", "secret", "requirepass", "secret"))
		},
		hold: 6 * time.Second,
		heal: func(t *trial) (err error) {
			for _, m := range t.Monitors {
				_, told := m.Sentinel(t.ctx, "SET", m.Group, "auth-pass", "secret")
				err = errors.Join(err, told)
			}
			return err
		},
		want: want{verdicts: []string{"blind"}, outage: 2 * time.Second},
	},
}

// shutOut runs a command on the master that keeps new connections out, and then
// cuts those that are neither a writer's (whose last command is EXEC) nor a replica's.
func (t *trial) shutOut(args ...string) error {
	c, err := t.old.Dial(t.ctx)
	if err != nil {
		return err
	}
	t.door = c
	if err := t.opens(args...); err != nil {
		return err
	}
	list, err := c.Do(t.ctx, "CLIENT", "LIST")
	if err != nil {
		return err
	}
	text, _ := list.(string)
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		command, _ := field(line, "cmd")
		flags, _ := field(line, "flags")
		if id, ok := field(line, "id"); ok && command != "exec" && command != "client|list" && !strings.Contains(flags, "S") {
			_, killed := c.Do(t.ctx, "CLIENT", "KILL", "ID", id)
			var gone lab.ReplyError
			if killed != nil && !errors.As(killed, &gone) {
				return killed
			}
		}
	}
	return nil
}

// opens runs a command over the connection that is let in still.
func (t *trial) opens(args ...string) error {
	_, err := t.door.Do(t.ctx, args...)
	return err
}
