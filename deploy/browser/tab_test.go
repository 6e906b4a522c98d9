package browser

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"picket/deploy/lab"
)

// patience bounds a whole test, soon is how long something may take that ought to be
// there at once, on a machine that does other things as well.
const (
	patience = 4 * time.Minute
	soon     = 30 * time.Second
)

// tab is one page in a browser of its own.
type tab struct {
	*testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string // what the page and the browser complained of
	asked    []string // addresses that were asked for
}

func newTab(t *testing.T) *tab {
	t.Helper()
	path := needChromium(t)
	ctx, cancel := context.WithTimeout(interrupted, patience)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's sandbox does not work for root
	}
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	ctx, _ = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	tb := &tab{T: t, ctx: ctx}
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // it waits until the browser has ended
		stop()
		cancel()
	})
	tb.must(chromedp.Do(ctx, chromedp.Navigate("about:blank")))
	tb.must(chromedp.Listen(ctx, tb.note))
	return tb
}

// note keeps what the browser tells. It must not wait.
func (b *tab) note(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, ev.Request.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, ev.ExceptionDetails.Text+" "+ev.ExceptionDetails.Exception.Description)
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, "console."+string(ev.Type))
	case *log.EventEntryAdded:
		b.problems = append(b.problems, ev.Entry.Text+" "+ev.Entry.URL)
	}
}

func (b *tab) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// open loads the page and waits until it shows a group.
func (b *tab) open(url string) {
	b.Helper()
	b.navigate(url)
	b.shows("a group", `!!document.querySelector('#verdict')`)
}

func (b *tab) navigate(url string) {
	b.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.Navigate(url)))
}

// eval runs an expression in the page.
func eval[T any](b *tab, js string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](js))
	if err != nil {
		b.Fatalf("%s: %v", js, err)
	}
	return v
}

// shows waits until an expression holds in the page.
func (b *tab) shows(what, js string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	err := lab.Poll(ctx, "the page shows "+what, func(context.Context) bool {
		v, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](js))
		return err == nil && v
	})
	if err != nil {
		b.Fatalf("%v; it shows\n%s", err, eval[string](b, "document.body.innerText"))
	}
}

// text is what an element shows.
func (b *tab) text(selector string) string {
	b.Helper()
	return eval[string](b, `document.querySelector(`+quote(selector)+`).innerText`)
}

func quote(s string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(s) + "`"
}

// looks sets the width of the page and whether the reader likes it dark.
func (b *tab) looks(width int64, scheme string) {
	b.Helper()
	media := chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		return err
	})
	b.must(chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900), media))
	b.shows("the width", `innerWidth === `+itoa(int(width)))
	b.must(chromedp.Do(b.ctx, chromedp.Evaluate[chromedp.Void](`dispatchEvent(new Event('resize'))`)))
}

func (b *tab) press(keys string) {
	b.Helper()
	b.must(chromedp.Do(b.ctx, chromedp.KeyEvent(keys)))
}

const (
	tabKey   = kb.Tab
	enterKey = kb.Enter
)

// shot takes a picture of the whole page.
func (b *tab) shot(name string) {
	b.Helper()
	dir := *shots
	if dir == "" {
		dir = b.TempDir()
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	b.must(err)
	if len(picture) < 10<<10 {
		b.Errorf("the screenshot %s has only %d bytes: there is nothing on it", name, len(picture))
	}
	b.must(os.MkdirAll(dir, 0o755))
	b.must(os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644))
}

// complaints takes what the browser complained of since the last time.
func (b *tab) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := b.problems
	b.problems = nil
	return list
}

// strangers are the addresses asked for that are not below url.
func (b *tab) strangers(url string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []string
	for _, a := range b.asked {
		if !strings.HasPrefix(a, url) && !strings.HasPrefix(a, "data:") {
			list = append(list, a)
		}
	}
	return list
}
