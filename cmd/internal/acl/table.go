package acl

import "strings"

// Channels says which arguments of a command are channels.
type Channels uint8

// Where channels are.
const (
	NoChannels  Channels = iota
	OneChannel           // the first argument, as of PUBLISH
	AllChannels          // every argument, as of SUBSCRIBE
	AllPatterns          // every argument is a pattern, as of PSUBSCRIBE
)

// Command is one command of a server.
type Command struct {
	Name       string   // full name in lower case, as "client|kill"
	Categories []string // without the @
	Channels   Channels
	Anyone     bool // may be run whatever the user may, as AUTH
	// As is the full name of the command whose permission this one shares. It
	// has none of its own, so that no description of a user names it.
	As   string
	Subs []Command
}

// ID is a command's place in its table.
type ID int

// Table is the commands that rules speak of.
type Table struct {
	rows   []row
	byName map[string]ID
	match  func(pattern, text string) bool
}

// row is a command without its subcommands, which follow it.
type row struct {
	Command
	subs int // how many of the rows that follow are its subcommands
	sub  bool
}

// NewTable returns a table of the commands in their order. match matches a
// channel against a pattern.
func NewTable(commands []Command, match func(pattern, text string) bool) *Table {
	t := &Table{byName: map[string]ID{}, match: match}
	shared := map[string]string{}
	for _, c := range commands {
		at := len(t.rows)
		t.add(row{Command: c}, shared)
		for _, s := range c.Subs {
			t.add(row{Command: s, sub: true}, shared)
		}
		if c.As == "" {
			t.rows[at].subs = len(t.rows) - at - 1
		}
	}
	for name, as := range shared {
		if id, ok := t.byName[as]; ok {
			t.byName[name] = id
		}
	}
	return t
}

func (t *Table) add(r row, shared map[string]string) {
	if r.As != "" {
		shared[r.Name] = r.As
		return
	}
	t.byName[r.Name] = ID(len(t.rows))
	t.rows = append(t.rows, r)
}

// Lookup finds a command or, by "client|kill", a subcommand; case is ignored.
func (t *Table) Lookup(name string) (ID, bool) {
	id, ok := t.byName[strings.ToLower(name)]
	return id, ok
}

// Name returns a command's full name.
func (t *Table) Name(id ID) string { return t.rows[id].Name }

// Category returns the full names of a category's commands in the order of the
// table; false when there is no such category.
func (t *Table) Category(name string) ([]string, bool) {
	category, ok := categoryOf(name)
	if !ok {
		return nil, false
	}
	var names []string
	for i := range t.rows {
		if t.rows[i].in(category) {
			names = append(names, t.rows[i].Name)
		}
	}
	return names, true
}

func (r *row) in(category string) bool {
	for _, c := range r.Categories {
		if c == category {
			return true
		}
	}
	return false
}

// Categories returns all of Redis' categories in its order; most have no command here.
func Categories() []string { return append([]string(nil), categories...) }

var categories = []string{"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog",
	"geo", "stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting"}

func categoryOf(name string) (string, bool) {
	for _, c := range categories {
		if strings.EqualFold(c, name) {
			return c, true
		}
	}
	return "", false
}
