package daemon

import (
	"strings"
	"testing"
)

func TestTooFewOpenFilesAreToldAtTheStart(t *testing.T) {
	if w := fileWarning(100, 1024); w != "" {
		t.Errorf("100 masters with 1024 files: %s", w)
	}
	if w := fileWarning(5000, 20000); !strings.Contains(w, "30200") || !strings.Contains(w, "20000") {
		t.Errorf("5000 masters with 20000 files: %q", w)
	}
}
