package cli

import (
	"fmt"
	"strings"
	"time"

	"picket/deploy/lab"
)

// sceneKind tells the scenes apart.
type sceneKind int

const (
	writingScript sceneKind = iota
	readingScript
	masterKilled
	masterReturns
)

func (k sceneKind) name() string {
	return [...]string{"writing script", "read-only script", "master killed", "old master returns"}[k]
}

// Limits of what is promised, with room for a machine that does other things too.
const (
	switchSlack   = time.Second     // beyond down-after, until all monitors switched
	followsWithin = 2 * time.Second // from the start of a returned master
)

// facts are what was measured in one scene under one program.
type facts struct {
	scene     sceneKind
	program   string
	monitors  int
	downAfter time.Duration
	problem   string // why the scene could not be played to its end

	alarms  []string // such as "m1 +sdown"
	blocked int      // monitors that published +script-blocked
	ended   int      // ... and -script-blocked

	ran      time.Duration // the script, until its client had the reply
	replyErr string        // what its client got instead of the result
	kills    int           // SCRIPT KILL and FUNCTION KILL that the server got
	wanted   int           // keys that the script set
	held     []count       // how many of them each server has in the end

	switched   int           // monitors that published +switch-master
	switchedIn time.Duration // until the last of them did, from the start of the scene
	master     string        // to whom clients are sent in the end

	acked int // writes of the failover client that were acknowledged
	lost  int // of these, how many the master does not have
	gap   time.Duration

	old      string        // the master that was killed
	follows  time.Duration // until it was a replica of the new master; 0: it never was
	stray    int           // writes that it took before that, for a client that still knew only its address
	strayFor time.Duration // for how long it took them
}

// count is how many keys a server has.
type count struct {
	server string
	keys   int
}

// lostKeys are how many of the script's keys the master does not have, though
// the script's client was told that it was done.
func (f facts) lostKeys() int {
	if f.replyErr != "" {
		return 0
	}
	for _, h := range f.held {
		if h.server == f.master {
			return f.wanted - h.keys
		}
	}
	return 0
}

// judge returns, as sentences, what did not go as promised.
func (f facts) judge() []string {
	if f.problem != "" {
		return []string{f.problem}
	}
	switch f.scene {
	case masterKilled:
		return f.judgeKill()
	case masterReturns:
		return f.judgeReturn()
	}
	return f.judgeScript()
}

func (f facts) judgeScript() (bad []string) {
	if len(f.alarms) > 0 {
		bad = append(bad, "monitors held the busy master to be dead ("+strings.Join(f.alarms, ", ")+")")
	}
	if f.kills > 0 {
		bad = append(bad, fmt.Sprintf("somebody tried to kill the script, %d times", f.kills))
	}
	if f.replyErr != "" {
		bad = append(bad, "the script's client did not get its result but: "+f.replyErr)
	}
	if f.promised() && (f.blocked < f.monitors || f.ended < f.monitors) {
		bad = append(bad, fmt.Sprintf("of %d monitors %d published +script-blocked and %d -script-blocked", f.monitors, f.blocked, f.ended))
	}
	for _, h := range f.held {
		if h.keys != f.wanted {
			bad = append(bad, fmt.Sprintf("%s has %d of the script's %d keys", h.server, h.keys, f.wanted))
		}
	}
	if f.lost > 0 {
		bad = append(bad, fmt.Sprintf("%d acknowledged writes of a client are gone", f.lost))
	}
	return bad
}

func (f facts) judgeKill() (bad []string) {
	if f.switched < f.monitors {
		return []string{fmt.Sprintf("only %d of %d monitors published +switch-master", f.switched, f.monitors)}
	}
	if limit := f.downAfter + switchSlack; f.switchedIn > limit {
		bad = append(bad, fmt.Sprintf("the last +switch-master came %s after the kill, later than %s", seconds(f.switchedIn), seconds(limit)))
	}
	return bad
}

func (f facts) judgeReturn() (bad []string) {
	switch {
	case f.follows == 0:
		bad = append(bad, f.old+" did not become a replica")
	case f.follows > followsWithin:
		bad = append(bad, fmt.Sprintf("%s became a replica only after %s", f.old, seconds(f.follows)))
	}
	if len(f.alarms) > 0 {
		bad = append(bad, "it disturbed the group ("+strings.Join(f.alarms, ", ")+")")
	}
	if f.lost > 0 {
		bad = append(bad, fmt.Sprintf("%d acknowledged writes of a client of the new master are gone", f.lost))
	}
	return bad
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2fs", d.Seconds()) }

// resultRows are the table's rows, each scene under every program.
func resultRows(results [][]facts) [][]string {
	rows := [][]string{{"scene", "under", "what happened", "what was lost", "clients could not write", "verdict"}}
	for i := range results[0] {
		for p, played := range results {
			if i >= len(played) {
				continue
			}
			f := played[i]
			name := f.scene.name()
			if p > 0 {
				name = ""
			}
			rows = append(rows, []string{name, f.program, f.happened(), f.losses(), f.pause(), f.verdict()})
		}
	}
	return rows
}

func (f facts) verdict() string {
	switch {
	case len(f.judge()) == 0:
		return "ok"
	case f.promised():
		return "FAILED"
	}
	return "differs"
}

// promised tells whether these are facts of Picket, which made the promises, or
// of what it is compared with.
func (f facts) promised() bool { return f.program == lab.Picket{}.Name() }

func (f facts) happened() string {
	if f.problem != "" {
		return f.problem
	}
	switch f.scene {
	case masterKilled:
		return fmt.Sprintf("%s is master; %d of %d monitors said so, the last %s after the kill", f.master, f.switched, f.monitors, seconds(f.switchedIn))
	case masterReturns:
		if f.follows == 0 {
			return f.old + " did not become a replica"
		}
		return fmt.Sprintf("%s is a replica of %s, %s after its start", f.old, f.master, seconds(f.follows))
	}
	return f.scriptHappened()
}

func (f facts) scriptHappened() string {
	var parts []string
	switch {
	case f.switched > 0:
		parts = append(parts, fmt.Sprintf("failover to %s after %s", f.master, seconds(f.switchedIn)))
	case len(f.alarms) > 0:
		parts = append(parts, "false alarm, no failover")
	default:
		parts = append(parts, "no alarm, no failover")
	}
	if f.replyErr == "" {
		parts = append(parts, "the script's reply came after "+seconds(f.ran))
	} else {
		parts = append(parts, "the script's client got an error after "+seconds(f.ran))
	}
	return strings.Join(parts, "; ")
}

func (f facts) losses() string {
	if f.problem != "" {
		return "-"
	}
	var parts []string
	if n := f.lostKeys(); n > 0 {
		parts = append(parts, fmt.Sprintf("%d of the script's %d keys", n, f.wanted))
	}
	if f.lost > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d client writes", f.lost, f.acked))
	}
	if f.stray > 0 {
		parts = append(parts, fmt.Sprintf("%d writes of a client that still used %s, in %s", f.stray, f.old, seconds(f.strayFor)))
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}

// pause is the failover client's longest time without an acknowledged write.
func (f facts) pause() string {
	if f.acked == 0 {
		return "-"
	}
	text := seconds(f.gap)
	if f.ran > 0 && f.switched == 0 && f.gap >= f.ran-time.Second {
		text += " (the script)"
	}
	return text
}
