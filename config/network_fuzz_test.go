package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"picket/failover"
	"picket/monitor"
	"picket/quorum"
)

// What instances and monitors say ends in the file: addresses, replication ids, run
// ids, epochs. Whatever they say, the core's state is read back as it was saved, and
// no value adds a line: a monitor that cannot start again is a monitor lost.
func FuzzNetwork(f *testing.F) {
	info := func(name string) string {
		text, err := os.ReadFile(filepath.Join("../monitor/testdata/info", name+"-7.0.15.txt"))
		if err != nil {
			f.Fatal(err)
		}
		return string(text)
	}
	hello := "10.0.0.9,26379," + idB + ",7,m,10.0.0.2,6379,6"
	f.Add(info("master"), info("replica"), info("promoted"), hello)
	f.Add("role:master\nrun_id:a\"b\x00\r\nslave0:10.0.0.2,6379,online\n", "role:slave\nmaster_host:10.0.0.1\nmaster_port:6379\nmaster_link_status:up\nmaster_replid:\x00\r#\n",
		"role:master\nmaster_replid2:\x00\r#\nmaster_replid:'\nrun_id:\"\n", hello)
	f.Add("role:master\nslave0:ip=-,port=1,state=online\nslave1:ip=%,port=65535\n", "role:slave\nmaster_replid:"+strings.Repeat("x", 9000)+"\n", "role:master\n",
		"a,1,"+idB+",18446744073709551615,m,-,1,9223372036854775807")
	f.Fuzz(func(t *testing.T, master, replica, promoted, hello string) {
		path := filepath.Join(t.TempDir(), "s.conf")
		if err := os.WriteFile(path, []byte("sentinel monitor m 10.0.0.1 6379 2\nsentinel myid "+idA+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		c := mustLoad(t, path)
		w := newWatched(c)
		w.heard(master, replica)
		w.met(hello)
		w.told(hello, promoted)
		st := c.State()
		st.CurrentEpoch, st.Groups[0].Saved = w.mon.CurrentEpoch(), w.group.Saved()
		mustSave(t, mustOpen(t, c), st)
		after, err := Load(path, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, readFile(t, path))
		}
		if diff := cmp.Diff(st, after.State(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s\n%s", diff, readFile(t, path))
		}
		if saved := readFile(t, path); strings.Count(saved, "\n") > 6+2*512+128+2*16+4 || len(saved) > 1<<20 {
			t.Fatalf("a file of %d lines and %d bytes", strings.Count(saved, "\n"), len(saved))
		}
	})
}

// watched is a core that hears what the fuzzer says.
type watched struct {
	mon   *failover.Monitor
	group *failover.Group
	now   monitor.Instant
	asked []quorum.Confirmation
}

func newWatched(c *Config) *watched {
	w := &watched{mon: failover.NewMonitor(failover.Identity{ID: c.MyID, Boot: 1, Seed: 1}), now: monitor.Instant(time.Second)}
	w.mon.Start(w.now, c.Groups[0].Settings, c.Groups[0].Saved)
	w.group = w.mon.Group("m")
	return w
}

func (w *watched) step(in failover.Input) {
	w.now = w.now.Add(time.Second)
	for _, e := range w.group.Step(w.now, in).Effects {
		if c, ok := e.Action.(failover.Confirm); ok {
			w.asked = append(w.asked, c.Confirmation)
		}
	}
}

// inform lets the instance at addr answer PING and INFO.
func (w *watched) inform(addr monitor.Addr, text string) {
	w.step(failover.Observed{Report: monitor.Report{Addr: addr, Link: 1, Kind: monitor.ReportReplied, At: w.now, Sent: w.now, Reply: monitor.ReplyPong}})
	w.step(failover.Informed{InfoReport: monitor.InfoReport{Addr: addr, At: w.now, Sent: w.now, Info: monitor.ParseInfo(text)}})
}

// heard lets the master and then its replicas answer.
func (w *watched) heard(master, replica string) {
	w.inform(w.group.Master(), master)
	for _, addr := range w.group.Saved().Replicas {
		w.inform(addr, replica)
	}
}

// met lets a monitor announce itself and confirm it.
func (w *watched) met(text string) {
	h, err := monitor.ParseHello(text)
	if err != nil {
		return
	}
	w.step(failover.Hinted{Hello: h})
	for _, c := range w.asked {
		w.step(failover.Answered{Answer: quorum.Answer{
			Effect: c.Effect, Peer: quorum.ID(h.ID), Addr: h.Peer, Group: "m", Sent: w.now, At: w.now, Kind: quorum.KindPicket,
			KnowsGroup: true, CurrentEpoch: h.CurrentEpoch, Leader: quorum.ID(h.ID), LeaderEpoch: h.CurrentEpoch,
		}})
	}
}

// told lets that monitor tell of a master, which then answers so.
func (w *watched) told(text, promoted string) {
	h, err := monitor.ParseHello(text)
	if err != nil {
		return
	}
	c := quorum.Configuration{Author: quorum.ID(h.ID), Group: "m", Epoch: h.ConfigEpoch, Leader: quorum.ID(h.ID), Master: h.Master}
	w.step(failover.ConfigHeard{Configuration: c})
	w.inform(h.Master, promoted)
	w.inform(h.Master, promoted)
}
