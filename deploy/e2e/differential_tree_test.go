package e2e

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// node is one reply as it came over the wire: the byte that starts it, its text
// and what is in it. Nothing is made equal that differs in bytes.
type node struct {
	kind  byte // '+', '-', ':', '$', '*', '%', '~', '>', '_', '=', ...; 'n' and 'N' are the null bulk and the null array of RESP2
	text  string
	elems []*node // of a map, its keys and values in turn
}

// readNode reads one reply.
func readNode(r *bufio.Reader) (*node, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line, ended := strings.CutSuffix(line, "\r\n")
	if !ended || line == "" {
		return nil, fmt.Errorf("read a reply: %q", line)
	}
	n := &node{kind: line[0], text: line[1:]}
	switch n.kind {
	case '+', '-', ':', '_', ',', '(', '#':
		return n, nil
	}
	size, err := strconv.Atoi(n.text)
	if err != nil {
		return nil, fmt.Errorf("read a reply: %q", line)
	}
	n.text = ""
	return n, n.fill(r, size)
}

// fill reads what a header announced.
func (n *node) fill(r *bufio.Reader, size int) error {
	switch {
	case size < 0 && n.kind == '$':
		n.kind = 'n'
		return nil
	case size < 0:
		n.kind = 'N'
		return nil
	}
	switch n.kind {
	case '$', '=', '!':
		b := make([]byte, size+2)
		_, err := io.ReadFull(r, b)
		n.text = string(b[:size])
		return err
	case '%':
		size *= 2
	case '*', '~', '>':
	default:
		return fmt.Errorf("read a reply: unknown type %q", n.kind)
	}
	for range size {
		e, err := readNode(r)
		if err != nil {
			return err
		}
		n.elems = append(n.elems, e)
	}
	return nil
}

// String renders a reply on as many lines as it has values, so that two are
// easily compared.
func (n *node) String() string {
	var b strings.Builder
	n.render(&b, "")
	return b.String()
}

func (n *node) render(b *strings.Builder, indent string) {
	switch n.kind {
	case '*', '~', '>', '%':
		size := len(n.elems)
		if n.kind == '%' {
			size /= 2
		}
		fmt.Fprintf(b, "%s%c%d\n", indent, n.kind, size)
		for _, e := range n.elems {
			e.render(b, indent+"  ")
		}
	case '$', '=', '!':
		lines := strings.SplitAfter(n.text, "\n")
		if len(lines) > 1 && lines[len(lines)-1] == "" {
			lines = lines[:len(lines)-1]
		}
		for i, line := range lines {
			mark := string(n.kind)
			if i > 0 {
				mark = " "
			}
			fmt.Fprintf(b, "%s%s%s\n", indent, mark, strings.Trim(strconv.Quote(line), `"`))
		}
	case 'n':
		b.WriteString(indent + "$-1\n")
	case 'N':
		b.WriteString(indent + "*-1\n")
	default:
		fmt.Fprintf(b, "%s%c%s\n", indent, n.kind, n.text)
	}
}

// walk visits a reply and all that is in it, the inner ones first.
func (n *node) walk(visit func(*node)) {
	for _, e := range n.elems {
		e.walk(visit)
	}
	visit(n)
}

// isPairs reports whether a node can be read as names and values in turn.
func (n *node) isPairs() bool {
	if n.kind != '*' && n.kind != '%' || len(n.elems) == 0 || len(n.elems)%2 != 0 {
		return false
	}
	for i := 0; i < len(n.elems); i += 2 {
		if n.elems[i].kind != '$' && n.elems[i].kind != '+' {
			return false
		}
	}
	return true
}

// isText reports whether a node is a text of lines, such as INFO's.
func (n *node) isText() bool {
	return (n.kind == '$' || n.kind == '=') && strings.Contains(n.text, "\n")
}

// isRow reports whether a node is a row of COMMAND, whose elements have their places.
func (n *node) isRow() bool {
	return n.kind == '*' && len(n.elems) == 10 && n.elems[0].kind == '$' && n.elems[1].kind == ':'
}

// sort puts the elements of an array into the order of their renderings, those of
// a map by their names.
func (n *node) sort() {
	step := 1
	if n.kind == '%' || n.isPairs() && n.isMap() {
		step = 2
	}
	groups := slices.Collect(slices.Chunk(n.elems, step))
	slices.SortStableFunc(groups, func(a, b []*node) int { return strings.Compare(a[0].String(), b[0].String()) })
	n.elems = slices.Concat(groups...)
}

// isMap tells a map of RESP2, among arrays that could be one, by what COMMAND
// tells: of names and texts, or of names and arrays.
func (n *node) isMap() bool {
	for i := 1; i < len(n.elems); i += 2 {
		if k := n.elems[i].kind; k != '$' && k != '+' {
			return true
		}
	}
	return n.elems[0].text == "summary" || n.elems[0].text == "name"
}
