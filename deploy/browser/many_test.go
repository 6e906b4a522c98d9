package browser

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"picket/deploy/estate"
	"picket/deploy/lab"
)

// groups is how many the issue asks for.
const groups = 400

// watch starts one monitor over an estate of fake servers and returns it with its page.
func watch(t *testing.T, ctx context.Context, e *estate.Estate) (*lab.Monitor, string) {
	t.Helper()
	l, err := lab.New(interrupted, lab.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	var lines []string
	for g := 1; g < e.Groups(); g++ {
		host, port := e.Master(g)
		lines = append(lines, fmt.Sprintf("sentinel monitor %s %s %d 1", estate.Name(g), host, port),
			fmt.Sprintf("sentinel down-after-milliseconds %s 5000", estate.Name(g)))
	}
	host, port := e.Master(0)
	m, err := l.NewMonitor(lab.MonitorConfig{Program: picket, Lines: lines,
		Watch: lab.Watch{Name: estate.Name(0), Master: host, Port: port, Quorum: 1, DownAfter: 5 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	url := withPage(t, m)
	if err := m.Start(ctx); err != nil {
		t.Fatal(err)
	}
	err = lab.Poll(ctx, "every group has its replica", func(ctx context.Context) bool {
		reply, err := m.Sentinel(ctx, "MASTERS")
		list, _ := reply.([]any)
		return err == nil && len(list) == e.Groups() && !slices.ContainsFunc(list, func(v any) bool { return lab.Pairs(v)["num-slaves"] != "1" })
	})
	if err != nil {
		t.Fatal(err)
	}
	return m, url
}

// window is how long the monitor's use of the processor is looked at with the page
// open, and as long without it.
const window = 8 * time.Second

func TestThePageWithHundredsOfGroups(t *testing.T) {
	b := newTab(t)
	e, err := estate.Start(groups)
	b.must(err)
	t.Cleanup(e.Close)
	m, url := watch(t, b.ctx, e)
	b.open(url)
	b.shows("how many there are", `document.querySelector('#nav-title').innerText === '400 groups, none in trouble'`)
	b.cost(m, url)

	if n := eval[int](b, `document.querySelectorAll('#list a').length`); n != 60 {
		t.Errorf("%d groups are rendered at once", n)
	}
	if n := eval[int](b, `document.querySelectorAll('*').length`); n > 1500 {
		t.Errorf("the page has %d elements", n)
	}
	eval[any](b, `document.querySelector('#more').click()`)
	b.shows("more of them", `document.querySelectorAll('#list a').length === 120`)
	b.must(e.Kill([]int{237}))
	b.shows("trouble first", `document.querySelector('#list a').innerText.startsWith(`+quote(estate.Name(237))+`) && !document.querySelector('#list a').innerText.endsWith('up')`)
	b.shows("how many are in trouble", `/400 groups, 1 in trouble/.test(document.querySelector('#nav-title').innerText)`)
	eval[any](b, `document.querySelector('#trouble').click()`)
	b.shows("that group alone", `document.querySelectorAll('#list a').length === 1`)
	eval[any](b, `document.querySelector('#trouble').click()`)
	eval[any](b, `document.querySelector('#search').focus()`)
	b.press(estate.Name(31))
	b.shows("the group that is searched for", `[...document.querySelectorAll('#list a b')].every(e => e.innerText.includes(`+quote(estate.Name(31))+`)) && document.querySelectorAll('#list a').length > 0`)
	if eval[bool](b, `document.activeElement.id !== 'search'`) {
		t.Error("the search field lost the focus while the list was drawn anew")
	}
	eval[any](b, `(() => { const s = document.querySelector('#search'); s.value = ''; s.dispatchEvent(new Event('input')); s.blur(); })()`)
	b.shows("all of them again", `document.querySelectorAll('#list a').length === 60`)
	b.album("many")
	if list := b.complaints(); len(list) > 0 {
		t.Errorf("the browser complains: %q", list)
	}
}

// cost measures what an open page makes the monitor do: windows with the page and
// without it in turn, so that what else the machine does weighs on both.
func (b *tab) cost(m *lab.Monitor, url string) {
	b.Helper()
	var more []float64
	for range 3 {
		open := b.used(m)
		b.navigate("about:blank")
		closed := b.used(m)
		more = append(more, open-closed)
		b.Logf("the monitor of %d groups uses %.2f %% of a core with the page open, %.2f %% without", groups, open, closed)
		b.open(url)
	}
	slices.Sort(more)
	b.Logf("an open page costs %.2f %% of a core (median; %.2f)", more[1], more)
	if more[1] >= 2 {
		b.Errorf("an open page costs the monitor %.2f %% of a core, 2 or more", more[1])
	}
}

// used is the share of a core that a process uses for the length of a window, in percent.
func (b *tab) used(m *lab.Monitor) float64 {
	b.Helper()
	began, before := time.Now(), m.CPU()
	select {
	case <-time.After(window):
	case <-b.ctx.Done():
		b.Fatal(b.ctx.Err())
	}
	return 100 * float64(m.CPU()-before) / float64(time.Since(began))
}
