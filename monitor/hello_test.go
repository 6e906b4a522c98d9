package monitor_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"picket/monitor"
)

const monitorID = "0123456789abcdef0123456789ABCDEF01234567"

// plainHello is what redis-sentinel 7.0.15 publishes, with our id in it.
const plainHello = "127.0.0.1,26379," + monitorID + ",7,mymaster,10.0.0.1,6379,5"

func TestParseHello(t *testing.T) {
	got, err := monitor.ParseHello(plainHello)
	if err != nil {
		t.Fatal(err)
	}
	want := monitor.Hello{Peer: monitor.Addr{Host: "127.0.0.1", Port: 26379}, ID: monitorID, CurrentEpoch: 7,
		Group: "mymaster", Master: monitor.Addr{Host: "10.0.0.1", Port: 6379}, ConfigEpoch: 5}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.String() != plainHello {
		t.Errorf("String() = %q, want %q", got.String(), plainHello)
	}
}

func TestParseHelloTakesAddressesOfAnyKind(t *testing.T) {
	for _, host := range []string{"::1", "fe80::1%eth0", "redis-1.example.org"} {
		h, err := monitor.ParseHello(host + ",1," + monitorID + ",0,g," + host + ",65535,18446744073709551615")
		if err != nil || h.Peer.Host != host || h.Master.Host != host || h.ConfigEpoch != 1<<64-1 {
			t.Errorf("%s: %+v, %v", host, h, err)
		}
	}
}

func TestParseHelloRefuses(t *testing.T) {
	field := func(i int, v string) string {
		f := strings.Split(plainHello, ",")
		f[i] = v
		return strings.Join(f, ",")
	}
	for _, tc := range []struct{ name, hello, says string }{
		{"nothing", "", "8 comma-separated fields, this has 1"},
		{"seven fields", strings.TrimSuffix(plainHello, ",5"), "8 comma-separated fields, this has 7"},
		{"nine fields", plainHello + ",", "8 comma-separated fields, this has 9"},
		{"no host", field(0, ""), `address "" is empty`},
		{"no master", field(5, ""), `address "" is empty`},
		{"port 0", field(1, "0"), `port "0"`},
		{"port 65536", field(6, "65536"), `port "65536"`},
		{"negative port", field(6, "-1"), `port "-1"`},
		{"a port that overflows", field(1, "99999999999999999999"), `port "99999999999999999999"`},
		{"a word as port", field(1, "redis"), `port "redis"`},
		{"short id", field(2, monitorID[1:]), "40 hexadecimal"},
		{"long id", field(2, monitorID+"0"), "40 hexadecimal"},
		{"an id that is not hexadecimal", field(2, "g"+monitorID[1:]), "40 hexadecimal"},
		{"current epoch above 64 bits", field(3, "18446744073709551616"), `current epoch "18446744073709551616"`},
		{"negative config epoch", field(7, "-1"), `config epoch "-1"`},
		{"no epoch", field(3, ""), `current epoch ""`},
		{"a fraction", field(7, "1.5"), `config epoch "1.5"`},
		{"a line break", field(7, "5\n"), `config epoch "5\n"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := monitor.ParseHello(tc.hello)
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("error %v, want one that says %s", err, tc.says)
			}
		})
	}
}

// An error stays short, however long the hello.
func TestParseHelloErrorIsBounded(t *testing.T) {
	_, err := monitor.ParseHello(strings.Replace(plainHello, monitorID, strings.Repeat("z", 1<<16), 1))
	if err == nil || len(err.Error()) > 200 {
		t.Errorf("error of %d bytes: %.80v", len(err.Error()), err)
	}
}

func TestHelloRoundTrip(t *testing.T) {
	addr := rapid.Custom(func(t *rapid.T) monitor.Addr {
		return monitor.Addr{Host: rapid.StringMatching(`[a-zA-Z0-9.:%-]{1,30}`).Draw(t, "host"), Port: rapid.IntRange(1, 65535).Draw(t, "port")}
	})
	rapid.Check(t, func(t *rapid.T) {
		want := monitor.Hello{Peer: addr.Draw(t, "peer"), Master: addr.Draw(t, "master"),
			ID:    rapid.StringMatching(`[0-9a-fA-F]{40}`).Draw(t, "id"),
			Group: rapid.StringMatching(`[a-zA-Z0-9 ._-]{1,20}`).Draw(t, "group"), CurrentEpoch: rapid.Uint64().Draw(t, "current"),
			ConfigEpoch: rapid.Uint64().Draw(t, "config")}
		got, err := monitor.ParseHello(want.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Whatever is taken is well-formed, and reads the same once it was written again.
func FuzzParseHello(f *testing.F) {
	for _, s := range []string{plainHello, "", ",,,,,,,", strings.Repeat(",", 100), plainHello + ",", "::1,1," + monitorID + ",0,g,::1,1,0",
		"h,+5," + monitorID + ",0,g,h,0005,00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := monitor.ParseHello(s)
		if err != nil {
			return
		}
		if !monitor.ValidID(h.ID) || h.Peer.Port < 1 || h.Peer.Port > 65535 || h.Master.Port < 1 || h.Master.Port > 65535 {
			t.Fatalf("took %q as %+v", s, h)
		}
		if !monitor.ValidHost(h.Peer.Host) || !monitor.ValidHost(h.Master.Host) || h.Group == "" || strings.ContainsAny(h.String(), "\r\n\x00\t\x7f") {
			t.Fatalf("took %q as %+v", s, h)
		}
		if f := strings.Split(s, ","); strings.TrimLeft(f[3], "0") == f[3] && strings.TrimLeft(f[7], "0") == f[7] && h.String() != s {
			t.Fatalf("%q is written as %q", s, h.String())
		}
		again, err := monitor.ParseHello(h.String())
		if err != nil || again != h {
			t.Fatalf("%+v reads %+v, %v once written", h, again, err)
		}
	})
}
