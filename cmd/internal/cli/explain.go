package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"picket/monitor"
)

// explainCommand are the words of picket explain.
type explainCommand struct {
	Name string `arg:"" help:"The group."`
	one  `embed:""`
	JSON bool `name:"json" help:"As JSON."`
}

// Help implements kong's longer description.
func (explainCommand) Help() string {
	return "What is seen of the master and by whom, which timers run, which replica would be promoted and why not the others, and what would " +
		"happen if the master died now. It is what SENTINEL EXPLAIN says, in sections. " +
		exits("0 it was explained, whatever the state", "1 the monitor could not be asked, or is a redis-sentinel, which cannot explain",
			"2 the words were not understood")
}

// explanation is what picket explain prints.
type explanation struct {
	Group    string    `json:"group"`
	Monitor  string    `json:"monitor"` // address of the one that was asked
	Lines    []string  `json:"lines"`   // as SENTINEL EXPLAIN gives them
	Sections []section `json:"sections"`
}

// section is one question and its answers.
type section struct {
	Title string   `json:"title"`
	Lines []string `json:"lines"`
}

// sections say which lines of SENTINEL EXPLAIN answer which question, by their first
// words. Every monitor sends one list of lines, in its own order.
var sections = []struct {
	title  string
	begins []string
}{
	{"The master", []string{"master ", "last valid reply ", "down-after ", "unanswered for ", "script-blocked for "}},
	{"Who sees what", []string{"voters ", "this monitor ", "monitor ", "agreement: "}},
	{"Failover", []string{"configuration epoch ", "failover ", "no failover: "}},
	{"Which replica", []string{"would promote ", "then ", "not ", "replica ", "deposed master "}},
	{"Timers that run", []string{"in "}},
	{"What would follow", []string{"if the master died now: ", "as things stand: "}},
}

// otherTitle is for lines that this version does not know.
const otherTitle = "Further"

func runExplain(p Program, words []string) int {
	var cmd explainCommand
	if code, ok := parse(p, "explain", &cmd, words); !ok {
		return code
	}
	a, err := cmd.ask()
	if err != nil {
		return fail(p, err)
	}
	defer a.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*cmd.Timeout)
	defer cancel()
	reply, err := a.sentinel(ctx, "EXPLAIN", cmd.Name)
	if unknownCommand(err) {
		err = unable{a.addr, "explain", "picket status shows what it says of the group"}
	}
	if err != nil {
		return fail(p, err)
	}
	e := explanation{Group: cmd.Name, Monitor: a.addr, Lines: wordsOf(reply)}
	e.Sections = inSections(e.Lines)
	return printed(p, func(w io.Writer) error { return e.write(w, cmd.JSON) })
}

// inSections sorts the lines under their questions.
func inSections(lines []string) []section {
	found := make([]section, len(sections)+1)
	for _, line := range lines {
		n := slices.IndexFunc(sections, func(s struct {
			title  string
			begins []string
		}) bool {
			return slices.ContainsFunc(s.begins, func(b string) bool { return strings.HasPrefix(line, b) })
		})
		if strings.HasPrefix(line, "master since ") {
			n = 2 // of the configuration, not of what is seen
		}
		if n < 0 {
			n = len(sections)
		}
		found[n].Lines = append(found[n].Lines, line)
	}
	var filled []section
	for n, s := range found {
		s.Title = otherTitle
		if n < len(sections) {
			s.Title = sections[n].title
		}
		if len(s.Lines) > 0 {
			filled = append(filled, s)
		}
	}
	return filled
}

func (e explanation) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(e)
	}
	s := styleOf(w)
	for i, part := range e.Sections {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, s.paint(heading, part.Title))
		for _, line := range part.Lines {
			for n, text := range wrap(glossed(line), max(30, s.width-4)) {
				fmt.Fprintln(w, indents[min(n, 1)]+s.paint(moodOf(line), text))
			}
		}
	}
	return nil
}

var indents = [2]string{"  ", "    "}

// glossed adds what the reasons in a line mean.
func glossed(line string) string {
	var told []string
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" ,;()", r) }) {
		word = strings.TrimSuffix(word, ":")
		if text := meanings[monitor.Reason(word)]; text != "" && !slices.Contains(told, text) {
			told = append(told, text)
		}
	}
	if len(told) == 0 {
		return line
	}
	return line + " (" + strings.Join(told, "; ") + ")"
}

// moodOf marks the lines that matter most.
func moodOf(line string) mood {
	switch {
	case strings.HasPrefix(line, "would promote "):
		return good
	case strings.HasPrefix(line, "script-blocked for "), strings.HasPrefix(line, "failover held: "), strings.HasPrefix(line, "not "),
		strings.Contains(line, ": no failover, "):
		return warn
	case strings.Contains(line, "neither votes nor leads"), strings.HasPrefix(line, "failover in progress: "):
		return alarm
	}
	return plain
}
