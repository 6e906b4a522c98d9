package config

import "strings"

// Place is where a directive stands.
type Place struct {
	File string // "" for the command line
	Line int    // counted from 1; 0 when no line gives the directive
}

// Inspect reads the file at path as [Load] does, but returns what it understood beside
// everything that is wrong, so that both can be judged at once. The Config is nil when
// the file cannot be read, and must not be run when there is an error.
func Inspect(path string) (*Config, error) {
	text, path, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	r := newReader()
	r.cfg.Path, r.cfg.origin.text = path, text
	r.read(r.lex(source{path: path}, string(text)))
	r.readNotes()
	if err := r.err(); err != nil {
		r.cfg.settle()
		return r.cfg, err
	}
	c, err := Load(path, nil)
	if err != nil { // the saved state
		return r.cfg, err
	}
	return c, nil
}

// Where tells the last line that gave a directive, of a group unless group is "".
func (c *Config) Where(directive, group string) Place {
	return c.places[placeKey(directive, group)]
}

func placeKey(directive, group string) string { return strings.ToLower(directive) + "\n" + group }

// stands notes where a line stands that was understood.
func (c *Config) stands(l line) {
	if c.places == nil {
		c.places = map[string]Place{}
	}
	name, group := strings.ToLower(strings.Join(nameOf(l.words), " ")), ""
	if _, ok := find(groupTable, name); ok && len(l.words) > 2 {
		group = l.words[2]
	}
	c.places[placeKey(name, group)] = Place{l.file, l.no}
}
