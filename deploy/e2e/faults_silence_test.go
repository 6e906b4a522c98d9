package e2e

import (
	"context"
	"errors"
	"time"

	"picket/deploy/lab"
)

// silences are scenes in which the master lives and does not answer, or not everything.
var silences = []faultScene{
	{
		name:   "SIGSTOP, shorter than the silence limit",
		what:   "SIGSTOP of the master for 3 s, with down-after 2 s and T 3 s: the silence limit is 4 s.",
		group:  patientGroup(),
		strike: func(t *trial) error { return t.old.Freeze() },
		hold:   3 * time.Second,
		heal:   func(t *trial) error { return t.old.Thaw() },
		want:   want{verdicts: []string{"silent"}, outage: 4 * time.Second},
	},
	{
		name:   "SIGSTOP until replaced, then resumed",
		what:   "SIGSTOP of the master until it was replaced and 1 s more; then it goes on, and the pinned client goes on writing to it.",
		strike: func(t *trial) error { return errors.Join(t.old.Freeze(), t.failedOver(15*time.Second)) },
		hold:   time.Second,
		heal:   func(t *trial) error { return t.old.Thaw() },
		want:   want{failovers: 1, verdicts: []string{"silent", "hung"}, lost: 20, pinned: 250, outage: 4 * time.Second},
	},
	{
		name:   "DEBUG SLEEP, shorter than the silence limit",
		what:   "DEBUG SLEEP 3, with down-after 2 s and T 3 s.",
		group:  patientGroup(),
		strike: func(t *trial) error { t.sends("DEBUG", "SLEEP", "3"); return nil },
		hold:   3 * time.Second,
		want:   want{verdicts: []string{"silent"}, outage: 4 * time.Second},
	},
	{
		name:   "DEBUG SLEEP, longer",
		what:   "DEBUG SLEEP 6 with down-after 1 s and T 500 ms: the silence limit is 1.5 s.",
		strike: func(t *trial) error { t.sends("DEBUG", "SLEEP", "6"); return nil },
		hold:   6 * time.Second,
		want:   want{failovers: 1, verdicts: []string{"silent", "hung"}, lost: 20, pinned: 250, outage: 4 * time.Second},
	},
	{
		name:   "CLIENT PAUSE WRITE",
		what:   "CLIENT PAUSE 6000 WRITE: an operator holds the writes for 6 s.",
		remark: "PING is answered all the time. redis-sentinel sends its PUBLISH over the connection of its PING, which then waits behind it.",
		strike: func(t *trial) error { return t.asks("CLIENT", "PAUSE", "6000", "WRITE") },
		hold:   6 * time.Second,
		want:   want{outage: 7 * time.Second},
	},
	{
		name:   "CLIENT PAUSE ALL, longer than the silence limit",
		what:   "CLIENT PAUSE 6000 ALL: nothing is answered for 6 s.",
		strike: func(t *trial) error { return t.asks("CLIENT", "PAUSE", "6000", "ALL") },
		hold:   6 * time.Second,
		want:   want{failovers: 1, verdicts: []string{"silent", "hung"}, lost: 20, pinned: 250, outage: 4 * time.Second},
	},
	{
		name:    "KEYS loop, shorter than the silence limit",
		what:    "A script that calls KEYS on 200,000 keys for 5 s, and then writes. Its time passes in C code, so it never answers BUSY. T is 5 s (Redis' default), down-after 1 s: the silence limit is 6.25 s.",
		group:   lab.GroupConfig{Redis: lab.RedisConfig{Threshold: 5 * time.Second}},
		prepare: manyKeys,
		strike:  func(t *trial) error { t.script(keysLoop(5*time.Second), "keysloop", 1); return nil },
		hold:    5 * time.Second,
		want:    want{verdicts: []string{"silent"}, outage: 7 * time.Second},
	},
	{
		name:    "KEYS loop, longer",
		what:    "The same for 8 s with T 500 ms: the silence limit is 1.5 s.",
		remark:  "Nothing tells such a script from a process that hangs; what it wrote last is lost. Raise down-after where such scripts are wanted.",
		prepare: manyKeys,
		strike:  func(t *trial) error { t.script(keysLoop(8*time.Second), "keysloop", 1); return nil },
		hold:    8 * time.Second,
		want:    want{failovers: 1, verdicts: []string{"silent", "hung"}, lost: 20, pinned: 250, outage: 4 * time.Second, broken: 1},
	},
}

// patientGroup has a silence limit of 4 s, twice its down-after.
func patientGroup() lab.GroupConfig {
	return lab.GroupConfig{Redis: lab.RedisConfig{Threshold: 3 * time.Second},
		Monitor: lab.MonitorConfig{Watch: lab.Watch{DownAfter: 2 * time.Second}}}
}

// sends runs a command on the first master and does not wait for its reply.
func (t *trial) sends(args ...string) {
	t.old.Run(t.ctx, lab.Script{Name: args[0], Commands: [][]string{args}})
}

// asks runs a command on the first master.
func (t *trial) asks(args ...string) error {
	_, err := t.old.DoAs(t.ctx, &t.login, args...)
	return err
}

// manyKeys makes KEYS slow, on all servers alike.
func manyKeys(t *trial) error { return t.fill(200_000) }

// keysLoop is a script that never gets to its hundred thousandth Lua
// instruction, where Redis would look at the clock, and writes one key at its end.
func keysLoop(d time.Duration) lab.Script {
	const lua = `local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end
local stop = now() + ARGV[1]
repeat redis.call('KEYS', 'none:*') until now() >= stop
return redis.call('SET', KEYS[1] .. ':1', 1)`
	return lab.Script{Name: "KEYS loop", Commands: [][]string{{"EVAL", lua, "1", "keysloop", itoa(int(d.Milliseconds()))}}}
}

// script runs a script on the first master, that sets keys named prefix:1,
// prefix:2 and so on. If it is answered, they are claimed.
func (t *trial) script(s lab.Script, prefix string, keys int) {
	done := t.old.Run(t.ctx, s)
	t.claims = append(t.claims, claim{"a script's keys lost", func(ctx context.Context, master *lab.Redis) (int, error) {
		res, err := ended(ctx, done)
		if err != nil || res.Err != nil {
			return 0, err // nobody was told that it had written
		}
		names := []string{"EXISTS"}
		for n := 1; n <= keys; n++ {
			names = append(names, prefix+":"+itoa(n))
		}
		there, err := master.DoAs(ctx, &t.login, names...)
		n, _ := there.(int64)
		return keys - int(n), err
	}})
}

func ended(ctx context.Context, done <-chan lab.ScriptResult) (lab.ScriptResult, error) {
	select {
	case res := <-done:
		return res, nil
	case <-ctx.Done():
		return lab.ScriptResult{}, ctx.Err()
	}
}
