package cli

import (
	"fmt"
	"strings"

	"picket/config"
)

// runDirectives prints the table of directives that the manual holds.
func runDirectives(p Program, _ []string) int {
	fmt.Fprintln(p.Out, "| directive | unit | default | SET | what it does |")
	fmt.Fprintln(p.Out, "|---|---|---|---|---|")
	for _, d := range config.Directives() {
		set := ""
		if d.SetChanges {
			set = "yes"
		}
		fmt.Fprintf(p.Out, "| `%s` | %s | %s | %s | %s |\n", strings.ReplaceAll(d.Syntax, "|", `\|`), d.Unit,
			strings.ReplaceAll(d.Default, "|", `\|`), set, d.About)
	}
	return exitOK
}
