package acl

import (
	"fmt"
	"strings"
	"testing"
)

// The loop that decides about failovers reads the lines: they are ready when it does.
func TestLinesAreRenderedWhereAUserIsChanged(t *testing.T) {
	users, err := NewUsers(table(), ForbidChannels).Set("u", strings.Fields(strings.Repeat("(+@all -ping) ", 500)))
	if err == nil {
		users, err = users.Set("u", []string{"on"})
	}
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() { users.Lines() }); n > 1 {
		t.Errorf("the lines take %v allocations", n)
	}
	if n := testing.AllocsPerRun(10, func() {
		for _, u := range users.All() {
			u.Words()
		}
	}); n > 1 {
		t.Errorf("the words take %v allocations", n)
	}
	u, _ := users.Get("u")
	if got := "user u " + strings.Join(u.Words(), " "); got != users.Lines()[1] || got != u.String() || got != "user u "+u.Rules() {
		t.Errorf("%s\n%s\n%s", got, users.Lines()[1], u)
	}
}

// Many small things are as bad as a few large ones.
func TestUsersAreBoundedInNumber(t *testing.T) {
	for what, rules := range map[string]func(i int) string{
		"selectors": func(int) string { return "()" },
		"patterns":  func(i int) string { return fmt.Sprint("~", i) },
		"channels":  func(i int) string { return fmt.Sprint("&", i) },
		"arguments": func(i int) string { return fmt.Sprint("+ping|", i) },
		"passwords": func(i int) string { return fmt.Sprint(">", i) },
		"of many":   func(i int) string { return fmt.Sprint("(~", i, " &a)") },
	} {
		users := NewUsers(table(), ForbidChannels)
		var list []string
		for i := range maxParts - 1 {
			list = append(list, rules(i))
		}
		var err error
		for half := range 2 {
			var next *Users
			if next, err = users.Set("u", list[half*maxParts/2:min((half+1)*maxParts/2, len(list))]); err == nil {
				users = next
			}
		}
		if err != tooManyParts {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := users.Set("u", []string{"reset"}); err != nil {
			t.Errorf("%s: less is refused: %v", what, err)
		}
	}
	if _, err := NewUsers(table(), ForbidChannels).Set("u", []string{"(" + strings.Repeat("+ping ", maxParts) + ")"}); err != tooManyParts {
		t.Errorf("a long command: %v", err)
	}
	users, err := NewUsers(table(), ForbidChannels), error(nil)
	for i := 0; err == nil && i <= maxParts; i++ {
		var next *Users
		if next, err = users.Set(fmt.Sprint(i), nil); err == nil {
			users = next
		}
	}
	if err != tooManyParts || len(users.All()) < maxParts/4 {
		t.Errorf("%d users: %v", len(users.All()), err)
	}
}

// What an operator has written is taken, however much it is; it may become less, not more.
func TestAFileIsNotBounded(t *testing.T) {
	big := "~" + strings.Repeat("x", maxBytes)
	users, err := NewUsers(table(), ForbidChannels).Define("u", []string{big})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := users.Set("u", []string{"&more"}); err != tooManyBytes {
		t.Errorf("more: %v", err)
	}
	if _, err := users.Set("u", []string{"resetkeys"}); err != nil {
		t.Errorf("less: %v", err)
	}
	if _, err := users.Load("f", "user u "+big); err != nil {
		t.Errorf("an ACL file: %v", err)
	}
}

// A net under the rules of quoting: what they might get wrong is refused.
func TestAUserWhoseLineIsNotReadBackIsRefused(t *testing.T) {
	for _, pattern := range []string{"a ~b", "*", "a (+@all)", "a ("} {
		users := NewUsers(table(), ForbidChannels)
		broken := newUser("u", table(), ForbidChannels)
		broken.selectors[0].keys = []keyPattern{{reads | writes, pattern}, {reads, "b"}}
		broken.selectors[0].channels = []string{pattern}
		if _, err := users.put(broken).Set("u", []string{"on"}); err != errUnreadable {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}
