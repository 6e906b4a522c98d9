package cli

import (
	"context"
	"fmt"
	"time"

	"picket/deploy/lab"
)

// wholeWithin is how long a group may take to be whole again: redis-sentinel
// takes 10 s, at times 18, to tell a returned master what it is now.
const wholeWithin = 30 * time.Second

// settled waits until the monitors agree on one healthy master, which the other
// servers follow. The error says what is missing.
func (s *stage) settled(ctx context.Context) error {
	defer s.screen.wait(0, "until every monitor names the same healthy master, and the other servers follow it")()
	limited, cancel := context.WithTimeout(ctx, wholeWithin)
	defer cancel()
	missing := ""
	err := lab.Poll(limited, "wait for the group", func(ctx context.Context) bool {
		master, why := s.agreed(ctx)
		if why == "" {
			s.master = master
			why = s.astray(ctx, master)
		}
		if why != "" && ctx.Err() == nil {
			missing = why
		}
		return why == ""
	})
	if err != nil {
		return fmt.Errorf("the group was not whole again after %v: %s", wholeWithin, missing)
	}
	return nil
}

// agreed returns the master that all monitors name, or why there is none.
func (s *stage) agreed(ctx context.Context) (master *lab.Redis, why string) {
	for i, m := range s.group.Monitors {
		short, cancel := context.WithTimeout(ctx, time.Second)
		f, err := m.Master(short)
		cancel()
		if err != nil {
			return nil, monitorName(i) + " does not answer"
		}
		r, known := s.group.Server(f["ip"] + ":" + f["port"])
		switch {
		case !known:
			return nil, fmt.Sprintf("%s names a master that is none of ours, %s:%s", monitorName(i), f["ip"], f["port"])
		case f["flags"] != "master":
			return nil, fmt.Sprintf("%s calls the master %s %q", monitorName(i), s.names[r], f["flags"])
		case i > 0 && r != master:
			return nil, fmt.Sprintf("%s names %s as the master, and %s names %s", monitorName(0), s.names[master], monitorName(i), s.names[r])
		}
		master = r
	}
	return master, ""
}

// astray says which server does not follow the master, if one does not.
func (s *stage) astray(ctx context.Context, master *lab.Redis) string {
	for _, r := range s.group.Servers() {
		if r == master {
			continue
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		info, err := r.Info(short)
		cancel()
		if err != nil || !lab.Follows(master)(info) {
			return s.names[r] + " does not follow " + s.names[master]
		}
	}
	return ""
}
