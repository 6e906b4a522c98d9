package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"go.uber.org/zap"

	"picket/cmd/internal/check"
	"picket/cmd/internal/zlog"
)

// checkCommand are the words of picket check.
type checkCommand struct {
	File string `arg:"" complete:"file" help:"The configuration file."`
	Live bool   `help:"Ask the servers and monitors too; nothing there is changed."`
	JSON bool   `name:"json" help:"As JSON, one finding a line."`
}

// Help implements kong's longer description.
func (checkCommand) Help() string {
	return "Everything that is wrong with a file, and what is risky: each finding with its reason, its line and what to do. Without findings nothing is " +
		"printed. With --live the master, its replicas and the monitors that run are asked too. " +
		exits("0 nothing, or notes only", "1 risks", "2 errors, or the words were not understood")
}

func runCheck(p Program, words []string) int {
	var cmd checkCommand
	if code, ok := parse(p, "check", &cmd, words); !ok {
		return code
	}
	zlog.CaptureRedis(zap.NewNop())
	cfg, found := check.File(cmd.File)
	if cmd.Live && cfg != nil {
		ctx, stop := untilInterrupted()
		defer stop()
		found = check.Live(ctx, cfg, found)
	}
	if err := cmd.write(p.Out, found); err != nil {
		return fail(p, err)
	}
	return map[check.Severity]int{check.Risk: 1, check.Error: 2}[check.Worst(found)]
}

func (c checkCommand) write(w io.Writer, found []check.Finding) error {
	if c.JSON {
		for _, f := range found {
			if err := json.NewEncoder(w).Encode(f); err != nil {
				return err
			}
		}
		return nil
	}
	s := styleOf(w)
	colors := map[check.Severity]mood{check.Error: alarm, check.Risk: warn, check.Note: faint}
	for _, f := range found {
		lines := wrap(placeOf(f)+f.Text+" ["+string(f.Reason)+"]", max(30, s.width-8))
		lines[0] = fmt.Sprintf("%-6s %s", f.Severity, lines[0])
		lines = s.each(lines, colors[f.Severity])
		if f.Advice != "" {
			lines = append(lines, "       "+f.Advice)
		}
		if err := printLines(w, lines); err != nil {
			return err
		}
	}
	return nil
}

// placeOf is "file:line: server: ", as far as it is known.
func placeOf(f check.Finding) string {
	place := ""
	if f.File != "" && f.Line > 0 {
		place = fmt.Sprintf("%s:%d: ", f.File, f.Line)
	}
	if f.About != "" {
		place += f.About + ": "
	}
	return place
}
