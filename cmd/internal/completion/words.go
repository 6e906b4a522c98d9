package completion

import (
	"embed"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"

	"picket/config"
)

// Shell is one that scripts can be written for: bash, zsh or fish.
type Shell string

// Words are what the scripts complete.
type Words struct {
	Model      *kong.Application
	Directives []config.Directive
}

//go:embed bash.tmpl zsh.tmpl fish.tmpl
var scripts embed.FS

// Write writes the script of a shell.
func Write(w io.Writer, shell Shell, words Words) error {
	name := string(shell) + ".tmpl"
	t, err := template.New(name).Funcs(template.FuncMap{"join": strings.Join, "quote": quote}).ParseFS(scripts, name)
	if err != nil {
		return fmt.Errorf("read the completion script of %s: %w", shell, err)
	}
	if err := t.Execute(w, words.script()); err != nil {
		return fmt.Errorf("write the completion script of %s: %w", shell, err)
	}
	return nil
}

// script is what the templates are filled with.
type script struct {
	Commands []command
	Settings []value // directives, as flags
}

// command is one first word.
type command struct {
	Name, About string
	Flags       []value
	Args        []value // positional, in their order
}

// value is a flag, a directive or a place on the command line, and what may stand there.
type value struct {
	Name, About string // of a flag with its dashes
	Short       string // of a flag, without its dash
	Bare        bool   // nothing follows it
	Choices     []string
	File        bool
	Directives  bool // the rest of the line is directives
}

func (w Words) script() script {
	var s script
	for _, node := range w.Model.Children {
		if !node.Hidden {
			s.Commands = append(s.Commands, commandOf(node))
		}
	}
	for _, d := range w.Directives {
		if !strings.HasPrefix(d.Name, "sentinel ") {
			s.Settings = append(s.Settings, value{Name: "--" + d.Name, About: d.About, Choices: choices(d.Syntax), File: isPath(d.Syntax)})
		}
	}
	return s
}

func commandOf(node *kong.Node) command {
	c := command{Name: node.Name, About: node.Help}
	for _, arg := range node.Positional {
		c.Args = append(c.Args, valueOf(arg))
	}
	for _, flag := range node.Flags {
		if flag.Hidden {
			continue
		}
		v := valueOf(flag.Value)
		v.Name, v.Bare = "--"+flag.Name, flag.IsBool() || flag.IsCounter()
		if flag.Short != 0 {
			v.Short = string(flag.Short)
		}
		c.Flags = append(c.Flags, v)
	}
	if !c.Directives() { // kong's, which stands at the program
		c.Flags = append(c.Flags, value{Name: "--help", Short: "h", About: "Tell more of the command.", Bare: true})
	}
	return c
}

func valueOf(v *kong.Value) value {
	val := value{Name: v.Name, About: v.Help, File: v.Tag.Get("complete") == "file", Directives: v.Tag.Get("complete") == "directives"}
	if v.Enum != "" {
		val.Choices = v.EnumSlice()
	}
	return val
}

var choice = regexp.MustCompile(`^\S+ ([a-zA-Z0-9-]+(?:\|[a-zA-Z0-9-]+)+)$`)

// choices are the words between which a directive lets choose: "loglevel debug|verbose".
func choices(syntax string) []string {
	m := choice.FindStringSubmatch(syntax)
	if m == nil {
		return nil
	}
	return strings.Split(m[1], "|")
}

// isPath reports whether a directive takes a file or a directory.
func isPath(syntax string) bool {
	return strings.HasSuffix(syntax, " <path>") || strings.HasSuffix(syntax, " <directory>") || strings.HasSuffix(syntax, " <file>")
}

// quote makes one word of s, as all three shells read it.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'"'"'`) + "'" }

// Names returns the names of values, with the short ones.
func (s script) Names(list []value) string {
	var names []string
	for _, v := range list {
		names = append(names, v.Name)
		if v.Short != "" {
			names = append(names, "-"+v.Short)
		}
	}
	return strings.Join(names, " ")
}

// CommandNames are all first words.
func (s script) CommandNames() string {
	var names []string
	for _, c := range s.Commands {
		names = append(names, c.Name)
	}
	return strings.Join(names, " ")
}

// Monitor are the commands that the rest of a line of directives belongs to.
func (s script) Monitor() []command {
	return slices.DeleteFunc(slices.Clone(s.Commands), func(c command) bool { return !c.Directives() })
}

// Others are the commands that are no monitor.
func (s script) Others() []command {
	return slices.DeleteFunc(slices.Clone(s.Commands), command.Directives)
}

// Directives reports whether directives follow.
func (c command) Directives() bool {
	return slices.ContainsFunc(c.Args, func(v value) bool { return v.Directives })
}

// Pattern is how the words that announce the value are written in a case.
func (v value) Pattern() string {
	if v.Short != "" {
		return v.Name + "|-" + v.Short
	}
	return v.Name
}
