package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAQuotaHoldsItsProcessesAndEndsWithTheLab(t *testing.T) {
	l := newLab(t, t.Context())
	defer l.Close()
	q, err := l.NewQuota()
	if errors.Is(err, ErrNoQuota) {
		t.Skip(err)
	}
	burner, err := l.StartBurner()
	if err == nil {
		err = errors.Join(q.Add(burner), q.Limit(10*time.Millisecond, 100*time.Millisecond))
	}
	if err != nil {
		t.Fatal(err)
	}
	before, began := burner.CPU(), time.Now()
	if err := Poll(t.Context(), "it ran for 60 ms", func(context.Context) bool {
		return burner.CPU()-before >= 60*time.Millisecond
	}); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 300*time.Millisecond {
		t.Errorf("it ran for 60 ms within %v, a tenth was allowed", took)
	}
	l.Close()
	if _, err := os.Stat(q.dir); !os.IsNotExist(err) {
		t.Errorf("the group is there after Close: %v", err)
	}
}

func TestQuotasOfProgramsThatAreGoneAreSwept(t *testing.T) {
	parent := t.TempDir()
	gone, ours := filepath.Join(parent, quotaPrefix+"999999999-1"), filepath.Join(parent, quotaPrefix+"1-1")
	for _, dir := range []string{gone, ours} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	sweep(parent)
	if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Errorf("the group of a program that is gone: %v", err)
	}
	if _, err := os.Stat(ours); err != nil {
		t.Errorf("the group of a program that lives: %v", err)
	}
}
