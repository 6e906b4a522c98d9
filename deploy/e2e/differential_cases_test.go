package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"picket/deploy/lab"
)

// block is a list of commands for one fresh connection to each side.
type block struct {
	title   string
	options map[string]string // see readBlocks
	lines   []string
}

// readBlocks reads the cases written by hand. A block is
//
//	== <title> [option ...]
//	<command>
//	...
//
// and is played in RESP2 and RESP3. Options: world=guarded (requirepass is set),
// anonymous (not logged in), resp=2 or 3, sorted (arrays in any order), keys (of
// INFO and maps only the names count), mask=<name> (see masks; for replies that
// are one value), settled (wait until the sides know each other and are connected),
// unix (over the Unix socket). A command is sent as an array; words are quoted as
// for redis-cli. Before it may stand
//
//	b>      send it on a second connection
//	~       do not look for its replies, they come with those of the next command
//	until <text>|  send it again until its replies, unmasked, have that text
//	replica>  send it to the replica; nothing is compared
//	inline  send it as an inline command
//	raw     send these bytes, written as in Go
//
// {id}, {addr}, {laddr}, {b.id}, {b.addr} stand for the connections' own, {port}
// for the monitor's port, {master} and {replica} for the ports of the instances,
// {epoch1} to {epoch3} for epochs that nobody had yet.
func readBlocks(folder string) ([]block, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.cases"))
	if err != nil {
		return nil, err
	}
	var blocks []block
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file := strings.TrimSuffix(filepath.Base(path), ".cases")
		for _, line := range strings.Split(string(text), "\n") {
			title, isTitle := strings.CutPrefix(line, "== ")
			switch {
			case isTitle:
				blocks = append(blocks, newBlock(file, title))
			case strings.TrimSpace(line) == "" || line[0] == '#':
			case len(blocks) == 0:
				return nil, fmt.Errorf("%s: %q stands before the first title", path, line)
			default:
				b := &blocks[len(blocks)-1]
				b.lines = append(b.lines, line)
			}
		}
	}
	return blocks, nil
}

var blockOptions = []string{"world", "anonymous", "resp", "sorted", "keys", "mask", "settled", "unix"}

func newBlock(file, title string) block {
	b := block{options: map[string]string{}}
	var words []string
	for _, w := range strings.Fields(title) {
		key, value, _ := strings.Cut(w, "=")
		if slices.Contains(blockOptions, key) {
			b.options[key] = value
			continue
		}
		words = append(words, w)
	}
	b.title = file + "/" + strings.Join(words, " ")
	return b
}

func (b *block) has(option string) bool { _, ok := b.options[option]; return ok }

func (b *block) protocols() []int {
	if p, err := strconv.Atoi(b.options["resp"]); err == nil {
		return []int{p}
	}
	return []int{2, 3}
}

// mentions reports whether the block speaks of a variable or prefix.
func (b *block) mentions(what string) bool {
	return slices.ContainsFunc(b.lines, func(l string) bool { return strings.Contains(l, what) })
}

// leavesNothing reports whether a generated case leaves its connection as it was.
func (b *block) leavesNothing() bool {
	if !strings.HasPrefix(b.title, "generated") {
		return false
	}
	first, _, _ := strings.Cut(b.lines[0], " ")
	return slices.Contains([]string{"sentinel", "acl", "command", "info", "ping", "publish", "role", "shutdown"}, first)
}

// step is one line of a block as it is sent.
type step struct {
	second  bool // on the second connection
	quiet   bool
	replica bool
	until   string
	bytes   []byte
}

// parse reads a line whose variables were replaced.
func parseStep(line string) (s step, err error) {
	line, s.second = strings.CutPrefix(line, "b> ")
	line, s.quiet = strings.CutPrefix(line, "~ ")
	line, s.replica = strings.CutPrefix(line, "replica> ")
	if rest, ok := strings.CutPrefix(line, "until "); ok {
		s.until, line, _ = strings.Cut(rest, "| ")
		s.until = strings.ReplaceAll(s.until, `\n`, "\n")
	}
	if text, ok := strings.CutPrefix(line, "raw "); ok {
		bytes, err := strconv.Unquote(`"` + text + `"`)
		s.bytes = []byte(bytes)
		return s, err
	}
	if text, ok := strings.CutPrefix(line, "inline "); ok {
		s.bytes = []byte(text + "\r\n")
		return s, nil
	}
	s.bytes = lab.Encode(splitWords(line)...)
	return s, nil
}

// splitWords splits at blanks; a word in double quotes is written as in Go.
func splitWords(line string) []string {
	var words []string
	for line = strings.TrimLeft(line, " "); line != ""; line = strings.TrimLeft(line, " ") {
		if quoted, err := strconv.QuotedPrefix(line); err == nil && line[0] == '"' {
			word, _ := strconv.Unquote(quoted) // it was just found to be quoted well
			words, line = append(words, word), line[len(quoted):]
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		words, line = append(words, word), rest
	}
	return words
}

// notGenerated are cases that cannot be compared: SHUTDOWN ends the process,
// CLIENT LIST tells of everybody's connections, "1" is an address to
// redis-sentinel (see orders.cases).
var notGenerated = []string{"shutdown", "client list", "sentinel monitor 1 1 1 1"}

// generate makes cases from what COMMAND tells of the commands: for each too
// few words, as many as it takes, and too many, once of junk and once of numbers.
func generate(arities map[string]int) []block {
	var blocks []block
	for _, name := range slices.Sorted(maps.Keys(arities)) {
		arity := arities[name]
		own := strings.Split(name, "|")
		for _, words := range wordCounts(arity, len(own)) {
			for _, kind := range []string{"junk", "1"} {
				line := slices.Clone(own)
				for i := len(own); i < words; i++ {
					if line = append(line, kind); kind == "junk" {
						line[i] += strconv.Itoa(i)
					}
				}
				if text := strings.Join(line, " "); !slices.Contains(notGenerated, text) {
					blocks = append(blocks, block{title: "generated", lines: []string{text}})
				}
				if words == len(own) {
					break // no words to vary
				}
			}
		}
	}
	return blocks
}

// wordCounts are the numbers of words to try, the command's own included.
func wordCounts(arity, own int) []int {
	least := max(arity, -arity)
	counts := []int{least, least + 1}
	if arity < 0 {
		counts = append(counts, least+2, least+3)
	}
	if least-1 >= own {
		counts = append(counts, least-1)
	}
	slices.Sort(counts)
	return counts
}
