package browser

import (
	"context"
	"slices"
	"testing"

	"picket/deploy/lab"
)

// faint lists the texts whose contrast with what is behind them is below WCAG's AA.
const faint = `(() => {
  const part = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const read = s => { const n = s.match(/[\d.]+/g).map(Number); return { rgb: n.slice(0, 3), a: n.length > 3 ? n[3] : 1 }; };
  const light = rgb => 0.2126 * part(rgb[0]) + 0.7152 * part(rgb[1]) + 0.0722 * part(rgb[2]);
  const behind = e => { for (; e; e = e.parentElement) { const c = read(getComputedStyle(e).backgroundColor); if (c.a === 1) return c.rgb; } return [255, 255, 255]; };
  const found = new Set(), walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || ['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(e.tagName) || !e.checkVisibility()) continue;
    seen++;
    const style = getComputedStyle(e), ink = read(e.tagName === 'text' ? style.fill : style.color).rgb;
    const [a, b] = [light(ink), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.add(ratio.toFixed(2) + ' ' + e.tagName + '.' + e.className + ': ' + walk.currentNode.data.slice(0, 40));
  }
  return seen < 20 ? ['only ' + seen + ' texts were found'] : [...found];
})()`

// wide is by how much the page is wider than the window, and the widest thing in it.
const wide = `(() => {
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over <= 0) return '';
  const all = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 0.5);
  return over + ' px: ' + all.slice(0, 5).map(e => e.tagName + '.' + e.getAttribute('class')).join(', ');
})()`

// wordless lists what shows a state by an icon and says nothing beside it.
const wordless = `[...document.querySelectorAll('.state, .list a, .verdict, summary')].filter(e => e.checkVisibility() && !e.innerText.trim()).map(e => e.outerHTML.slice(0, 80))`

// album takes the state's pictures and holds each to what every reader needs.
func (b *tab) album(state string) {
	b.Helper()
	for _, look := range []struct {
		name   string
		width  int64
		scheme string
	}{
		{"desktop", 1280, "light"}, {"desktop-dark", 1280, "dark"}, {"phone", 360, "light"}, {"phone-dark", 360, "dark"},
	} {
		b.looks(look.width, look.scheme)
		if list := eval[[]string](b, faint); len(list) > 0 {
			b.Errorf("%s, %s: texts that are hard to read: %q", state, look.name, list)
		}
		if over := eval[string](b, wide); over != "" {
			b.Errorf("%s, %s: scrolls sideways by %s", state, look.name, over)
		}
		b.shows("labels apart from each other", crowded+`.length === 0`)
		if list := eval[[]string](b, wordless); len(list) > 0 {
			b.Errorf("%s, %s: no words: %q", state, look.name, list)
		}
		b.shot(state + "-" + look.name)
	}
	b.looks(1280, "light")
}

// crowded lists labels of a record's strip that lie on each other.
const crowded = `(() => {
  const all = [...document.querySelectorAll('.strip text')].filter(e => e.checkVisibility()).map(e => [e.textContent, e.getBoundingClientRect()]);
  return all.flatMap(([t, a], n) => all.slice(n + 1).filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom - 2 && b.top < a.bottom - 2).map(([u]) => t + ' / ' + u));
})()`

// interactive numbers what can be used, in the order in which it stands.
const interactive = `(() => {
  const all = [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')].filter(e => e.checkVisibility());
  all.forEach((e, n) => e.dataset.place = n);
  document.activeElement.blur();
  getSelection().collapse(document.body, 0);
  return all.length;
})()`

// reached says which of them has the focus, with "!" when that cannot be seen.
const reached = `(() => {
  const e = document.activeElement;
  if (!e || e === document.body) return '';
  const s = getComputedStyle(e);
  return e.dataset.place + (s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 2 ? '!' : '');
})()`

// tabThrough presses Tab until everything interactive was reached.
func (b *tab) tabThrough() {
	b.Helper()
	n := eval[int](b, interactive)
	var order []string
	for range n + 3 {
		b.press(tabKey)
		at := eval[string](b, reached)
		if at == "" || slices.Contains(order, at) {
			break
		}
		order = append(order, at)
	}
	var want []string
	for i := range n {
		want = append(want, itoa(i))
	}
	if !slices.Equal(order, want) {
		b.Errorf("Tab reaches %v, not %d things in their order, each with a visible outline", order, n)
	}
}

func TestThePageIsUsedWithTheKeyboardAloneAndShowsHostileNamesAsText(t *testing.T) {
	b := newTab(t)
	s := newScene(t)
	const name = `<img/src=x/onerror=document.title='owned'><script>document.title='owned'</script>&"`
	for _, m := range s.Monitors {
		_, err := m.Do(s.ctx, "SENTINEL", "MONITOR", name, s.Master.Host, itoa(s.Master.Port), "2")
		s.must(err)
	}
	b.open(s.url)
	b.shows("both groups", `document.querySelectorAll('#list a').length === 2`)
	b.shows("the first group's explanation", `document.querySelector('#ahead').innerText.includes('would be promoted')`)
	b.tabThrough()

	// The hostile group is chosen with the keyboard.
	at := eval[int](b, `(() => { const all = [...document.querySelectorAll('#list a')]; const n = all.findIndex(a => a.textContent.includes('<img')); all[n].focus(); return n; })()`)
	if at < 0 {
		t.Fatalf("no hostile group in %s", b.text("#list"))
	}
	b.press(enterKey)
	b.shows("the hostile group", `document.querySelector('#verdict h2').textContent.startsWith(`+quote(name)+`)`)
	b.shows("its events", `document.querySelector('#events').textContent.includes(`+quote(name)+`)`)
	b.shows("its explanation", `document.querySelector('#ahead').innerText.includes('would be promoted')`)
	if n := eval[int](b, `document.querySelectorAll('img, main script, nav script').length`); n != 0 || eval[bool](b, `document.title === 'owned'`) {
		t.Errorf("the name became %d elements, the title is %q", n, eval[string](b, `document.title`))
	}
	b.press(tabKey)
	if eval[bool](b, `!document.activeElement.closest('main')`) {
		t.Error("after a group was chosen, Tab does not go on in it")
	}
	b.looks(360, "light")
	if over := eval[string](b, wide); over != "" {
		t.Errorf("with a long name the page scrolls sideways by %s", over)
	}
	b.shot("hostile-phone")
	// A name that is not watched does not break the page, and the way back to the list is shown.
	b.must(lab.Poll(b.ctx, "the list", func(context.Context) bool {
		return eval[bool](b, `(document.querySelector('.back').click(), document.querySelector('#list').checkVisibility())`)
	}))
	if list := b.complaints(); len(list) > 0 {
		t.Errorf("the browser complains: %q", list)
	}
	if list := b.strangers(s.url); len(list) > 0 {
		t.Errorf("the page asked elsewhere: %q", list)
	}
}
