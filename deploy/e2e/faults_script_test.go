package e2e

import (
	"context"
	"errors"
	"time"

	"picket/deploy/lab"
)

// scripts are scenes in which a script blocks the master and it says so.
var scripts = []faultScene{
	{
		name:   "endless EVAL",
		what:   "A writing script of 8 s, with T 500 ms and down-after 1 s; busy-policy wait, the default.",
		remark: "Waiting costs the script's time; a failover would be over sooner, and would throw away what the script was acknowledged.",
		strike: func(t *trial) error { t.script(lab.Writing(8*time.Second, "eval", 1000), "eval", 1000); return nil },
		hold:   8 * time.Second,
		want:   want{verdicts: []string{"script-blocked"}, outage: 10 * time.Second},
	},
	{
		name:   "endless FCALL",
		what:   "The same as a function.",
		strike: func(t *trial) error { t.script(lab.Function(8*time.Second, "fcall", 1000), "fcall", 1000); return nil },
		hold:   8 * time.Second,
		want:   want{verdicts: []string{"script-blocked"}, outage: 10 * time.Second},
	},
	{
		name:   "read-only EVAL",
		what:   "A script of 8 s that writes nothing.",
		strike: func(t *trial) error { t.answered(lab.Reading(8 * time.Second)); return nil },
		hold:   8 * time.Second,
		want:   want{verdicts: []string{"script-blocked"}, outage: 10 * time.Second},
	},
	{
		name:   "read-only EVAL under busy-policy kill",
		what:   "A script of 30 s that writes nothing; busy-kill-after 2 s.",
		remark: "redis-sentinel kills it too, sooner, and fails over all the same.",
		lines:  []string{"sentinel busy-policy mymaster kill", "sentinel busy-kill-after mymaster 2000"},
		strike: func(t *trial) error { t.killed(lab.Reading(30 * time.Second)); return nil },
		hold:   6 * time.Second,
		want:   want{verdicts: []string{"script-blocked"}, outage: 5 * time.Second},
	},
	{
		name:   "writing EVAL under busy-policy kill",
		what:   "A writing script of 8 s, which Redis does not let be killed.",
		lines:  []string{"sentinel busy-policy mymaster kill", "sentinel busy-kill-after mymaster 2000"},
		strike: func(t *trial) error { t.script(lab.Writing(8*time.Second, "eval", 1000), "eval", 1000); return nil },
		hold:   8 * time.Second,
		want:   want{verdicts: []string{"script-blocked"}, outage: 10 * time.Second},
	},
	{
		name:   "writing EVAL under busy-policy failover",
		what:   "A writing script of 8 s; busy-failover-after 2 s: the operator prefers writes now to what the script writes.",
		remark: "Its keys are lost by choice; +divergence tells how many bytes.",
		lines:  []string{"sentinel busy-policy mymaster failover", "sentinel busy-failover-after mymaster 2000"},
		strike: func(t *trial) error { t.script(lab.Writing(8*time.Second, "eval", 1000), "eval", 1000); return nil },
		hold:   8 * time.Second,
		want:   want{failovers: 1, verdicts: []string{"script-blocked"}, lost: 20, pinned: 250, outage: 6 * time.Second, broken: 1},
	},
}

// answered runs a script on the first master and claims that it comes to its own end.
func (t *trial) answered(s lab.Script) {
	t.ends("scripts killed", s, func(err error) bool { return err == nil })
}

// killed runs a script and claims that it is killed.
func (t *trial) killed(s lab.Script) {
	t.ends("scripts not killed", s, func(err error) bool {
		var reply lab.ReplyError
		return errors.As(err, &reply)
	})
}

func (t *trial) ends(what string, s lab.Script, well func(error) bool) {
	done := t.old.Run(t.ctx, s)
	t.claims = append(t.claims, claim{what, func(ctx context.Context, _ *lab.Redis) (int, error) {
		res, err := ended(ctx, done)
		if err == nil && !well(res.Err) {
			return 1, nil
		}
		return 0, err
	}})
}
