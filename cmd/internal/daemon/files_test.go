package daemon

import (
	"strings"
	"testing"
)

func TestTooFewOpenFilesAreToldAtTheStart(t *testing.T) {
	if w := fileWarning(100, 1024); w != "" {
		t.Errorf("100 masters with 1024 files: %s", w)
	}
	if w := fileWarning(5000, 20000); w != "" {
		t.Errorf("5000 masters with 20000 files: %s", w)
	}
	if w := fileWarning(10000, 20000); !strings.Contains(w, "31200") || !strings.Contains(w, "20000") {
		t.Errorf("10000 masters with 20000 files: %q", w)
	}
}

func TestWhereFilesAreShortLinksAreKeptWhileThereIsRoom(t *testing.T) {
	for _, c := range []struct{ groups, limit, kept int }{
		{1, 1024, 0}, {3000, 20000, 0}, {4000, 20000, 6800}, {5000, 20000, 3800}, {5000, 16200, 1}, {5000, 1024, 1}, {200, 1024, 1},
	} {
		if got := keptLinks(c.groups, uint64(c.limit)); got != c.kept {
			t.Errorf("%d masters with %d files: %d links are kept, want %d", c.groups, c.limit, got, c.kept)
		}
	}
}
