package manual

import (
	"io"
	"strings"

	"picket/config"
)

// section is a part of picket.conf(5).
type section struct {
	Title, About string
	Directives   []config.Directive
}

// Directives writes picket.conf(5).
func Directives(w io.Writer, version string, list []config.Directive) error {
	sections := []section{
		{Title: "The process", About: "Where it listens, who may come in, and what it writes."},
		{Title: "The monitor", About: "Who it is among the other monitors."},
		{Title: "A group", About: "A master and its replicas, watched under one name. The monitor line comes first. " +
			"SENTINEL SET changes what is marked so while the monitor runs."},
	}
	for _, d := range list {
		at := &sections[part(d)]
		at.Directives = append(at.Directives, d)
	}
	return render(w, "picket.conf.5.roff", struct {
		Version  string
		Sections []section
	}{version, sections})
}

// part is the section that a directive belongs to.
func part(d config.Directive) int {
	switch {
	case strings.Contains(d.Syntax, "<name>"):
		return 2
	case strings.HasPrefix(d.Name, "sentinel "):
		return 1
	}
	return 0
}
