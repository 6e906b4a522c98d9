package manual

import (
	"embed"
	"fmt"
	"io"
	"strings"
	"text/template"
)

//go:embed picket.1.roff picket.conf.5.roff
var pages embed.FS

// special are the characters that man(7) would not print as they are.
var special = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, `"`, `\(dq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`)

// text makes plain text of man(7): a line that begins with a point is no request.
func text(s string) string {
	s = special.Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return text(strings.ToUpper(s[:1]) + strings.TrimSuffix(s[1:], ".") + ".")
}

// render fills in a page.
func render(w io.Writer, page string, data any) error {
	t := template.New(page).Funcs(template.FuncMap{"text": text, "sentence": sentence})
	t, err := t.ParseFS(pages, page)
	if err != nil {
		return fmt.Errorf("read the manual page %s: %w", page, err)
	}
	if err := t.Execute(w, data); err != nil {
		return fmt.Errorf("write the manual page %s: %w", page, err)
	}
	return nil
}
