package arch

import (
	"slices"
	"strings"
)

// module is the path of this module; an import that begins with it is ours.
const module = "picket"

// fixtures is what the tests of every package may import, and nothing else may.
const fixtures = "monitor/resp/resptest"

// core is what every shell may import.
var core = []string{"failover", "quorum", "monitor", "monitor/resp"}

// arrows says, for every package, which packages of ours it may import. A
// package that is not listed is not part of the design's shape.
var arrows = map[string][]string{
	"monitor":  nil,
	"quorum":   {"monitor"},
	"failover": {"quorum", "monitor"},

	"monitor/resp": nil,
	fixtures:       {"monitor"},
	"failover/sim": {"failover", "quorum", "monitor"},

	"monitor/probe": core,
	"quorum/gossip": core,
	"quorum/ask":    core,
	"failover/act":  core,
	"config":        core,

	"cmd/picket": {"cmd/internal/..."},

	"deploy/lab":     nil,
	"deploy/estate":  {"deploy/lab"},
	"deploy/e2e":     {"deploy/lab"},
	"deploy/arch":    nil,
	"deploy/docs":    {"config", "monitor", "deploy/lab"},
	"deploy/debian":  {"deploy/machine", "config"},
	"deploy/machine": nil,
	"deploy/systemd": {"deploy/machine", "deploy/lab"},
	"deploy/compose": {"deploy/lab"},
	"deploy/browser": {"deploy/lab", "deploy/estate"},

	"deploy/prometheus": {"deploy/lab", "deploy/estate"},

	"deploy/e2e/scale": {"deploy/lab", "deploy/estate"},
}

// everything is what the packages of cmd/internal may import: they alone know
// the core and all shells. The end-to-end tests and this package are no part of
// the program.
var everything = []string{"cmd/internal/...", "monitor/probe", "quorum/gossip", "quorum/ask", "failover/act", "config",
	"failover", "quorum", "monitor", "monitor/resp", "deploy/lab"}

// pure are the packages without clock, goroutine, lock, I/O, logger or global random.
var pure = []string{"monitor", "quorum", "failover"}

// pureImports are the packages of the standard library that the pure core may
// import. time and math/rand are for types and arithmetic: see impure.
var pureImports = []string{"bytes", "cmp", "container/heap", "encoding/binary", "encoding/hex", "errors", "fmt",
	"hash/fnv", "iter", "maps", "math", "math/bits", "math/rand", "math/rand/v2", "net/netip", "slices", "sort",
	"strconv", "strings", "time", "unicode", "unicode/utf8"}

// only lists, for a package outside the module or the pure set, the files or
// packages that alone may import it.
var only = map[string][]string{
	"net":                             {"monitor/addr.go"},
	"github.com/hashicorp/memberlist": {"quorum/gossip"},
	"github.com/alecthomas/kong":      {"cmd/internal/cli", "cmd/internal/completion", "cmd/internal/manual"},
}

// impure maps a package that the core imports to the names it may not use, or,
// with a leading "+", to the only ones that it may.
var impure = map[string][]string{
	"time":         {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local"},
	"fmt":          {"Print", "Println", "Printf", "Fprint", "Fprintln", "Fprintf", "Scan", "Scanln", "Scanf"},
	"math/rand":    {"+", "New", "NewSource", "Rand", "Source", "Source64", "NewZipf", "Zipf"},
	"math/rand/v2": {"+", "New", "NewPCG", "NewChaCha8", "Rand", "Source", "PCG", "ChaCha8", "NewZipf", "Zipf"},
	"net":          {"+", "JoinHostPort", "SplitHostPort"},
}

// topLevel is exactly what lies at the top, beside dotfiles and what make builds.
var topLevel = []string{"cmd", "monitor", "quorum", "failover", "config", "deploy", "go.mod", "go.sum", "README.md",
	"LICENSE", "Makefile", "picket", "dist"}

// vague are names that say nothing of what a package or file owns.
var vague = []string{"util", "utils", "common", "helper", "helpers", "types", "manager", "misc"}

// The limits of size. Tests are held to the length of files alone: a table is long without being hard.
const (
	maxFileLines  = 500
	maxFuncLines  = 60
	maxParameters = 4
)

// imposed are methods whose parameters another library's interface chose
// (memberlist's Delegate).
var imposed = []string{"LocalState", "MergeRemoteState"}

func allowed(pkg string) ([]string, bool) {
	if matches("cmd/internal/...", pkg) {
		return everything, true
	}
	list, known := arrows[pkg]
	return list, known
}

// matches reports whether pkg is what pattern names: itself, or with "/..." anything below it.
func matches(pattern, pkg string) bool {
	if below, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(pkg, below)
	}
	return pattern == pkg
}

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, pkg) })
}
