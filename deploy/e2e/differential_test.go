package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// differential compares redis-sentinel and picket, which watch the same
// instances, command by command.
type differential struct {
	*scene
	worlds map[string][2]*contender // redis-sentinel and picket, by name of the world
	meant  []*difference
	cases  int
	epoch  int // of votes: newer for each block
	// instanceIDs are the run ids of the instances.
	instanceIDs []string
	differed    map[*difference]int // replies by the entry that allows them
}

const guardPassword = "let me in"

// TestDifferential sends the same commands, arguments, mistakes and protocols to
// redis-sentinel and to picket. Replies must be alike in shape and, where they
// do not vary, to the letter; what is meant to differ stands, with its reason,
// in testdata/differential/meant. A difference that is not listed fails, and so
// does an entry of the list that tells of no difference any more.
func TestDifferential(t *testing.T) {
	t.Parallel()
	if program.Name() != "picket" {
		t.Skip("compares picket with redis-sentinel")
	}
	d := &differential{scene: newScene(t), differed: map[*difference]int{}}
	d.startWorlds()
	var err error
	d.meant, err = readMeant("testdata/differential/meant")
	d.must(err)
	written, err := readBlocks("testdata/differential")
	d.must(err)
	began := time.Now()
	for _, b := range generate(d.arities()) {
		d.playGenerated(b)
	}
	generated := d.cases
	for _, pair := range d.worlds {
		for _, s := range pair {
			for _, c := range s.kept {
				c.Close()
			}
		}
	}
	for _, b := range written {
		d.play(b)
	}
	d.report(generated, began)
}

// startWorlds starts the instances and two pairs of monitors over them: one that
// is open and one with a password. Each pair watches the master under a name of
// its own, so that no monitor takes those of the other pair for peers.
func (d *differential) startWorlds() {
	d.Helper()
	d.servers(lab.GroupConfig{Replicas: 1})
	d.worlds = map[string][2]*contender{}
	for _, w := range []struct{ world, group, password string }{{"open", "mymaster", ""}, {"guarded", "guarded", guardPassword}} {
		var pair [2]*contender
		for i, p := range []lab.Program{sentinel, picket} {
			cfg := lab.MonitorConfig{Program: p, Watch: lab.Watch{Name: w.group, Master: d.Master.Host, Port: d.Master.Port, DownAfter: time.Minute}}
			if w.password != "" {
				cfg.Lines = []string{fmt.Sprintf("requirepass %q", w.password)}
			}
			pair[i] = &contender{name: p.Name(), password: w.password}
			d.begin(pair[i], cfg)
		}
		d.worlds[w.world] = pair
	}
	for world, pair := range d.worlds {
		for _, s := range pair {
			d.calm(s)
		}
		d.settle(world)
	}
}

// begin starts a side, with a Unix socket beside its port.
func (d *differential) begin(s *contender, cfg lab.MonitorConfig) {
	d.Helper()
	m, err := d.lab.NewMonitor(cfg)
	d.must(err)
	s.monitor = m
	conf, err := os.OpenFile(m.Conf, os.O_APPEND|os.O_WRONLY, 0)
	d.must(err)
	_, err = fmt.Fprintln(conf, "unixsocket", s.socket())
	d.must(err)
	d.must(conf.Close())
	d.must(m.Process.Start())
}

// calm keeps a side out of TILT, which a busy machine can bring redis-sentinel into.
func (d *differential) calm(s *contender) {
	d.Helper()
	var c *diffConn
	d.must(lab.Poll(d.ctx, "wait until "+s.name+" listens", func(ctx context.Context) (ok bool) {
		var err error
		c, err = s.open(ctx, 2, &block{})
		return err == nil
	}))
	defer c.Close()
	c.ask(lab.Encode("SENTINEL", "DEBUG", "tilt-trigger", "600000"))
}

func (d *differential) settle(world string) {
	d.Helper()
	for _, s := range d.worlds[world] {
		d.must(lab.Poll(d.ctx, "wait until "+s.name+" knows everyone", s.settled))
	}
}

// settled reports whether a side knows its peer and the replica, and all of them answer.
func (s *contender) settled(ctx context.Context) bool {
	c, err := s.open(ctx, 2, &block{})
	if err != nil {
		return false
	}
	defer c.Close()
	for _, kind := range []string{"MASTER", "REPLICAS", "SENTINELS"} {
		replies := c.ask(lab.Encode("SENTINEL", kind, s.monitor.Group))
		text := ""
		for _, r := range replies {
			text += r.String()
		}
		if !strings.Contains(text, "runid") || strings.Contains(text, "disconnected") || strings.Contains(text, "info-refresh\n  $0\n") ||
			kind == "REPLICAS" && !strings.Contains(text, "$ok\n") {
			return false
		}
	}
	return true
}

// arities asks redis-sentinel for its commands; what only newer servers have is
// not among them.
func (d *differential) arities() map[string]int {
	d.Helper()
	c, err := d.worlds["open"][0].open(d.ctx, 2, &block{})
	d.must(err)
	defer c.Close()
	replies := c.ask(lab.Encode("COMMAND"))
	all := map[string]int{}
	replies[0].walk(func(n *node) {
		if n.kind == '*' && len(n.elems) == 10 {
			arity, err := strconv.Atoi(n.elems[1].text)
			d.must(err)
			all[n.elems[0].text] = arity
		}
	})
	for name := range all {
		if parent, _, isSub := strings.Cut(name, "|"); isSub {
			all[parent] = -1 // also without and with an unknown subcommand
		}
	}
	if len(all) < 70 {
		d.Fatalf("redis-sentinel tells of %d commands only", len(all))
	}
	return all
}

// playGenerated plays a case in every world, logged in and not.
func (d *differential) playGenerated(b block) {
	for _, as := range []struct{ world, login string }{{"open", ""}, {"guarded", ""}, {"guarded", "anonymous"}} {
		b.title = "generated/" + as.world + as.login
		b.options = map[string]string{"world": as.world, "mask": "number"}
		if strings.HasPrefix(b.lines[0], "command") && b.lines[0] != "command help" {
			b.options["sorted"] = "" // the tables of commands are hashed
		}
		if strings.HasPrefix(b.lines[0], "acl genpass") {
			b.options["mask"] = "hex"
		}
		if as.login != "" {
			b.options["anonymous"] = ""
		}
		if strings.HasPrefix(b.lines[0], "info") {
			b.options["settled"] = "" // it counts peers
		}
		d.play(b)
	}
}

// play plays a block in every protocol on both sides, and compares reply by reply.
func (d *differential) play(b block) {
	for _, resp := range b.protocols() {
		world := b.options["world"]
		if world == "" {
			world = "open"
		}
		if b.has("settled") {
			d.settle(world)
		}
		var got [2][][]*node
		for i, s := range d.worlds[world] {
			got[i] = d.playOn(s, b, resp)
		}
		for i, line := range b.lines {
			d.compare(fmt.Sprintf("resp%d %s: %s", resp, b.title, line), got[0][i], got[1][i])
		}
	}
}

// playOn plays a block on one side and returns the replies to each line, masked.
func (d *differential) playOn(s *contender, b block, resp int) [][]*node {
	d.Helper()
	var conns [2]*diffConn
	for i := range conns {
		if i == 1 && !b.mentions("b> ") {
			continue
		}
		c, release, err := s.connect(d.ctx, &b, resp)
		d.must(err)
		defer release()
		if b.mentions("id}") || i == 1 { // the answer also shows that the side knows the connection
			c.identify()
		}
		conns[i] = c
	}
	fill := d.variables(s, conns)
	var all [][]*node
	for _, line := range b.lines {
		st, err := parseStep(fill.Replace(line))
		if err != nil {
			d.Fatalf("%s: %q: %v", b.title, line, err)
		}
		c := conns[0]
		if st.second {
			c = conns[1]
		}
		switch {
		case st.quiet:
			c.tell(st.bytes)
			all = append(all, nil)
			continue
		case st.replica:
			d.do(d.Replicas[0], splitWords(strings.TrimPrefix(line, "replica> "))...)
			all = append(all, nil)
			continue
		}
		replies := d.askUntil(c, st)
		for _, r := range replies {
			d.equalise(r, s, b)
		}
		all = append(all, replies)
	}
	return all
}

// askUntil asks, again and again if the step wants it, for as long as connections live.
func (d *differential) askUntil(c *diffConn, st step) []*node {
	d.Helper()
	for last := ""; ; {
		replies := c.ask(st.bytes)
		text := shown(whole(replies))
		if strings.Contains(text, st.until) {
			return replies
		}
		if c.shut || d.ctx.Err() != nil {
			d.Fatalf("%s: %q: waited in vain for %q:\n%s", c.RemoteAddr(), st.bytes, st.until, last)
		}
		last = text
		pause(d.ctx, 20*time.Millisecond)
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (d *differential) variables(s *contender, conns [2]*diffConn) *strings.Replacer {
	d.epoch += 10
	list := []string{"{epoch1}", strconv.Itoa(d.epoch), "{epoch2}", strconv.Itoa(d.epoch + 1), "{epoch3}", strconv.Itoa(d.epoch + 2), "{port}", strconv.Itoa(s.monitor.Port), "{master}", strconv.Itoa(d.Master.Port), "{replica}", strconv.Itoa(d.Replicas[0].Port)}
	for i, prefix := range []string{"", "b."} {
		if c := conns[i]; c != nil {
			list = append(list, "{"+prefix+"id}", c.id, "{"+prefix+"addr}", s.address(c.LocalAddr()), "{"+prefix+"laddr}", s.address(c.RemoteAddr()))
		}
	}
	return strings.NewReplacer(list...)
}

// equalise takes out of a reply what varies.
func (d *differential) equalise(r *node, s *contender, b block) {
	r.mask()
	for _, pair := range d.worlds {
		for _, other := range pair {
			word := "<peer>"
			if other == s {
				word = "<self>"
			}
			r.replace(other.monitor.Dir, word+"-dir")
			r.replaceWord(strconv.Itoa(other.monitor.Port), word)
		}
	}
	r.walk(func(n *node) { // ids of monitors are their own
		if masks["id"].form.MatchString(n.text) && n.text != d.runIDs()[0] && n.text != d.runIDs()[1] {
			n.text = "<id>"
		}
	})
	if b.has("mask") && len(r.elems) == 0 {
		r.maskValue(b.options["mask"])
	}
	if b.has("keys") {
		r.walk(func(n *node) {
			if n.isText() {
				n.text = eachField(n.text, func(string, string) string { return "<any>" })
			}
			if n.kind == ':' {
				n.text = "<number>"
			}
		})
	}
	if b.has("sorted") {
		r.walk(func(n *node) {
			if !n.isRow() {
				n.sort()
			}
		})
	}
}

// runIDs are those of the instances, which both sides must tell alike.
func (d *differential) runIDs() []string {
	if d.instanceIDs == nil {
		for _, r := range d.Servers() {
			d.instanceIDs = append(d.instanceIDs, d.info(r, "run_id"))
		}
	}
	return d.instanceIDs
}

func whole(replies []*node) *node { return &node{kind: '*', elems: replies} }

func shown(n *node) string {
	var b strings.Builder
	for _, e := range n.elems {
		b.WriteString(e.String())
	}
	return b.String()
}

// compare holds two lists of replies against each other and the list of what is meant.
func (d *differential) compare(name string, fromSentinel, fromPicket []*node) {
	d.Helper()
	d.cases++
	theirs, ours := whole(fromSentinel), whole(fromPicket)
	if shown(theirs) == shown(ours) {
		return
	}
	before := [2]string{shown(theirs), shown(ours)}
	var used []func()
	for _, m := range d.meant {
		if m.match(name) == nil {
			continue
		}
		met := append(m.picketHas.dropFields(ours, theirs), m.picketLists.dropNames(ours, theirs)...)
		missed := append(m.sentinelHas.dropFields(theirs, ours), m.sentinelLists.dropNames(theirs, ours)...)
		if len(met)+len(missed) > 0 {
			used = append(used, func() { d.note(m, met, missed) })
		}
	}
	if shown(theirs) == shown(ours) {
		for _, note := range used {
			note()
		}
		return
	}
	for _, m := range d.meant {
		p := m.match(name)
		if p == nil || m.picket == nil || !m.picket.MatchString(shown(ours)) || !m.sentinel.MatchString(shown(theirs)) {
			continue
		}
		p.used++
		d.differed[m]++
		for _, note := range used {
			note()
		}
		return
	}
	d.Errorf("%s\nredis-sentinel:\n%spicket:\n%s", name, before[0], before[1])
}

func (d *differential) note(m *difference, met, missed []string) {
	d.differed[m]++
	for _, w := range []words{m.picketHas, m.picketLists, m.sentinelHas, m.sentinelLists} {
		for _, word := range append(met, missed...) {
			if _, listed := w[word]; listed {
				w[word]++
			}
		}
	}
}

// report prints the counts and fails for entries that are stale.
func (d *differential) report(generated int, began time.Time) {
	sections := map[string]int{}
	for _, m := range d.meant {
		sections[m.section]++
		if stale := m.stale(); len(stale) > 0 {
			slices.Sort(stale)
			d.Errorf("%s: listed as a difference, and is none any more: %s", m.name, strings.Join(stale, ", "))
		}
	}
	replies := 0
	for _, n := range d.differed {
		replies += n
	}
	d.Logf("%d cases (%d generated, %d written by hand) in %s; %d differences listed (%v), met in %d replies",
		d.cases, generated, d.cases-generated, time.Since(began).Round(100*time.Millisecond), len(d.meant), sections, replies)
}
