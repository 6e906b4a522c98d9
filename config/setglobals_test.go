package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSentinelConfigSet(t *testing.T) {
	tests := []struct {
		name  string
		words []string
		want  string // the refusal, "" for none
	}{
		{"nothing known", []string{"foo", "bar"}, "ERR Invalid argument 'foo' to SENTINEL CONFIG SET"},
		{"a port too high", []string{"announce-port", "70000"}, "ERR Invalid value '70000' to SENTINEL CONFIG SET 'announce-port'"},
		{"a port with a sign", []string{"announce-port", "+7"}, "ERR Invalid value '+7' to SENTINEL CONFIG SET 'announce-port'"},
		{"neither yes nor no", []string{"resolve-hostnames", "1"}, "ERR Invalid value '1' to SENTINEL CONFIG SET 'resolve-hostnames'"},
		{"twice", []string{"loglevel", "debug", "LogLevel", "notice"}, "ERR Duplicate argument 'LogLevel' to SENTINEL CONFIG SET"},
		{"no value", []string{"loglevel"}, "ERR Missing argument 'loglevel' value"},
		{"a second line", []string{"announce-ip", "x\nloglevel debug"}, "ERR Invalid argument at index 4 for SENTINEL CONFIG SET: control characters are not allowed"},
		{"none of several", []string{"announce-port", "7", "loglevel", "loud"}, "ERR Invalid value 'loud' to SENTINEL CONFIG SET 'loglevel'"},
		{"all of several", []string{"ANNOUNCE-IP", "1.2.3.4", "announce-port", "7", "resolve-hostnames", "YES", "sentinel-pass", "a b"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newConfig().Globals
			before, got := g, ""
			if err := g.Set(tt.words); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("refused with %q, want %q", got, tt.want)
			}
			if changed := g != before; changed != (tt.want == "") {
				t.Errorf("changed: %v, %+v", changed, g)
			}
		})
	}
}

func TestSentinelConfigGetTellsInSentinelsOrder(t *testing.T) {
	g := newConfig().Globals
	if err := g.Set([]string{"sentinel-pass", "secret", "announce-port", "7"}); err != nil {
		t.Fatal(err)
	}
	want := []Value{{"resolve-hostnames", "no"}, {"announce-hostnames", "no"}, {"announce-ip", ""}, {"announce-port", "7"},
		{"sentinel-user", ""}, {"sentinel-pass", "secret"}, {"loglevel", "notice"}}
	if diff := cmp.Diff(want, g.Values()); diff != "" {
		t.Error(diff)
	}
}
