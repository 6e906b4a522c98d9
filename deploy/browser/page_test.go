package browser

import (
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// watchState notes in the page when the verdict on the master first is of a state.
const watchState = `(() => {
  window.seen = {};
  const look = () => { const v = document.querySelector('#verdict'); if (v && !(v.dataset.state in seen)) seen[v.dataset.state] = Date.now(); };
  new MutationObserver(look).observe(document.querySelector('#content'), { subtree: true, childList: true, attributes: true });
  look();
})()`

// One page stays open while a group lives through everything that can happen to it.
func TestThePageShowsWhatHappens(t *testing.T) {
	b := newTab(t)
	s := newScene(t)
	b.open(s.url)
	b.healthy(s)
	b.blocked(s)
	b.failedOver(s)
	if list := b.complaints(); len(list) > 0 {
		t.Errorf("the browser complains: %q", list)
	}
	b.restarted(s)
	if list := b.strangers(s.url); len(list) > 0 {
		t.Errorf("the page asked elsewhere: %q", list)
	}
}

func (b *tab) healthy(s *scene) {
	b.Helper()
	b.shows("that all is well", `document.querySelector('#verdict').innerText.includes('2 replicas and 3 monitors, all well')`)
	b.shows("what would follow", `document.querySelector('#ahead').innerText.startsWith('A failover after')`)
	for _, want := range []string{s.Master.Addr(), s.Replicas[0].Addr(), s.Replicas[1].Addr(), s.Monitors[1].Addr(), s.Monitors[2].Addr(), "this monitor"} {
		if !strings.Contains(b.text("#picture"), want) {
			b.Errorf("the picture lacks %s: %s", want, b.text("#picture"))
		}
	}
	if got := eval[string](b, `[...document.querySelectorAll('#picture [data-from]')].map(e => e.dataset.from).join()`); got != s.Master.Addr()+","+s.Master.Addr() {
		b.Errorf("the replicas replicate from %s", got)
	}
	if n := eval[int](b, `document.querySelectorAll('#picture path.wire').length`); n != 5 {
		b.Errorf("%d lines join five cards with the master", n)
	}
	b.tabThrough()
	b.album("healthy")
}

func (b *tab) blocked(s *scene) {
	b.Helper()
	eval[any](b, watchState)
	done := s.Master.Run(s.ctx, lab.Writing(12*time.Second, "page", 100))
	busy := s.firstBusy(s.Master)
	b.shows("a script-blocked master", `document.querySelector('#verdict').dataset.state === 'script-blocked'`)
	took := time.UnixMilli(eval[int64](b, `seen['script-blocked']`)).Sub(busy)
	b.Logf("script-blocked is shown %v after the first BUSY", took.Round(time.Millisecond))
	if took > time.Second {
		b.Errorf("script-blocked was shown %v after the first BUSY, later than a second", took)
	}
	b.shows("why", `/an EVAL script runs/.test(document.querySelector('#verdict').innerText)`)
	b.shows("it to those who do not see", `document.querySelector('#said').textContent.includes('script-blocked')`)
	b.shows("who sees it", `[...document.querySelectorAll('#picture .monitors li')].filter(e => e.innerText.includes('script-blocked')).length === 3`)
	b.shows("the event", `document.querySelector('#events').innerText.includes('+script-blocked')`)
	b.album("script-blocked")
	if r := <-done; r.Err != nil {
		b.Errorf("the script ended with %v", r.Err)
	}
	b.shows("that it is over", `document.querySelector('#verdict').dataset.state === 'up'`)
	b.shows("the spell in the history", `document.querySelector('#past').innerText.includes('Script on `+s.Master.Addr()+`')`)
}

func (b *tab) failedOver(s *scene) {
	b.Helper()
	marks, old := s.Marks(), s.Master
	old.Kill()
	sw, err := s.WaitSwitch(s.ctx, old, marks)
	b.must(err)
	b.shows("the new master", `document.querySelector('#picture [data-master]').dataset.key === '`+sw.New.Addr()+`'`)
	b.shows("the failover in the history", `document.querySelector('#past').innerText.includes('Failover to `+sw.New.Addr()+`')`)
	b.shows("its end", `document.querySelector('#past').innerText.includes('complete')`)
	b.shows("the other replica behind the new master", `[...document.querySelectorAll('#picture [data-from="`+sw.New.Addr()+`"]')].some(e => e.dataset.wire === 'flow')`)

	// The record opens with the keyboard, and stays open while the page goes on.
	eval[any](b, `document.querySelector('details.record > summary').focus()`)
	b.press(enterKey)
	b.shows("the record", `document.querySelector('details.record').open`)
	record := b.text("details.record")
	for _, want := range []string{"this monitor holds it down", "enough monitors hold it down", "clients are sent to the new master", "nothing listens at its address",
		"Candidates, best first", s.Replicas[0].Addr(), s.Replicas[1].Addr(), "Outage", "Divergence", "What was known at"} {
		if !strings.Contains(record, want) {
			b.Errorf("the record lacks %q:\n%s", want, record)
		}
	}
	if n := eval[int](b, `document.querySelectorAll('details.record[open] .strip circle').length`); n < 3 {
		b.Errorf("its strip has %d points", n)
	}
	b.must(old.Start(s.ctx))
	b.shows("the old master as a replica", `[...document.querySelectorAll('#picture [data-from="`+sw.New.Addr()+`"]')].filter(e => e.dataset.wire === 'flow').length === 2`)
	b.shows("that all is well again", `document.querySelector('#verdict').innerText.includes('all well')`)
	if !eval[bool](b, `document.querySelector('details.record').open`) {
		b.Error("the record that was being read was closed")
	}
	b.album("failed-over")
}

func (b *tab) restarted(s *scene) {
	b.Helper()
	m := s.Monitors[0]
	m.Kill()
	b.shows("that the connection is lost", `/Connection lost, trying again/.test(document.querySelector('#notices').innerText) && /connection lost/.test(document.querySelector('#live').innerText)`)
	b.shows("the age of what it shows", `parseInt(/ (\d+) s old/.exec(document.querySelector('#live').innerText)[1]) >= 2`)
	b.album("connection-lost")
	b.must(m.Start(s.ctx))
	b.shows("that it is live again", `!document.querySelector('#lost') && /live/.test(document.querySelector('#live').innerText)`)
	_, err := m.Do(s.ctx, "SENTINEL", "SET", m.Group, "down-after-milliseconds", "7300")
	b.must(err)
	b.shows("what was changed since", `document.querySelector('.facts').innerText.includes('7.3 s')`)
	b.shows("the event of it", `document.querySelector('#events').innerText.includes('+set')`)
}
