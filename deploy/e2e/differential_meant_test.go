package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// difference is one entry of the list of differences that are meant. It either
// names what only one side has, which is left out before replies are compared,
// or gives the form of both replies to some cases.
type difference struct {
	name, reason     string
	section          string
	cases            []pattern
	sentinel, picket *regexp.Regexp // of a whole reply; nil when the entry names words
	picketHas        words          // fields of maps, INFO and CLIENT LIST
	picketLists      words          // names in lists, rows of COMMAND
	sentinelHas      words
	sentinelLists    words
}

// pattern is a glob for names of cases, with how often it told of a difference.
type pattern struct {
	*regexp.Regexp
	text string
	used int
}

// words are names that one side has, with how often each was met.
type words map[string]int

// readMeant reads the list:
//
//	== <section>
//	<name>
//	  reason <why it is meant>
//	  case <glob of "resp2 file/block: command">
//	  sentinel <regexp>, picket <regexp>     both replies, as they are printed
//	  picket-has <field> ..., picket-lists <name> ...;
//	  sentinel-has, sentinel-lists  likewise
func readMeant(path string) ([]*difference, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []*difference
	section := ""
	for i, line := range strings.Split(string(text), "\n") {
		title, isTitle := strings.CutPrefix(line, "== ")
		switch {
		case isTitle:
			section = title
		case strings.TrimSpace(line) == "" || line[0] == '#':
		case line[0] != ' ':
			list = append(list, &difference{name: line, section: section, picketHas: words{}, picketLists: words{}, sentinelHas: words{}, sentinelLists: words{}})
		case len(list) == 0:
			return nil, fmt.Errorf("%s:%d: %q stands before the first name", path, i+1, line)
		default:
			if err := list[len(list)-1].read(strings.TrimSpace(line)); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
			}
		}
	}
	for _, d := range list {
		if d.reason == "" {
			return nil, fmt.Errorf("%s: %s has no reason", path, d.name)
		}
		if len(d.cases) == 0 {
			d.cases = []pattern{glob("*")}
		}
	}
	return list, nil
}

func (d *difference) read(line string) (err error) {
	key, value, _ := strings.Cut(line, " ")
	switch key {
	case "reason":
		d.reason = strings.TrimSpace(d.reason + " " + value)
	case "case":
		d.cases = append(d.cases, glob(value))
	case "sentinel":
		d.sentinel, err = regexp.Compile(`^(?s:` + value + `)\n*$`)
	case "picket":
		d.picket, err = regexp.Compile(`^(?s:` + value + `)\n*$`)
	case "picket-has":
		d.picketHas.add(value)
	case "picket-lists":
		d.picketLists.add(value)
	case "sentinel-has":
		d.sentinelHas.add(value)
	case "sentinel-lists":
		d.sentinelLists.add(value)
	default:
		err = fmt.Errorf("unknown key %q", key)
	}
	return err
}

func (w words) add(list string) {
	for _, word := range strings.Fields(list) {
		w[word] = 0
	}
}

func glob(text string) pattern {
	quoted := strings.ReplaceAll(regexp.QuoteMeta(text), `\*`, `.*`)
	return pattern{Regexp: regexp.MustCompile(`^(?s:` + quoted + `)$`), text: text}
}

// match returns the pattern that a case's name fits, or nil.
func (d *difference) match(name string) *pattern {
	for i := range d.cases {
		if d.cases[i].MatchString(name) {
			return &d.cases[i]
		}
	}
	return nil
}

// stale says what of the entry told of no difference any more.
func (d *difference) stale() []string {
	var list []string
	if len(d.picketHas)+len(d.picketLists)+len(d.sentinelHas)+len(d.sentinelLists) == 0 {
		for _, c := range d.cases {
			if c.used == 0 {
				list = append(list, "case "+c.text)
			}
		}
	}
	for _, w := range []words{d.picketHas, d.picketLists, d.sentinelHas, d.sentinelLists} {
		for word, used := range w {
			if used == 0 {
				list = append(list, word)
			}
		}
	}
	return list
}

// dropFields leaves out of a reply the fields of maps, INFO and CLIENT LIST that
// have one of these names, if the other reply has no such field; it returns those
// that it met.
func (w words) dropFields(from, other *node) (met []string) {
	only := w.only(other)
	from.walk(func(n *node) {
		switch {
		case n.isText():
			n.text = dropText(n.text, only, &met)
		case n.isPairs():
			n.dropElems(2, only, &met)
		}
	})
	return met
}

// dropNames leaves out the elements of lists that are, or are rows of, one of
// these names; in COMMAND DOCS, with what is told of them.
func (w words) dropNames(from, other *node) (met []string) {
	only := w.only(other)
	from.walk(func(n *node) {
		switch step := 1; {
		case n.isRow(): // its name is what it is known by
		case n.kind == '%', n.isPairs() && n.elems[1].kind == '*':
			step = 2
			fallthrough
		case n.kind == '*' || n.kind == '~':
			n.dropElems(step, only, &met)
		}
	})
	return met
}

// only tells names of w that the other reply does not have.
func (w words) only(other *node) func(string) bool {
	if len(w) == 0 {
		return func(string) bool { return false }
	}
	theirs := names(other)
	return func(name string) bool { _, listed := w[name]; return listed && !theirs[name] }
}

func (n *node) dropElems(step int, only func(string) bool, met *[]string) {
	var kept []*node
	for i := 0; i < len(n.elems); i += step {
		if name := n.elems[i].name(); name != "" && only(name) {
			*met = append(*met, name)
			continue
		}
		kept = append(kept, n.elems[i:min(i+step, len(n.elems))]...)
	}
	n.elems = kept
}

// name is what an element of an array is known by: itself, or, of a row in
// COMMAND, its first word.
func (n *node) name() string {
	switch {
	case n.kind == '$' || n.kind == '+':
		return n.text
	case n.isRow():
		return n.elems[0].text
	}
	return ""
}

// names are all the names in a reply.
func names(n *node) map[string]bool {
	all := map[string]bool{}
	n.walk(func(n *node) {
		if n.isText() {
			eachField(n.text, func(field, value string) string { all[field] = true; return value })
			return
		}
		if name := n.name(); name != "" {
			all[name] = true
		}
	})
	return all
}

var fieldForms = []*regexp.Regexp{regexp.MustCompile(`(?m)^([a-z_0-9]+):.*\r\n`), regexp.MustCompile(` ([a-z-]+)=\S*`)}

// dropText leaves fields out of a text of INFO or CLIENT LIST.
func dropText(text string, only func(string) bool, met *[]string) string {
	form := fieldForms[0]
	if strings.HasPrefix(text, "id=") || strings.HasPrefix(text, "txt:id=") {
		form = fieldForms[1]
	}
	return form.ReplaceAllStringFunc(text, func(s string) string {
		name := form.FindStringSubmatch(s)[1]
		if !only(name) {
			return s
		}
		*met = append(*met, name)
		return ""
	})
}
