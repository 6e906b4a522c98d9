package config

// Directive describes one supported directive, for the README.
type Directive struct {
	Name       string // as written in the file, "sentinel" included
	Syntax     string // what follows the name
	Unit       string
	Default    string
	SetChanges bool // SENTINEL SET changes it
	About      string
}

// Directives lists every supported directive, in the order of the README.
func Directives() []Directive { return nil }
