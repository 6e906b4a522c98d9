package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"picket/deploy/lab"
)

// scriptKeys is how many keys the writing script sets.
const scriptKeys = 1000

// scene is one scene: what it is about, and how it is played.
type scene struct {
	kind  sceneKind
	about string
	play  func(context.Context, *facts) error
}

func (s *stage) scenes() []scene {
	long := s.script()
	return []scene{
		{writingScript, fmt.Sprintf("A client runs a script that sets %d keys and blocks the master for %v; down-after is %v. "+
			"A blocked master is not a dead one: no monitor may hold it to be down, the script must get to its end, "+
			"and its keys must be on all three servers.", scriptKeys, long, s.DownAfter), s.playWriting},
		{readingScript, fmt.Sprintf("The same with a script that only reads, for %v. Redis would let it be killed; "+
			"nobody may do that, because its client waits for the answer.", long), s.playReading},
		{masterKilled, fmt.Sprintf("The master's process is killed (SIGKILL) while a client writes through the monitors. "+
			"Right after down-after, %v, one replica must become master, all three monitors must say so, and the client must go on.", s.DownAfter), s.playKill},
		{masterReturns, "The old master is started again. It still believes to be a master, and one client still writes to its address. " +
			"It must become a replica of the new master within about a second, and nobody else may notice.", s.playReturn},
	}
}

func (s *stage) playWriting(ctx context.Context, f *facts) error {
	f.wanted = scriptKeys
	return s.playScript(ctx, f, lab.Writing(s.script(), "script", scriptKeys))
}

func (s *stage) playReading(ctx context.Context, f *facts) error {
	return s.playScript(ctx, f, lab.Reading(s.script()))
}

func (s *stage) playScript(ctx context.Context, f *facts, script lab.Script) error {
	w, err := s.writer(ctx, f)
	if err != nil {
		return err
	}
	defer w.Stop()
	busy := s.master
	kills := s.kills(ctx, busy)
	began, marks := s.begin("the script starts on " + s.names[busy])
	running, cancel := context.WithTimeout(ctx, s.script()+time.Minute)
	defer cancel()
	if err := s.runScript(ctx, f, busy.Run(running, script)); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	f.kills = s.kills(ctx, busy) - kills
	f.master = s.names[s.master]
	if f.wanted > 0 {
		s.countKeys(ctx, f)
	}
	on := "master " + s.group.Monitors[0].Group
	f.blocked = s.heard(ctx, marks, lab.On("+script-blocked", on))
	f.ended = s.heard(ctx, marks, lab.On("-script-blocked", on))
	f.alarms = s.alarms(marks, "")
	f.switched, f.switchedIn = s.switches(marks, began)
	return s.finish(ctx, f, w)
}

// runScript waits for the end of a script.
func (s *stage) runScript(ctx context.Context, f *facts, result <-chan lab.ScriptResult) error {
	defer s.screen.wait(s.script(), "the script blocks the master")()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case res := <-result:
		f.ran = res.Ended.Sub(res.Began)
		if res.Err != nil {
			f.replyErr = clip(res.Err.Error(), 60)
			s.note("the script's client gets an error: %s", f.replyErr)
			return nil
		}
		s.note("the script's client gets its reply: %v", res.Reply)
		return nil
	}
}

// clip cuts a text that is longer than n.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return text[:n-3] + "..."
}

func (s *stage) playKill(ctx context.Context, f *facts) error {
	w, err := s.writer(ctx, f)
	if err != nil {
		return err
	}
	defer w.Stop()
	old := s.master
	began, marks := s.begin("SIGKILL to " + s.names[old])
	old.Kill()
	s.old, f.old = old, s.names[old]
	sw, err := s.switchFrom(ctx, old, marks)
	f.switched, f.switchedIn = s.switches(marks, began)
	if sw.New == nil {
		return err
	}
	s.master, f.master = sw.New, s.names[sw.New] // a monitor that did not switch is in the facts
	s.note("%s took writes %s after the kill", f.master, seconds(sw.Promoted.Sub(began)))
	if err := s.othersFollow(ctx); err != nil {
		return err
	}
	return s.finish(ctx, f, w)
}

func (s *stage) switchFrom(ctx context.Context, old *lab.Redis, marks []int) (lab.Switch, error) {
	defer s.screen.wait(0, "until a replica is master and every monitor says so")()
	ctx, cancel := context.WithTimeout(ctx, s.DownAfter+30*time.Second)
	defer cancel()
	return s.group.WaitSwitch(ctx, old, marks)
}

// othersFollow waits until every running server but the master follows it.
func (s *stage) othersFollow(ctx context.Context) error {
	defer s.screen.wait(0, "until the other replica follows the new master")()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for _, r := range s.group.Servers() {
		if r == s.master || !r.Running() {
			continue
		}
		if err := r.WaitInfo(ctx, "follows the new master", lab.Follows(s.master)); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) playReturn(ctx context.Context, f *facts) error {
	if s.old == nil || s.old.Running() {
		return fmt.Errorf("there is no killed master that could return")
	}
	w, err := s.writer(ctx, f)
	if err != nil {
		return err
	}
	defer w.Stop()
	f.old, f.master = s.names[s.old], s.names[s.master]
	stray := s.group.Lab.StartWriter("stray", 2*time.Millisecond, lab.Pinned(s.old))
	defer stray.Stop()
	began, marks := s.begin(f.old + " is started again")
	if err := s.old.Start(ctx); err != nil {
		return err
	}
	if err := s.demoted(ctx, f, began); err != nil {
		return err
	}
	if err := s.hold(ctx, 2*time.Second, "nothing else may happen"); err != nil {
		return err
	}
	if err := s.settled(ctx); err != nil {
		return err
	}
	f.alarms = s.alarms(marks, "master ")
	if err := s.countStray(ctx, f, stray.Stop()); err != nil {
		return err
	}
	return s.finish(ctx, f, w)
}

// demoted waits until the returned master is a replica of the new one.
func (s *stage) demoted(ctx context.Context, f *facts, began time.Time) error {
	defer s.screen.wait(0, "until "+f.old+" is a replica")()
	ctx, cancel := context.WithTimeout(ctx, 40*time.Second)
	defer cancel()
	port := strconv.Itoa(s.master.Port)
	err := s.old.WaitInfo(ctx, "is a replica", func(info map[string]string) bool {
		return info["role"] == "slave" && info["master_port"] == port
	})
	if err == nil {
		f.follows = time.Since(began)
	}
	return err
}

// countStray finds what the returned master took from a client that still used its address.
func (s *stage) countStray(ctx context.Context, f *facts, log []lab.Write) error {
	loss, err := lab.Check(ctx, s.master, "stray", log)
	if err != nil {
		return err
	}
	f.stray = len(loss.Lost)
	if f.stray > 0 {
		f.strayFor = loss.Lost[f.stray-1].Done.Sub(loss.Lost[0].Sent)
	}
	return nil
}

// writer starts a client that writes through the monitors, and waits until it does.
func (s *stage) writer(ctx context.Context, f *facts) (*lab.Writer, error) {
	w := s.group.Lab.StartWriter("client-"+strconv.Itoa(int(f.scene)), 2*time.Millisecond, s.group.Failover())
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := w.WaitAcks(ctx, 100); err != nil {
		w.Stop()
		return nil, err
	}
	return w, nil
}

// finish lets the client write on for a moment and counts what became of its writes.
func (s *stage) finish(ctx context.Context, f *facts, w *lab.Writer) error {
	defer s.screen.wait(0, "until the client writes again")()
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := w.WaitAcks(wait, 100); err != nil {
		return err
	}
	log := w.Stop()
	loss, err := lab.Check(wait, s.master, w.Key, log)
	f.acked, f.lost, f.gap = loss.Acked, len(loss.Lost), lab.LongestGap(log)
	return err
}

// begin starts a scene's clock.
func (s *stage) begin(text string) (time.Time, []int) {
	marks, now := s.group.Marks(), time.Now()
	s.screen.begin(now)
	s.note("%s", text)
	return now, marks
}

// note prints a line of the lab's own among the events.
func (s *stage) note(format string, args ...any) { s.screen.note(fmt.Sprintf(format, args...)) }

// heard waits a moment for an event of every monitor, and returns how many published it.
// Only Picket has the events that this is asked for.
func (s *stage) heard(ctx context.Context, marks []int, match lab.Match) (n int) {
	if s.program.Name() != "picket" {
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for i, m := range s.group.Monitors {
		if _, err := m.Events.Wait(ctx, marks[i], match); err == nil {
			n++
		}
	}
	return n
}

// alarms names who took subject for dead, in "m1 +sdown".
func (s *stage) alarms(marks []int, subject string) (found []string) {
	for i, m := range s.group.Monitors {
		for _, e := range m.Events.All()[marks[i]:] {
			switch e.Channel {
			case "+sdown", "+odown", "+try-failover":
				if strings.HasPrefix(e.Payload, subject) {
					found = append(found, monitorName(i)+" "+e.Channel)
				}
			case "+switch-master":
				found = append(found, monitorName(i)+" "+e.Channel)
			}
		}
	}
	return found
}

// switches counts the monitors that switched, and when the last one did.
func (s *stage) switches(marks []int, began time.Time) (n int, last time.Duration) {
	for i, m := range s.group.Monitors {
		for _, e := range m.Events.All()[marks[i]:] {
			if e.Channel == "+switch-master" {
				n, last = n+1, max(last, e.At.Sub(began))
				break
			}
		}
	}
	return n, last
}

// countKeys waits a moment for the script's keys to be everywhere, and counts them.
func (s *stage) countKeys(ctx context.Context, f *facts) {
	short, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for _, r := range s.group.Servers() {
		_ = lab.Poll(short, "find the script's keys", func(ctx context.Context) bool {
			return scriptKeysOn(ctx, r) == f.wanted
		}) // how many there are in the end is what counts
		f.held = append(f.held, count{s.names[r], scriptKeysOn(ctx, r)})
	}
}

// scriptKeysOn is how many of the script's keys a server has, -1 where it does not say.
func scriptKeysOn(ctx context.Context, r *lab.Redis) int {
	reply, err := r.Do(ctx, "KEYS", "script:*")
	if err != nil {
		return -1
	}
	return len(lab.Strings(reply))
}

// kills is how often a server was asked to kill a script or function.
func (s *stage) kills(ctx context.Context, r *lab.Redis) int {
	info, err := r.Info(ctx)
	if err != nil {
		return 0
	}
	return calls(info["cmdstat_script|kill"]) + calls(info["cmdstat_function|kill"])
}

// calls reads calls=N from a line of INFO commandstats.
func calls(stat string) int {
	text, _ := strings.CutPrefix(stat, "calls=")
	text, _, _ = strings.Cut(text, ",")
	n, _ := strconv.Atoi(text)
	return n
}
