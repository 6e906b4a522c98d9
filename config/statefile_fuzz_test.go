package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"picket/failover"
	"picket/monitor"
)

// aState is one with something in every field, as seeds need it.
func aState() State {
	st := newConfig().State()
	st.MyID, st.Boot, st.CurrentEpoch = idA, 4, 9
	g := NewGroup("m", monitor.Addr{Host: "10.0.0.2", Port: 6379}, 2)
	g.AuthPass = "p w"
	g.Saved = failover.Saved{
		Name: "m", Master: g.Saved.Master, ConfigEpoch: 8, ConfigLeader: idB, LeaderEpoch: 9, Leader: idA, CurrentEpoch: 9,
		Replicas: []monitor.Addr{{Host: "10.0.0.1", Port: 6379}}, Peers: []failover.SavedPeer{{ID: idB, Addr: monitor.Addr{Host: "10.0.0.9", Port: 26379}}},
		Lineage: []failover.Branch{{ReplID: "r1"}, {ReplID: "r2", From: 77}}, Deposed: &failover.Deposed{Addr: monitor.Addr{Host: "10.0.0.3", Port: 6379}, Epoch: 8, ReplID: "r1", SecondOffset: 78},
	}
	st.Groups = []Group{g}
	return st
}

// resumed starts with a state file over an operator's file that says nothing.
func resumed(t *testing.T, path string, text []byte) (*Config, error) {
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return Load("", []string{"--state-dir", filepath.Dir(path)})
}

// A state file is read whole or not at all: one that is accepted is written again the
// same, and of one that was damaged no part is taken, least of all without a word: a
// vote that is lost is given twice.
func FuzzStateFile(f *testing.F) {
	whole := string(freshStateText(aState(), origin{}))
	body := whole[len(stateHeader):strings.LastIndex(whole, sumPrefix)]
	for at := range 8 {
		f.Add(body, uint8(at), at*len(body)/8, "")
	}
	f.Add(body, uint8(2), 300, "sentinel leader-epoch m 3\n")
	f.Add("sentinel leader-epoch m 5\nsentinel monitor m a 1 1\n# picket: voted m 5 \""+strings.Repeat("\\x00", 9)+"\"\n", uint8(1), 9, "\n")
	f.Add("# picket: removed m a 1 1\n# picket: over m down-after-milliseconds x\n# picket: sum x\n# picket: file q a 1\nport 1\nstate-dir /\n", uint8(3), 40, "")
	f.Fuzz(func(t *testing.T, body string, how uint8, at int, piece string) {
		path := filepath.Join(t.TempDir(), "state.conf")
		sealed := sealedText(body)
		c, err := resumed(t, path, sealed)
		if err != nil {
			if !strings.Contains(err.Error(), "read saved state "+path) {
				t.Fatalf("the error does not say where: %v", err)
			}
			return
		}
		again := freshStateText(c.State(), c.origin)
		c2, err := resumed(t, path, again)
		if err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
		if diff := cmp.Diff(c.State(), c2.State(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("written again it reads\n%s\n%s", diff, again)
		}
		mustNoticeDamage(t, path, again, damaged(again, how, at, piece))
	})
}

// sealedText closes a body with its checksum.
func sealedText(body string) []byte {
	return []byte(stateHeader + body + sumPrefix + sumOf([]byte(stateHeader+body)) + "\n")
}

// damaged is what a disk, or a hand, may make of a file.
func damaged(text []byte, how uint8, at int, piece string) []byte {
	at = int(uint(at) % uint(len(text)))
	head, tail := string(text[:at]), string(text[at:])
	switch how % 6 {
	case 0: // cut off
		return []byte(head)
	case 1: // a bit turned
		return []byte(head + string([]byte{tail[0] ^ 1<<(how/6%8)}) + tail[1:])
	case 2: // something put in
		return []byte(head + piece + tail)
	case 3: // its beginning lost
		return []byte(tail)
	case 4: // a page of zeros
		return []byte(head + strings.Repeat("\x00", len(tail)))
	}
	return []byte(tail + head)
}

func mustNoticeDamage(t *testing.T, path string, whole, text []byte) {
	t.Helper()
	c, err := resumed(t, path, text)
	if err != nil {
		if !strings.Contains(err.Error(), "read saved state "+path+": it is") {
			t.Fatalf("the error does not say where: %v", err)
		}
		return
	}
	if !bytes.Equal(bytes.TrimSpace(whole), bytes.TrimSpace(text)) { // only the blanks at its end are free
		t.Fatalf("taken as %+v though damaged:\n%q", c.State(), text)
	}
}
