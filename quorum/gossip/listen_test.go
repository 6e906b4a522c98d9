package gossip

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"picket/monitor"
)

// onSockets is the configuration of a monitor on loopback sockets.
func onSockets(n int) Config {
	s := &station{id: idOf(n)}
	return Config{
		ID: s.id, Boot: 1, Bind: "127.0.0.1", Sink: s, Watcher: s, State: s, Clock: bubbleClock(), Log: zap.NewNop(),
	}
}

func takenPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func TestAPreferredPortThatIsTakenGivesWay(t *testing.T) {
	cfg := onSockets(1)
	cfg.Port = takenPort(t)
	p, err := Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if a := p.Addr(); a.Host != "127.0.0.1" || a.Port == cfg.Port || a.Port == 0 {
		t.Errorf("it gossips at %s, want another port than %d", a, cfg.Port)
	}
}

func TestAFixedPortThatIsTakenIsAnErrorThatSaysWhatToChange(t *testing.T) {
	cfg := onSockets(1)
	cfg.Port, cfg.Choice = takenPort(t), PortFixed
	p, err := Start(cfg)
	if err == nil {
		p.Close()
		t.Fatal("it started")
	}
	for _, part := range []string{"127.0.0.1:" + strconv.Itoa(cfg.Port), "gossip-port", "address already in use"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error %q does not say %q", err, part)
		}
	}
}

func TestAKeyOfAnotherSizeIsAnErrorWithoutTheKey(t *testing.T) {
	cfg := onSockets(1)
	cfg.Key = []byte("not a good key")
	p, err := Start(cfg)
	if err == nil {
		p.Close()
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), "gossip-key") || strings.Contains(err.Error(), "good") {
		t.Errorf("the error is %q, want it to name the directive and not the key", err)
	}
}

func TestTwoPoolsOnSockets(t *testing.T) {
	one, two := onSockets(1), onSockets(2)
	one.Key, two.Key = sekret, sekret
	two.Advertise = "localhost"
	a, err := Start(one)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := Start(two)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	a.Reconcile([]monitor.Addr{b.Addr()})
	heard := one.Watcher.(*station)
	limit := time.After(10 * time.Second)
	for heard.alive() != "2@127.0.0.1" {
		select {
		case <-limit:
			t.Fatalf("monitor 1 holds %q to be alive, want monitor 2", heard.alive())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestPrivateIPv4AddressesAreAnnouncedFirst(t *testing.T) {
	best := []string{"10.1.2.3", "198.51.100.7", "fd00::1", "2001:db8::1", "127.0.0.1"}
	for i := range len(best) - 1 {
		if addressRank(netip.MustParseAddr(best[i])) <= addressRank(netip.MustParseAddr(best[i+1])) {
			t.Errorf("%s is not preferred to %s", best[i], best[i+1])
		}
	}
	if ip, err := netip.ParseAddr(ownAddress()); err != nil || ip.IsUnspecified() {
		t.Errorf("our own address is %q", ownAddress())
	}
}

// What is announced is where the way to the master leaves from, not whichever
// private address comes first.
func TestTheAddressTowardTheMasterIsAnnounced(t *testing.T) {
	if got := routedAddress("127.0.0.1"); got != "127.0.0.1" {
		t.Errorf("toward the loopback we speak from %q", got)
	}
	if got := routedAddress("db.example"); got != "" {
		t.Errorf("a name is looked up: %q", got)
	}
	any4 := netip.MustParseAddr("0.0.0.0")
	for _, toward := range []string{"", "127.0.0.1", "::1", elsewhere} {
		p := &Pool{cfg: Config{Toward: toward}}
		got, err := netip.ParseAddr(p.reachable(any4))
		if err != nil || got.IsUnspecified() {
			t.Errorf("toward %q: %s, %v", toward, got, err)
		}
		if way := routedAddress(elsewhere); way != "" && got.String() != way {
			t.Errorf("toward %q: announces %s, the way to others leaves from %s", toward, got, way)
		}
	}
}

func TestLinesOfMemberlistKeepTheirLevel(t *testing.T) {
	for line, want := range map[string]struct {
		level  zapcore.Level
		detail string
	}{
		"[DEBUG] memberlist: Stream connection":   {zapcore.DebugLevel, "Stream connection"},
		"[INFO] memberlist: Suspect 7 has failed": {zapcore.InfoLevel, "Suspect 7 has failed"},
		"[WARN] memberlist: Refuting":             {zapcore.WarnLevel, "Refuting"},
		"[ERR] memberlist: Failed [WARN] twice":   {zapcore.ErrorLevel, "Failed [WARN] twice"},
		"[ERROR] memberlist: Failed":              {zapcore.ErrorLevel, "Failed"},
		"a line without a level":                  {zapcore.InfoLevel, "a line without a level"},
		"[NEWLEVEL] memberlist: odd":              {zapcore.InfoLevel, "[NEWLEVEL] memberlist: odd"},
	} {
		core, logs := observer.New(zapcore.DebugLevel)
		libraryLogger(zap.New(core)).Print(line)
		all := logs.All()
		if len(all) != 1 || all[0].Message != "memberlist" || all[0].Level != want.level ||
			all[0].ContextMap()["detail"] != want.detail {
			t.Errorf("%q is logged as %+v, want %v %q", line, all, want.level, want.detail)
		}
	}
}
