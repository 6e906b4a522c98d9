package cli

import "strings"

// table renders rows in columns, the widest of which is wrapped so that the
// whole fits into width where it can. The first row is the heading; it is
// wrapped rather than make a column wider.
func table(rows [][]string, width int) []string {
	if len(rows) == 0 {
		return nil
	}
	widths := fit(naturalWidths(rows), width)
	var lines []string
	for i, row := range rows {
		lines = append(lines, tableRow(row, widths)...)
		if i == 0 {
			lines = append(lines, rule(widths))
		}
	}
	return lines
}

const gutter = 2

// naturalWidths are those that no cell below the heading must be wrapped in.
func naturalWidths(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for i, cell := range rows[0] {
		widths[i] = len(cell)/2 + 2 // two lines will do
		for word := range strings.FieldsSeq(cell) {
			widths[i] = max(widths[i], len(word))
		}
	}
	for _, row := range rows[1:] {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	return widths
}

// fit takes from the widest column until the columns fit, but leaves each 10.
func fit(widths []int, width int) []int {
	total := gutter * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > width; total-- {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= 10 {
			break
		}
		widths[widest]--
	}
	return widths
}

func tableRow(row []string, widths []int) []string {
	cells, height := make([][]string, len(row)), 1
	for i, cell := range row {
		cells[i] = wrap(cell, widths[i])
		height = max(height, len(cells[i]))
	}
	lines := make([]string, height)
	for l := range lines {
		var b strings.Builder
		for i, cell := range cells {
			text := ""
			if l < len(cell) {
				text = cell[l]
			}
			b.WriteString(text + strings.Repeat(" ", max(0, widths[i]-len(text))+gutter))
		}
		lines[l] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

func rule(widths []int) string {
	parts := make([]string, len(widths))
	for i, w := range widths {
		parts[i] = strings.Repeat("-", w)
	}
	return strings.Join(parts, strings.Repeat(" ", gutter))
}

// wrap breaks a text at blanks into lines of at most width columns; a longer
// word stands alone. There is at least one line.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}
