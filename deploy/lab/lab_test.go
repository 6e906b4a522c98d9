package lab

import (
	"context"
	"os"
	"testing"
	"time"
)

// A program that is interrupted closes its lab twice: once because its context
// ends, once on its way out. It must not be gone before the first is done.
func TestASecondCloseWaitsForTheFirst(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	l := newLab(t, ctx)
	closing, goOn := make(chan struct{}), make(chan struct{})
	l.onClose(func() { close(closing); <-goOn })
	interrupt()
	<-closing
	time.AfterFunc(20*time.Millisecond, func() { close(goOn) })
	l.Close()
	if _, err := os.Stat(l.Dir()); !os.IsNotExist(err) {
		t.Errorf("the lab's folder is there after Close: %v", err)
	}
}

// newLab makes a lab, where redis-server is installed; CI must not pass without it.
func newLab(t *testing.T, ctx context.Context) *Lab {
	t.Helper()
	l, err := New(ctx, Config{Parent: t.TempDir()})
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
	return l
}
