package config

import (
	"slices"
	"strconv"
	"strings"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// note is a "# picket:" line: what redis-sentinel has no directive for. Epochs stand
// beside what they belong to, so that a note which redis-sentinel has overtaken
// meanwhile is recognised and dropped.
type note struct {
	line
	verb string
	args []string
}

// noteRule says how many arguments a note has and whether the first names a group.
type noteRule struct {
	args  int
	group bool
}

var noteRules = map[string]noteRule{
	"boot":          {args: 1},
	"config-leader": {args: 3, group: true}, // <name> <epoch> <id>
	"voted":         {args: 3, group: true}, // <name> <epoch> <id>
	"lineage":       {args: 3, group: true}, // <name> <replid> <from>
	"deposed":       {args: 7, group: true}, // <name> <host> <port> <runid> <epoch> <replid> <offset>
	"in-place":      {args: 2},              // begin|end <token>, see Store.framed
	"removed-user":  {args: 2},              // <name> <mark>: ACL DELUSER took this user of another file away

	// Of a state file only.
	"file":        {args: 3, group: true}, // <name> <host> <port>: the file's monitor line when this was written
	"removed":     {args: 4, group: true}, // <name> <host> <port> <quorum>: SENTINEL REMOVE took this monitor line away
	"over":        {args: 3, group: true}, // <name> <option> <value>: SENTINEL SET overrides this value of the file
	"over-user":   {args: 2},              // <name> <mark>: the user saved overrides what the file says, by its mark
	"over-global": {args: 2},              // <directive> <value>: likewise
}

var errDamagedNote = problem{"damaged note of Picket.", "Restore the line from a backup, or delete it."}

// parseNote reads the text after "# picket:". A verb that we do not know is not ours.
func parseNote(l line, text string) (n note, ours bool, err error) {
	words, err := split(text)
	if err != nil {
		return n, true, errDamagedNote
	}
	if len(words) == 0 {
		return n, false, nil
	}
	rule, ours := noteRules[words[0]]
	if ours && len(words)-1 != rule.args {
		return n, true, errDamagedNote
	}
	return note{line: l, verb: words[0], args: words[1:]}, ours, nil
}

// noteKey is keyOf for notes.
func noteKey(text string) (key string, canonical []string) {
	n, ours, err := parseNote(line{}, text)
	if !ours || err != nil {
		return "", nil
	}
	w := noteLine(n.verb, n.args...)
	return w.key, w.words
}

// noteLine is a note to be written.
func noteLine(verb string, args ...string) wanted {
	words := append([]string{notePrefix, verb}, args...)
	if noteRules[verb].group {
		return wanted{key: lineKey(notePrefix+verb, args[0]), words: words}
	}
	return wanted{key: notePrefix + verb, words: words}
}

// notesOf writes down what no directive says of the group with that name.
func notesOf(name string, s failover.Saved) []wanted {
	var list []wanted
	if s.ConfigLeader != "" {
		list = append(list, noteLine("config-leader", name, decimal(s.ConfigEpoch), string(s.ConfigLeader)))
	}
	if s.Leader != "" {
		list = append(list, noteLine("voted", name, decimal(s.LeaderEpoch), string(s.Leader)))
	}
	for _, b := range s.Lineage {
		list = append(list, noteLine("lineage", name, b.ReplID, strconv.FormatInt(b.From, 10)))
	}
	if d := s.Deposed; d != nil {
		list = append(list, noteLine("deposed", name, d.Addr.Host, strconv.Itoa(d.Addr.Port), d.RunID,
			decimal(d.Epoch), d.ReplID, strconv.FormatInt(d.SecondOffset, 10)))
	}
	return list
}

// apply puts a note into c. A note of a group that is not there any more says nothing.
func (n note) apply(c *Config) error {
	if n.verb == "boot" {
		boot, err := unsigned(n.args[0])
		if err != nil {
			return errDamagedNote
		}
		c.Boot = boot
		return nil
	}
	if !noteRules[n.verb].group {
		return nil
	}
	i := slices.IndexFunc(c.Groups, func(g Group) bool { return g.Settings.Name == n.args[0] })
	if i < 0 {
		return nil
	}
	if n.applyTo(&c.Groups[i].Saved) != nil {
		return errDamagedNote
	}
	return nil
}

func (n note) applyTo(s *failover.Saved) error {
	switch n.verb {
	case "config-leader":
		return n.leader(s.ConfigEpoch, &s.ConfigLeader)
	case "voted":
		return n.leader(s.LeaderEpoch, &s.Leader)
	case "lineage":
		from, err := strconv.ParseInt(n.args[2], 10, 64)
		s.Lineage = append(s.Lineage, failover.Branch{ReplID: n.args[1], From: from})
		return err
	case "deposed":
		return n.deposed(s)
	}
	return nil
}

// leader sets id if the note speaks of the epoch that the directive names.
func (n note) leader(epoch uint64, id *quorum.ID) error {
	e, err := unsigned(n.args[1])
	if err == nil && e == epoch {
		*id = quorum.ID(n.args[2])
	}
	return err
}

// deposed ignores a note whose instance has become the master since.
func (n note) deposed(s *failover.Saved) error {
	addr, err := readAddr(n.args[1], n.args[2])
	if err != nil {
		return err
	}
	epoch, err := unsigned(n.args[4])
	if err != nil {
		return err
	}
	offset, err := strconv.ParseInt(n.args[6], 10, 64)
	if err != nil {
		return err
	}
	if addr != s.Master {
		s.Deposed = &failover.Deposed{Addr: addr, RunID: n.args[3], Epoch: epoch, ReplID: n.args[5], SecondOffset: offset}
	}
	return nil
}

// addrOf reads the address in args[1] and args[2] of a "file" or "removed" note.
func (n note) addrOf() monitor.Addr {
	addr, err := readAddr(n.args[1], n.args[2])
	if err != nil {
		return monitor.Addr{}
	}
	return addr
}

// cutNote returns the text of a note line.
func cutNote(raw string) (string, bool) { return strings.CutPrefix(raw, notePrefix) }
