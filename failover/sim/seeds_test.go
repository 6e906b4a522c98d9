package sim

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSeedsOfBugs replays the seeds that found bugs.
func TestSeedsOfBugs(t *testing.T) {
	f, err := os.Open("testdata/seeds")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		text := lines.Text()
		if strings.HasPrefix(text, "#") {
			continue
		}
		words := strings.Fields(text)
		seed, err := strconv.ParseUint(words[0], 10, 64)
		if err != nil {
			t.Fatalf("read %q: %v", text, err)
		}
		length, err := time.ParseDuration(words[1])
		if err != nil {
			t.Fatalf("read %q: %v", text, err)
		}
		if underRace {
			length = min(length, 5*time.Minute)
		}
		t.Run(words[0], func(t *testing.T) {
			t.Parallel()
			if r := Run(Config{Seed: seed, Length: length}); r.Violation != "" {
				t.Fatalf("%s\nat %s: %s", text, r.At, r.Violation)
			}
		})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}
