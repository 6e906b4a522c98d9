package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"picket/cmd/internal/history"
)

// historyCommand are the words of picket history.
type historyCommand struct {
	Name string `arg:"" optional:"" help:"The group; all of them without it."`
	ID   string `arg:"" optional:"" name:"id" help:"The record to show in full, as the table names it."`
	one  `embed:""`
	Full bool `help:"Every record in full: timeline, evidence, votes and candidates."`
	JSON bool `name:"json" help:"As JSON, one record a line, newest first."`
}

// Help implements kong's longer description.
func (historyCommand) Help() string {
	return "Failovers, refused failovers and script-blocked spells, newest first, as the monitor that is asked saw them. It keeps them in " +
		"history.jsonl in its state-dir, or where it has none in memory until it ends. " +
		exits("0 it was shown, also when there is none", "1 the monitor could not be asked, or is a redis-sentinel, which keeps no history",
			"2 the words were not understood", "3 there is no record of that id")
}

func runHistory(p Program, words []string) int {
	var cmd historyCommand
	if code, ok := parse(p, "history", &cmd, words); !ok {
		return code
	}
	a, err := cmd.ask()
	if err != nil {
		return fail(p, err)
	}
	defer a.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*cmd.Timeout)
	defer cancel()
	list, err := a.history(ctx, cmd.Name)
	if err != nil {
		return fail(p, err)
	}
	if cmd.ID != "" {
		if list = recordOf(list, cmd.ID); len(list) == 0 {
			fmt.Fprintf(p.Err, "picket: the monitor at %s keeps no record %s of %s; picket history %s lists them\n", a.addr, cmd.ID, cmd.Name, cmd.Name)
			return exitOther
		}
	}
	return printed(p, func(w io.Writer) error { return cmd.write(w, list) })
}

// history asks for the records, newest first.
func (a *asked) history(ctx context.Context, name string) ([]kept, error) {
	words := []string{"HISTORY"}
	if name != "" {
		words = append(words, name)
	}
	reply, err := a.sentinel(ctx, words...)
	if unknownCommand(err) {
		err = unable{a.addr, "tell a history", "its log has the events"}
	}
	var list []kept
	for _, text := range wordsOf(reply) {
		k := kept{text: text}
		err = errors.Join(err, json.Unmarshal([]byte(text), &k.Record))
		list = append(list, k)
	}
	return list, err
}

// kept is a record, and the JSON that it came as: of a newer monitor it may hold more.
type kept struct {
	history.Record
	text string
}

func recordOf(list []kept, id string) []kept {
	for _, k := range list {
		if k.ID == id {
			return []kept{k}
		}
	}
	return nil
}

func (c historyCommand) write(w io.Writer, list []kept) error {
	s := styleOf(w)
	switch {
	case c.JSON:
		return eachLine(w, list)
	case len(list) == 0:
		_, err := fmt.Fprintln(w, "Nothing happened that is remembered.")
		return err
	case !c.Full && c.ID == "":
		var rows []row
		for _, k := range list {
			rows = append(rows, recordRow(k.Record))
		}
		return printLines(w, s.table([]string{"ID", "WHEN", "GROUP", "KIND", "OUTCOME", "REASON", "FROM", "TO", "OUTAGE", "LOST"}, rows))
	}
	for i, k := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := printLines(w, inFull(k.Record, s)); err != nil {
			return err
		}
	}
	return nil
}

func eachLine(w io.Writer, list []kept) error {
	for _, k := range list {
		if _, err := fmt.Fprintln(w, k.text); err != nil {
			return err
		}
	}
	return nil
}

func printLines(w io.Writer, lines []string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}
