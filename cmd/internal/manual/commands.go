package manual

import (
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Program is what picket(1) tells of.
type Program struct {
	Version string
	Model   *kong.Application
	Uses    map[string]string // how each command is used, without the program's name
}

// variable is a word of the environment, and the flag that it stands for.
type variable struct{ Name, Flag, Help string }

// Commands writes picket(1).
func Commands(w io.Writer, p Program) error {
	return render(w, "picket.1.roff", struct {
		Version   string
		Commands  []told
		Variables []variable
	}{p.Version, p.commands(), p.variables()})
}

// told is a command as the page tells it.
type told struct {
	Name, Use, About, Detail string
	Words                    []word
}

// word is an argument or a flag.
type word struct{ Name, Value, Help string }

func (p Program) commands() []told {
	var list []told
	for _, node := range p.Model.Children {
		if node.Hidden {
			continue
		}
		c := told{Name: node.Name, Use: p.Uses[node.Name], About: node.Help, Detail: node.Detail}
		for _, arg := range node.Positional {
			c.Words = append(c.Words, word{Value: strings.Trim(arg.Summary(), "[]"), Help: explained(arg)})
		}
		for _, flag := range flagsOf(node) {
			c.Words = append(c.Words, wordOf(flag))
		}
		list = append(list, c)
	}
	return list
}

// flagsOf leaves out --help, which every command has.
func flagsOf(node *kong.Node) []*kong.Flag {
	var list []*kong.Flag
	for _, flag := range node.Flags {
		if !flag.Hidden && flag.Name != "help" {
			list = append(list, flag)
		}
	}
	return list
}

func wordOf(flag *kong.Flag) word {
	w := word{Name: "--" + flag.Name, Help: explained(flag.Value)}
	if flag.Short != 0 {
		w.Name = "-" + string(flag.Short) + ", " + w.Name
	}
	if !flag.IsBool() && !flag.IsCounter() {
		w.Value = strings.ToUpper(flag.Name)
		if flag.PlaceHolder != "" {
			w.Value = flag.PlaceHolder
		}
	}
	return w
}

// explained is the help of a value with its default, if it has one.
func explained(v *kong.Value) string {
	if v.HasDefault && v.Default != "" && !v.IsBool() {
		return v.Help + " Default: " + v.Default + "."
	}
	return v.Help
}

// variables lists each once: commands share their flags.
func (p Program) variables() []variable {
	var list []variable
	for _, node := range p.Model.Children {
		for _, flag := range flagsOf(node) {
			for _, name := range flag.Envs {
				v := variable{name, "--" + flag.Name, flag.Help}
				if !slices.Contains(list, v) {
					list = append(list, v)
				}
			}
		}
	}
	return list
}
