package arch

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestTheRepositoryHasTheDesignsShape(t *testing.T) {
	found, err := Check(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}

func TestAPlantedViolationIsFound(t *testing.T) {
	long := "package monitor\n\nfunc f() {\n" + strings.Repeat("\tg()\n", 60) + "}\n"
	tests := []struct {
		name, path, text string
		want             string // "" when it is allowed
	}{
		{"monitor imports quorum", "monitor/a.go", `import "picket/quorum"`, "monitor may not import quorum"},
		{"quorum imports monitor", "quorum/a.go", `import "picket/monitor"`, ""},
		{"quorum imports failover", "quorum/a.go", `import "picket/failover"`, "quorum may not import failover"},
		{"failover imports a shell", "failover/a.go", `import "picket/failover/act"`, "failover may not import failover/act"},
		{"failover imports the codec", "failover/a.go", `import "picket/monitor/resp"`, "failover may not import monitor/resp"},
		{"a shell imports the core", "quorum/ask/a.go", `import ("picket/failover"; "picket/monitor/resp")`, ""},
		{"a shell imports another shell", "quorum/ask/a.go", `import "picket/monitor/probe"`, "quorum/ask may not import monitor/probe"},
		{"a shell imports the configuration", "failover/act/a.go", `import "picket/config"`, "failover/act may not import config"},
		{"the configuration imports a shell", "config/a.go", `import "picket/quorum/gossip"`, "config may not import quorum/gossip"},
		{"a test imports another shell", "quorum/ask/a_test.go", `import "picket/monitor/probe"`, "quorum/ask may not import monitor/probe"},
		{"a test imports the fixtures", "quorum/ask/a_test.go", `import "picket/monitor/resp/resptest"`, ""},
		{"a shell imports the fixtures", "quorum/ask/a.go", `import "picket/monitor/resp/resptest"`, "quorum/ask may not import monitor/resp/resptest"},
		{"the daemon imports the fixtures", "cmd/internal/daemon/a.go", `import "picket/monitor/resp/resptest"`, "may not import monitor/resp/resptest"},
		{"main imports the daemon", "cmd/picket/a.go", `import "picket/cmd/internal/daemon"`, ""},
		{"main imports the core", "cmd/picket/a.go", `import "picket/monitor"`, "cmd/picket may not import monitor"},
		{"the daemon imports everything", "cmd/internal/daemon/a.go", `import ("picket/config"; "picket/cmd/internal/zlog"; "picket/quorum/gossip")`, ""},
		{"the lab imports the core", "deploy/lab/a.go", `import "picket/monitor"`, "deploy/lab may not import monitor"},
		{"the command line imports the lab", "cmd/internal/cli/a.go", `import "picket/deploy/lab"`, ""},
		{"the command line imports the tests", "cmd/internal/cli/a.go", `import "picket/deploy/e2e"`, "may not import deploy/e2e"},
		{"a package nobody designed", "monitor/extra/a.go", ``, "not part of the design's shape"},
		{"gossip uses memberlist", "quorum/gossip/a.go", `import "github.com/hashicorp/memberlist"`, ""},
		{"the daemon uses memberlist", "cmd/internal/daemon/a.go", `import "github.com/hashicorp/memberlist"`, "only quorum/gossip may import"},

		{"the core uses a library", "monitor/a.go", `import "go.uber.org/zap"`, "the pure core may not import go.uber.org/zap"},
		{"the core logs", "quorum/a.go", `import "log/slog"`, "the pure core may not import log/slog"},
		{"the core locks", "quorum/a.go", `import "sync"`, "the pure core may not import sync"},
		{"the core reads files", "failover/a.go", `import "os"`, "the pure core may not import os"},
		{"a test of the core reads files", "failover/a_test.go", `import "os"`, ""},
		{"a shell locks", "quorum/ask/a.go", `import "sync"`, ""},
		{"addr.go joins a host and a port", "monitor/addr.go", "import \"net\"\nvar _ = net.JoinHostPort", ""},
		{"addr.go dials", "monitor/addr.go", "import \"net\"\nvar _ = net.Dial", "may not use net.Dial"},
		{"another file joins a host and a port", "monitor/a.go", "import \"net\"\nvar _ = net.JoinHostPort", "may not import net"},
		{"the core counts durations", "monitor/a.go", "import \"time\"\nvar _ = time.Second", ""},
		{"the core reads the clock", "monitor/a.go", "import \"time\"\nvar _ = time.Now", "may not use time.Now"},
		{"the core hides the clock", "monitor/a.go", "import t \"time\"\nvar _ = t.Now", "under another name"},
		{"the core makes a random source", "failover/a.go", "import \"math/rand/v2\"\nvar _ = rand.New(rand.NewPCG(1, 2))", ""},
		{"the core uses the global random source", "failover/a.go", "import \"math/rand/v2\"\nvar _ = rand.IntN", "may not use math/rand/v2.IntN"},
		{"the core prints", "failover/a.go", "import \"fmt\"\nvar _ = fmt.Println", "may not use fmt.Println"},
		{"the core has its own rand", "failover/a.go", "import \"math/rand/v2\"\nfunc f(rand *rand.Rand) int { return rand.IntN(3) }", ""},
		{"a goroutine", "quorum/a.go", "func f() { go f() }", "a goroutine in the pure core"},
		{"a channel", "quorum/a.go", "func f(c chan int) {}", "a channel in the pure core"},
		{"a select", "quorum/a.go", "func f() { select {} }", "a channel in the pure core"},
		{"a goroutine in a shell", "quorum/ask/a.go", "func f() { go f() }", ""},

		{"too many parameters", "monitor/a.go", "func f(a, b, c, d, e int) {}", "f has 5 parameters"},
		{"too many parameters of a method of an interface", "monitor/a.go", "type i interface { f(a, b, c, d, e int) }", "f has 5 parameters"},
		{"four parameters", "monitor/a.go", "func f(a, b, c, d int) {}", ""},
		{"a boolean parameter", "monitor/a.go", "func F(on bool) {}", "F has a boolean parameter"},
		{"a boolean parameter of a method", "monitor/a.go", "type t int\nfunc (t) F(on bool) {}", "F has a boolean parameter"},
		{"a boolean parameter inside", "monitor/a.go", "func f(on bool) {}", ""},
		{"a boolean parameter that memberlist chose", "quorum/gossip/a.go", "type t int\nfunc (t) LocalState(join bool) {}", ""},
		{"a long function", "monitor/a.go", strings.TrimPrefix(long, "package monitor\n"), "f has 62 lines"},
		{"a long file", "monitor/a.go", strings.Repeat("\n", 501), "the file has 50"},
		{"a vague file", "monitor/util.go", "", "says nothing"},
		{"a vague test", "monitor/helpers_test.go", "", "says nothing"},
		{"unfinished work", "monitor/a.go", "// TO" + "DO later", "unfinished work"},
		{"a test that sleeps", "quorum/ask/a_test.go", "import \"time\"\nfunc f() { time.Sleep(1) }", "a test that sleeps"},
		{"an end-to-end test that sleeps", "deploy/e2e/a_test.go", "import \"time\"\nfunc f() { time.Sleep(1) }", ""},
		{"no package comment", "monitor/doc.go", "", "monitor: no doc.go with a package comment"},
		{"a stray folder", "internal/a.go", "", "does not belong at the top level"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := planted(tt.path, tt.text)
			found, err := Check(tree)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(found, "\n")
			if tt.want == "" && got != "" {
				t.Errorf("found %s, want nothing", got)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

// planted is a tree that is in order but for one file.
func planted(path, text string) fstest.MapFS {
	tree := fstest.MapFS{}
	folder := path[:strings.LastIndexByte(path, '/')]
	name := folder[strings.LastIndexByte(folder, '/')+1:]
	tree[folder+"/doc.go"] = &fstest.MapFile{Data: []byte("// Package " + name + " is planted.\npackage " + name + "\n")}
	tree[path] = &fstest.MapFile{Data: []byte("package " + name + "\n" + text)}
	return tree
}
