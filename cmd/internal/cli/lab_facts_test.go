package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scriptWaitedFor are the facts of a writing script that went as promised.
func scriptWaitedFor() facts {
	return facts{scene: writingScript, program: "picket", monitors: 3, downAfter: 2 * time.Second, blocked: 3, ended: 3,
		ran: 6 * time.Second, wanted: 1000, held: []count{{"A", 1000}, {"B", 1000}, {"C", 1000}}, master: "A",
		acked: 500, gap: 6 * time.Second}
}

func masterReplaced() facts {
	return facts{scene: masterKilled, program: "picket", monitors: 3, downAfter: 2 * time.Second, old: "A", master: "C",
		switched: 3, switchedIn: 2050 * time.Millisecond, acked: 900, gap: 2100 * time.Millisecond}
}

func masterReturned() facts {
	return facts{scene: masterReturns, program: "picket", monitors: 3, old: "A", master: "C", follows: 60 * time.Millisecond,
		acked: 900, gap: 10 * time.Millisecond}
}

func TestASceneIsJudgedByWhatWasPromised(t *testing.T) {
	tests := []struct {
		name  string
		facts facts
		spoil func(*facts)
		want  string // "" is as promised
	}{
		{"a script that was waited for", scriptWaitedFor(), func(*facts) {}, ""},
		{"a busy master held to be dead", scriptWaitedFor(), func(f *facts) { f.alarms = []string{"m1 +sdown", "m2 +sdown"} },
			"monitors held the busy master to be dead (m1 +sdown, m2 +sdown)"},
		{"a script somebody tried to kill", scriptWaitedFor(), func(f *facts) { f.kills = 1 }, "somebody tried to kill the script, 1 times"},
		{"a reply that did not come", scriptWaitedFor(), func(f *facts) { f.replyErr = "ERR killed" },
			"the script's client did not get its result but: ERR killed"},
		{"a monitor that did not see it", scriptWaitedFor(), func(f *facts) { f.blocked = 2 },
			"of 3 monitors 2 published +script-blocked and 3 -script-blocked"},
		{"a monitor that did not see its end", scriptWaitedFor(), func(f *facts) { f.ended = 0 },
			"of 3 monitors 3 published +script-blocked and 0 -script-blocked"},
		{"keys missing on a replica", scriptWaitedFor(), func(f *facts) { f.held[2].keys = 7 }, "C has 7 of the script's 1000 keys"},
		{"a server that does not answer", scriptWaitedFor(), func(f *facts) { f.held[1].keys = -1 }, "B has -1 of the script's 1000 keys"},
		{"a client's writes lost", scriptWaitedFor(), func(f *facts) { f.lost = 4 }, "4 acknowledged writes of a client are gone"},
		{"a scene that broke off", scriptWaitedFor(), func(f *facts) { f.problem = "it took too long" }, "it took too long"},

		{"a master replaced in time", masterReplaced(), func(*facts) {}, ""},
		{"a kill that lost writes: no promise, a report", masterReplaced(), func(f *facts) { f.lost = 4 }, ""},
		{"a monitor that did not switch", masterReplaced(), func(f *facts) { f.switched = 2 }, "only 2 of 3 monitors published +switch-master"},
		{"a switch that came late", masterReplaced(), func(f *facts) { f.switchedIn = 3100 * time.Millisecond },
			"the last +switch-master came 3.10s after the kill, later than 3.00s"},

		{"a master that came back", masterReturned(), func(*facts) {}, ""},
		{"writes that it took before it was told: a report", masterReturned(), func(f *facts) { f.stray = 9 }, ""},
		{"one that stays master", masterReturned(), func(f *facts) { f.follows = 0 }, "A did not become a replica"},
		{"one that stays master for long", masterReturned(), func(f *facts) { f.follows = 12 * time.Second }, "A became a replica only after 12.00s"},
		{"one that disturbs the group", masterReturned(), func(f *facts) { f.alarms = []string{"m3 +switch-master"} },
			"it disturbed the group (m3 +switch-master)"},
		{"one whose return costs others writes", masterReturned(), func(f *facts) { f.lost = 1 },
			"1 acknowledged writes of a client of the new master are gone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.spoil(&tt.facts)
			if got := strings.Join(tt.facts.judge(), "; "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWhatOnlyPicketPublishesIsAskedOfPicketAlone(t *testing.T) {
	f := scriptWaitedFor()
	f.program, f.blocked, f.ended = "redis-sentinel", 0, 0
	if bad := f.judge(); len(bad) > 0 {
		t.Errorf("got %v", bad)
	}
}

func TestRowsTellWhatWasMeasured(t *testing.T) {
	replaced := scriptWaitedFor()
	replaced.program, replaced.alarms, replaced.switched = "redis-sentinel", []string{"m1 +sdown"}, 3
	replaced.switchedIn, replaced.master, replaced.lost, replaced.gap = 3*time.Second, "B", 2, 3*time.Second
	replaced.held = []count{{"A", 0}, {"B", 0}, {"C", 0}}
	killed := scriptWaitedFor()
	killed.scene, killed.replyErr, killed.ran, killed.wanted, killed.held = readingScript, "ERR killed", 2*time.Second, 0, nil
	back := masterReturned()
	back.stray, back.strayFor = 12, 30*time.Millisecond
	never := masterReturned()
	never.follows, never.acked = 0, 0
	got := resultRows([][]facts{
		{scriptWaitedFor(), killed, masterReplaced(), back},
		{replaced, {scene: readingScript, program: "redis-sentinel", problem: "it took too long"}, masterReplaced(), never},
	})
	want := [][]string{
		{"scene", "under", "what happened", "what was lost", "clients could not write", "verdict"},
		{"writing script", "picket", "no alarm, no failover; the script's reply came after 6.00s", "nothing", "6.00s (the script)", "ok"},
		{"", "redis-sentinel", "failover to B after 3.00s; the script's reply came after 6.00s",
			"1000 of the script's 1000 keys; 2 of 500 client writes", "3.00s", "differs"},
		{"read-only script", "picket", "no alarm, no failover; the script's client got an error after 2.00s", "nothing", "6.00s (the script)", "FAILED"},
		{"", "redis-sentinel", "it took too long", "-", "-", "differs"},
		{"master killed", "picket", "C is master; 3 of 3 monitors said so, the last 2.05s after the kill", "nothing", "2.10s", "ok"},
		{"", "picket", "C is master; 3 of 3 monitors said so, the last 2.05s after the kill", "nothing", "2.10s", "ok"},
		{"old master returns", "picket", "A is a replica of C, 0.06s after its start", "12 writes of a client that still used A, in 0.03s", "0.01s", "ok"},
		{"", "picket", "A did not become a replica", "nothing", "-", "FAILED"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheLabFailsWhenPicketDoesAndOnlyThen(t *testing.T) {
	late := masterReplaced()
	late.switched = 1
	theirs := late
	theirs.program = "redis-sentinel"
	tests := []struct {
		name    string
		results [][]facts
		code    int
		says    string
	}{
		{"all as promised", [][]facts{{masterReplaced()}}, exitOK, "Every scene went as Picket promises."},
		{"one not", [][]facts{{masterReplaced(), late}}, exitFailed, "FAILED: master killed: only 1 of 3 monitors published +switch-master."},
		{"redis-sentinel's do not count", [][]facts{{masterReplaced()}, {theirs}}, exitOK, "do not count"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if code := conclude(newScreen(&out), tt.results); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !strings.Contains(out.String(), tt.says) {
				t.Errorf("want %q in:\n%s", tt.says, out.String())
			}
		})
	}
}
