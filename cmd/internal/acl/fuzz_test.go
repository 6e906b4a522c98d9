package acl

import (
	"strings"
	"testing"
)

// FuzzRules gives a user any rules, and reads its description back as a
// configuration file, an ACL file and a selector would.
func FuzzRules(f *testing.F) {
	for _, seed := range []string{"on >pw +@all -client|kill ~a &b (+ping ~x)", "( +ping ~\"a\\\"b\" )", "(~'a' (", "%RW~x %r", "+ping|x -@admin",
		"(~0\"a)\" )", "(\"~a)\" ~b)", "reset clearselectors () nopass #" + strings.Repeat("a", 64), "(~\"\\x41\")", "&\xff +subscribe"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := newUser("u", table(), ForbidChannels).With(strings.Split(text, " ")...)
		if err != nil {
			return
		}
		rules := u.Rules()
		if !writable(strings.ReplaceAll(rules, " ", "")) {
			t.Fatalf("%q could not be written into a file", rules)
		}
		again, err := newUser("u", table(), ForbidChannels).With(strings.Split(rules, " ")...)
		if err != nil || again.Rules() != rules {
			t.Fatalf("%q is read back as %v, %v", rules, again, err)
		}
		loaded, err := NewUsers(table(), ForbidChannels).Load("f", u.String())
		if err != nil || !strings.Contains(strings.Join(loaded.Lines(), "\n"), rules) {
			t.Fatalf("%q in an ACL file: %v", rules, err)
		}
		id, _ := u.table.Lookup("psubscribe")
		u.Check(id, []string{"psubscribe", text})
	})
}

// FuzzACLFile reads any text as an ACL file: it is refused, or what it makes is
// written and read back as the same.
func FuzzACLFile(f *testing.F) {
	f.Add("user a on >pw\nuser default off\n\nuser b (+ping\n")
	f.Add("user  on\nuser a\r\n user\tb on\n")
	f.Fuzz(func(t *testing.T, text string) {
		users, err := NewUsers(table(), ForbidChannels).Load("f", text)
		if err != nil {
			return
		}
		lines := strings.Join(users.Lines(), "\n")
		again, err := users.Load("f", lines)
		if err != nil || strings.Join(again.Lines(), "\n") != lines {
			t.Fatalf("%q: %v", lines, err)
		}
	})
}
