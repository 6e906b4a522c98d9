package config

// SetRequest is one SENTINEL SET: the words after the name of the master.
type SetRequest struct {
	Words       []string
	DenyScripts bool // deny-scripts-reconfig
}

// Change is one option that SENTINEL SET changed, as the event +set shows it.
type Change struct {
	Option string   // as the client wrote it
	Shown  []string // its values; a password is shown as ******
}

// Refusal is an error whose text is the error reply of the RESP door, "ERR ..." included.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// Set applies every option of one SENTINEL SET or, when any of them is refused, none.
// The error is a Refusal with Sentinel's own text.
func (g *Group) Set(req SetRequest) ([]Change, error) { return nil, Refusal("ERR not written yet") }

// Printable reports whether s is free of control characters, which no value may hold.
func Printable(s string) bool { return true }
