package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whoever may use SENTINEL SET must not be able to fill the monitor's memory and disk.
func TestSetRefusesWhatIsTooLong(t *testing.T) {
	most, over := strings.Repeat("x", 4096), strings.Repeat("y", 4097)
	shown := strings.Repeat("y", 64) + "..."
	for _, tc := range []struct {
		name  string
		words []string
		want  string // the refusal, "" for none
	}{
		{"the longest password", []string{"auth-pass", most}, ""},
		{"a longer one", []string{"auth-pass", over}, "ERR Invalid argument '" + shown + "' for SENTINEL SET 'auth-pass'"},
		{"a user", []string{"auth-user", over}, "ERR Invalid argument '" + shown + "' for SENTINEL SET 'auth-user'"},
		{"a command", []string{"rename-command", over, "x"}, "ERR Invalid argument '" + shown + "' for SENTINEL SET 'rename-command'"},
		{"its new name", []string{"rename-command", "x", over}, "ERR Invalid argument '" + shown + "' for SENTINEL SET 'rename-command'"},
		{"a number", []string{"quorum", over}, "ERR Invalid argument '" + shown + "' for SENTINEL SET 'quorum'"},
		{"a script", []string{"notification-script", "/" + over}, "ERR Notification script seems non existing or non executable"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g, got := group(), ""
			if _, err := g.Set(SetRequest{Words: tc.words}); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("refused with %.200q, want %q", got, tc.want)
			}
			if changed := !cmp.Equal(group(), g); changed != (tc.want == "") {
				t.Errorf("changed: %v", changed)
			}
		})
	}
}

// A path that is long but leads somewhere is refused too.
func TestSetRefusesALongPathOfAScript(t *testing.T) {
	g := group()
	path := strings.Repeat("/.", 2500) + "/bin/true"
	if _, err := g.Set(SetRequest{Words: []string{"notification-script", path}}); err == nil {
		t.Errorf("a path of %d bytes is taken", len(path))
	}
}

// redis-sentinel takes names of commands that no Redis has, and so do we: but not any number.
func TestSetRenamesSoManyCommandsAndNoMore(t *testing.T) {
	g := group()
	rename := func(command, to string) error {
		_, err := g.Set(SetRequest{Words: []string{"rename-command", command, to}})
		return err
	}
	for i := range 200 {
		if err := rename(fmt.Sprint("c", i), "x"); err != nil {
			t.Fatalf("command %d: %v", i, err)
		}
	}
	if err := rename("more", "x"); err == nil || err.Error() != "ERR Invalid argument 'more' for SENTINEL SET 'rename-command'" {
		t.Errorf("one more: %v", err)
	}
	if err := rename("c1", "y"); err != nil {
		t.Errorf("another name for one of them: %v", err)
	}
	if err := rename("c1", "c1"); err != nil {
		t.Errorf("one taken back: %v", err)
	}
	if err := rename("more", "x"); err != nil {
		t.Errorf("another in its place: %v", err)
	}
}

func TestSentinelConfigSetRefusesWhatIsTooLong(t *testing.T) {
	for _, tc := range []struct {
		option string
		most   int
	}{{"announce-ip", 255}, {"sentinel-user", 4096}, {"sentinel-pass", 4096}} {
		t.Run(tc.option, func(t *testing.T) {
			g := newConfig().Globals
			if err := g.Set([]string{tc.option, strings.Repeat("x", tc.most)}); err != nil {
				t.Error(err)
			}
			err := g.Set([]string{tc.option, strings.Repeat("y", 5000)})
			if want := "ERR Invalid value '" + strings.Repeat("y", 64) + "...' to SENTINEL CONFIG SET '" + tc.option + "'"; err == nil || err.Error() != want {
				t.Errorf("refused with %v, want %s", err, want)
			}
			if err := g.Set([]string{tc.option, strings.Repeat("z", tc.most+1)}); err == nil {
				t.Error("one byte more is taken")
			}
		})
	}
}
