package cli

import (
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// style is how an output may be written to: what a terminal shows, and a file should not hold.
type style struct {
	live   bool // a terminal: what was written may be overwritten
	colour bool
	width  int // columns
	height int // lines, 0 when nobody knows
}

// endless is the width of what is not written to a terminal: nothing is wrapped, so that
// other programs can read it line by line.
const endless = 1 << 20

// styleOf finds out. Colours are for terminals, unless NO_COLOR is set.
func styleOf(out io.Writer) style {
	s := style{width: endless}
	f, ok := out.(*os.File)
	if !ok {
		return s
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return s
	}
	s.live = os.Getenv("TERM") != "dumb"
	s.colour = s.live && os.Getenv("NO_COLOR") == ""
	if size.Col > 0 {
		s.width, s.height = int(size.Col), int(size.Row)
	}
	return s
}

var paints = map[mood]string{faint: "2", calm: "36", warn: "33", alarm: "31", good: "32;1", plain: "", heading: "1"}

func (s style) paint(m mood, text string) string {
	if !s.colour || paints[m] == "" || text == "" {
		return text
	}
	return "\x1b[" + paints[m] + "m" + text + "\x1b[0m"
}

// row is one line of a table, with how it is meant.
type row struct {
	mood  mood
	cells []string
}

// table renders rows below a heading; where the columns do not fit side by side,
// each row becomes a few lines of its own.
func (s style) table(head []string, rows []row) []string {
	head, rows = withoutEmpty(head, rows)
	all := [][]string{head}
	for _, r := range rows {
		all = append(all, r.cells)
	}
	widths := naturalWidths(all)
	if total(widths) > s.width {
		return s.stacked(head, rows)
	}
	lines := s.each(tableRow(head, widths), heading)
	for _, r := range rows {
		lines = append(lines, s.each(tableRow(r.cells, widths), r.mood)...)
	}
	return lines
}

func total(widths []int) int {
	sum := gutter * (len(widths) - 1)
	for _, w := range widths {
		sum += w
	}
	return sum
}

func (s style) each(lines []string, m mood) []string {
	for i := range lines {
		lines[i] = s.paint(m, lines[i])
	}
	return lines
}

// stacked is a table for a narrow terminal: the first two cells, and below them the others with their headings.
func (s style) stacked(head []string, rows []row) []string {
	var lines []string
	for _, r := range rows {
		lines = append(lines, s.paint(r.mood, strings.Join(r.cells[:min(2, len(r.cells))], " ")))
		var rest []string
		for i := 2; i < len(r.cells); i++ {
			if r.cells[i] != "-" {
				rest = append(rest, strings.ToLower(head[i])+" "+r.cells[i])
			}
		}
		for _, text := range wrap(strings.Join(rest, ", "), max(20, s.width-2)) {
			lines = append(lines, "  "+text)
		}
	}
	return lines
}

// withoutEmpty leaves out columns in which no row has anything.
func withoutEmpty(head []string, rows []row) ([]string, []row) {
	var keep []int
	for i := range head {
		for _, r := range rows {
			if r.cells[i] != "-" && r.cells[i] != "" {
				keep = append(keep, i)
				break
			}
		}
	}
	chosen := func(cells []string) []string {
		var list []string
		for _, i := range keep {
			list = append(list, cells[i])
		}
		return list
	}
	slim := make([]row, len(rows))
	for i, r := range rows {
		slim[i] = row{r.mood, chosen(r.cells)}
	}
	return chosen(head), slim
}

// isTerminal reports whether a person sits at f.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	return err == nil
}
