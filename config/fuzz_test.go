package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// Whatever file is accepted is accepted again after a rewrite, and means the same.
func FuzzRewrite(f *testing.F) {
	real, err := os.ReadFile("testdata/redis-sentinel-7.0.15.conf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(strings.ReplaceAll(string(real), "dir ", "save "))
	f.Add("sentinel auth-pass m \"a b\"\r\nsentinel monitor m 10.0.0.1 6379 2\r\n# picket: voted m 0 x\r\n")
	f.Add("sentinel parallel-syncs m 2\nsentinel parallel-syncs m 3\nsentinel monitor m ::1 1 1\nsentinel known-sentinel m a 1\n")
	f.Add("sentinel monitor \"\" 10.0.0.1 0 1\nSENTINEL RENAME-COMMAND '' a b\nsentinel known-slave \"\" 10.0.0.1 0\n")
	f.Add("# picket: deposed m 1.1.1.1 1 \"\" 0 \"\" 0\n# picket: what\nloglevel NOTICE\nsentinel myid " + idA)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(strings.ToLower(text), "dir") { // the directory of the fuzzer's choice is not ours to make
			return
		}
		path := filepath.Join(t.TempDir(), "s.conf")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := Load(path, nil)
		if err != nil {
			return
		}
		mustSave(t, mustOpen(t, before), before.State())
		after, err := Load(path, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, readFile(t, path))
		}
		if diff := cmp.Diff(before, after, cmpopts.IgnoreUnexported(Config{}), cmpopts.IgnoreFields(Config{}, "Warnings"), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s\n%s", diff, readFile(t, path))
		}
	})
}
