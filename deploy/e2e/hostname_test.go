package e2e

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// named turns the group's watch into one of a master by its name.
func named(host string, port int, lines ...string) lab.MonitorConfig {
	return lab.MonitorConfig{Watch: lab.Watch{Master: host, Port: port}, Lines: append([]string{"sentinel resolve-hostnames yes"}, lines...)}
}

// ownName is this machine's host name where it leads to the loopback, else localhost.
func ownName() string {
	name, err := os.Hostname()
	if err == nil {
		if found, err := net.LookupHost(name); err == nil && len(found) > 0 && net.ParseIP(found[0]).IsLoopback() {
			return name
		}
	}
	return "localhost"
}

// watched starts three monitors of the group's servers as cfg says.
func (s *scene) watched(cfg lab.MonitorConfig) {
	s.Helper()
	for range 3 {
		m, err := s.lab.StartMonitor(s.ctx, withProgram(cfg))
		s.must(err)
		s.Monitors = append(s.Monitors, m)
	}
	s.must(s.WaitKnown(s.ctx))
}

func withProgram(cfg lab.MonitorConfig) lab.MonitorConfig {
	if cfg.Program == nil {
		cfg.Program = program
	}
	return cfg
}

// follow shows that every other running server follows r, and none itself.
func (s *scene) follow(r *lab.Redis) {
	s.Helper()
	for _, other := range s.Servers() {
		if other == r || !other.Running() {
			continue
		}
		s.must(other.WaitInfo(s.ctx, "follows the new master", func(info map[string]string) bool {
			if info["role"] == "slave" && info["master_port"] == itoa(other.Port) {
				s.Errorf("%s was told to follow itself", other.Addr())
			}
			return info["role"] == "slave" && info["master_port"] == itoa(r.Port) && info["master_link_status"] == "up"
		}))
	}
}

// promoted waits until all monitors have switched and returns the server that is master now.
func (s *scene) promoted(marks []int) (*lab.Redis, []lab.Event) {
	s.Helper()
	events := s.wait(marks, lab.On("+switch-master"))
	f := strings.Fields(events[0].Payload)
	for _, r := range s.Servers() {
		if itoa(r.Port) == f[len(f)-1] {
			return r, events
		}
	}
	s.Fatalf("switched to %q, which is no server of the group", events[0].Payload)
	return nil, nil
}

func TestAMasterByItsHostNameIsGivenToClientsByItsAddress(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 2})
	s.watched(named(ownName(), s.Master.Port))
	for _, m := range s.Monitors {
		all, err := m.Master(s.ctx)
		s.must(err)
		if addr, err := m.MasterAddr(s.ctx); err != nil || addr != s.Master.Addr() || all["ip"] != s.Master.Host || all["num-slaves"] != "2" {
			t.Errorf("%s answers %s, %v; ip %s, %s replicas", m.Name(), addr, err, all["ip"], all["num-slaves"])
		}
	}
	marks := s.Marks()
	s.Master.Kill()
	winner, events := s.promoted(marks)
	want := "mymaster 127.0.0.1 " + itoa(s.Master.Port) + " 127.0.0.1 " + itoa(winner.Port)
	for _, e := range events {
		if e.Payload != want {
			t.Errorf("+switch-master %s, want %s", e.Payload, want)
		}
	}
	s.agreed(winner)
	s.must(s.Master.Start(s.ctx))
	s.follow(winner)
}

func TestAnnouncedHostNamesAreWhatClientsAndReplicasAreTold(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 2, Redis: lab.RedisConfig{Lines: []string{"replica-announce-ip localhost"}}})
	s.watched(named("localhost", s.Master.Port, "sentinel announce-hostnames yes"))
	marks := s.Marks()
	s.Master.Kill()
	winner, events := s.promoted(marks)
	for i, e := range events {
		if want := "mymaster localhost " + itoa(s.Master.Port) + " localhost " + itoa(winner.Port); e.Payload != want {
			t.Errorf("+switch-master %s, want %s", e.Payload, want)
		}
		if addr, err := s.Monitors[i].MasterAddr(s.ctx); err != nil || addr != "localhost:"+itoa(winner.Port) {
			t.Errorf("%s answers %s, %v", s.Monitors[i].Name(), addr, err)
		}
	}
	s.must(s.Master.Start(s.ctx))
	s.follow(winner)
	if host := s.info(s.Master, "master_host"); host != "localhost" {
		t.Errorf("the old master was told to follow %s", host)
	}
}

// The replicas are in the file by one name and announce another.
func TestAnInstanceUnderTwoNamesIsOneAndNeverFollowsItself(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 2, Redis: lab.RedisConfig{Lines: []string{"replica-announce-ip localhost"}}})
	var lines []string
	for n, r := range s.Replicas {
		lines = append(lines, "sentinel known-replica mymaster "+[]string{"127.0.0.1", ownName()}[n]+" "+itoa(r.Port))
	}
	s.watched(named("localhost", s.Master.Port, lines...))
	for round := range 2 {
		for _, m := range s.Monitors {
			all, err := m.Master(s.ctx)
			s.must(err)
			if all["num-slaves"] != "2" {
				t.Errorf("round %d: %s knows %s replicas, want 2", round, m.Name(), all["num-slaves"])
			}
		}
		old := s.current()
		marks := s.Marks()
		old.Kill()
		winner, _ := s.promoted(marks)
		s.must(old.Start(s.ctx))
		s.follow(winner)
	}
}

func TestHostNamesAreShownAsByRedisSentinel(t *testing.T) {
	t.Parallel()
	for _, announce := range []string{"no", "yes"} {
		t.Run("announce-hostnames "+announce, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.servers(lab.GroupConfig{Replicas: 1})
			shown := map[string]string{}
			for _, p := range []lab.Program{picket, sentinel} {
				cfg := named("localhost", s.Master.Port, "sentinel announce-hostnames "+announce)
				cfg.Program = p
				m, err := s.lab.StartMonitor(s.ctx, cfg)
				s.must(err)
				s.Monitors = append(s.Monitors, m)
			}
			s.must(s.WaitKnown(s.ctx))
			for _, m := range s.Monitors {
				all, err := m.Master(s.ctx)
				s.must(err)
				addr, err := m.MasterAddr(s.ctx)
				s.must(err)
				replicas, err := m.Replicas(s.ctx)
				s.must(err)
				text := addr + " " + all["ip"] + " " + replicas[0]["name"] + " " + replicas[0]["ip"]
				name, _, _ := strings.Cut(m.Name(), " ")
				shown[name] = text
			}
			if shown["picket"] != shown["redis-sentinel"] {
				t.Errorf("picket %q, redis-sentinel %q", shown["picket"], shown["redis-sentinel"])
			}
		})
	}
}

// A monitor behind NAT is reached at another address than it knows itself by.
func TestAMonitorBehindNATIsReachedAtTheAddressItAnnounces(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Replicas: 1})
	for range 3 {
		m := s.prepared(lab.MonitorConfig{Watch: lab.Watch{Master: "127.0.0.1", Port: s.Master.Port}})
		door, err := net.Listen("tcp", "127.0.0.2:0")
		s.must(err)
		t.Cleanup(func() { door.Close() })
		go serve(door, func(c net.Conn) { forward(c, m.Addr()) })
		text := s.file(m.Conf) + "sentinel announce-ip 127.0.0.2\nsentinel announce-port " + itoa(door.Addr().(*net.TCPAddr).Port) + "\n"
		s.must(os.WriteFile(m.Conf, []byte(text), 0o644))
		s.must(m.Start(s.ctx))
		s.Monitors = append(s.Monitors, m)
	}
	s.must(s.WaitKnown(s.ctx))
	for _, m := range s.Monitors {
		reply, err := m.Sentinel(s.ctx, "SENTINELS", "mymaster")
		s.must(err)
		for _, peer := range reply.([]any) {
			f := lab.Pairs(peer)
			if f["ip"] != "127.0.0.2" || strings.Contains(f["flags"], "disconnected") {
				t.Errorf("%s knows a peer at %s:%s, %s", m.Name(), f["ip"], f["port"], f["flags"])
			}
			for _, other := range s.Monitors {
				if f["port"] == itoa(other.Port) {
					t.Errorf("%s goes past the NAT to %s", m.Name(), f["port"])
				}
			}
		}
	}
	marks := s.Marks()
	s.Master.Kill()
	s.agreed(s.switched(s.Master, marks).New)
}

// forward copies both ways until one side ends.
func forward(c net.Conn, to string) {
	up, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer up.Close()
	go func() { io.Copy(up, c); up.Close(); c.Close() }()
	io.Copy(c, up)
}

// ownHosts gives a process a hosts file of its own, which the test can change under it,
// and a name server for what does not stand in it.
func (s *scene) ownHosts(text, nameserver string) (path string, wrap []string) {
	s.Helper()
	if os.Geteuid() != 0 {
		s.Skip("needs root to give a monitor a hosts file of its own")
	}
	path = filepath.Join(s.lab.Dir(), "hosts")
	resolv := filepath.Join(s.lab.Dir(), "resolv.conf")
	s.must(os.WriteFile(path, []byte(text), 0o644))
	s.must(os.WriteFile(resolv, []byte("nameserver "+nameserver+"\noptions timeout:30 attempts:9\n"), 0o644))
	return path, []string{"unshare", "-m", "sh", "-c", "mount --bind " + path + " /etc/hosts && mount --bind " + resolv + ` /etc/resolv.conf && exec "$@"`, "sh"}
}

// The names stand in a hosts file that is emptied; from then on each lookup goes to a
// name server that never answers.
func TestANameServerThatHangsDelaysNoFailover(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	silent, err := net.ListenPacket("udp", "127.8.7.6:53")
	if err != nil {
		t.Skip("no name server can be played: ", err)
	}
	t.Cleanup(func() { silent.Close() })
	s.servers(lab.GroupConfig{Replicas: 2, Redis: lab.RedisConfig{Lines: []string{"replica-announce-ip db.picket.test"}}})
	cfg := named("db.picket.test", s.Master.Port)
	var hosts string
	hosts, cfg.Wrap = s.ownHosts("127.0.0.1 localhost db.picket.test\n", "127.8.7.6")
	s.watched(cfg)
	s.must(os.WriteFile(hosts, []byte("127.0.0.1 localhost\n"), 0o644)) // the same file: it is mounted
	marks := s.Marks()
	s.Master.Kill()
	winner, _ := s.promoted(marks)
	s.must(winner.WaitInfo(s.ctx, "is master", lab.IsMaster))
	for _, m := range s.Monitors {
		if addr, err := m.MasterAddr(s.ctx); err != nil || addr != winner.Addr() {
			t.Errorf("%s answers %s, %v", m.Name(), addr, err)
		}
		if !strings.Contains(s.do(m, "SENTINEL", "CKQUORUM", "mymaster"), "OK 3 usable") {
			t.Errorf("%s has lost its peers", m.Name())
		}
	}
	s.must(silent.SetReadDeadline(time.Now().Add(30 * time.Second)))
	if _, _, err := silent.ReadFrom(make([]byte, 512)); err != nil {
		t.Errorf("nobody asked the name server: %v", err)
	}
}

// Monitors of both kinds ask each other about the master by its address or by its name.
func TestAMixedQuorumFailsOverAMasterByItsHostName(t *testing.T) {
	t.Parallel()
	for _, announce := range []string{"no", "yes"} {
		t.Run("announce-hostnames "+announce, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			redis := lab.RedisConfig{}
			if announce == "yes" {
				redis.Lines = []string{"replica-announce-ip localhost"}
			}
			s.servers(lab.GroupConfig{Replicas: 2, Redis: redis})
			for _, p := range []lab.Program{sentinel, picket, sentinel} {
				cfg := named("localhost", s.Master.Port, "sentinel announce-hostnames "+announce)
				cfg.Program = p
				m, err := s.lab.StartMonitor(s.ctx, cfg)
				s.must(err)
				s.Monitors = append(s.Monitors, m)
			}
			s.must(s.WaitKnown(s.ctx))
			host := map[string]string{"no": "127.0.0.1", "yes": "localhost"}[announce]
			marks := s.Marks()
			s.Master.Kill()
			winner, events := s.promoted(marks)
			for i, e := range events {
				if want := "mymaster " + host + " " + itoa(s.Master.Port) + " " + host + " " + itoa(winner.Port); e.Payload != want {
					t.Errorf("%s published +switch-master %s, want %s", s.Monitors[i].Name(), e.Payload, want)
				}
			}
			s.must(s.Master.Start(s.ctx))
			s.follow(winner)
		})
	}
}

// A master that comes back at another address under its name, as a pod does, is found
// there, and nothing fails over.
func TestAMasterThatMovesUnderItsNameIsFollowed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.servers(lab.GroupConfig{Redis: lab.RedisConfig{Lines: []string{"bind 127.0.0.1 127.0.0.9"}}})
	cfg := named("db.picket.test", s.Master.Port)
	cfg.Watch.DownAfter = 30 * time.Second
	var hosts string
	hosts, cfg.Wrap = s.ownHosts("127.0.0.1 localhost db.picket.test\n", "127.0.0.1")
	s.watched(cfg)
	marks := s.Marks()
	s.must(os.WriteFile(hosts, []byte("127.0.0.1 localhost\n127.0.0.9 db.picket.test\n"), 0o644))
	for _, m := range s.Monitors {
		s.must(lab.Poll(s.ctx, m.Name()+" gives the new address", func(ctx context.Context) bool {
			addr, err := m.MasterAddr(ctx)
			return err == nil && addr == "127.0.0.9:"+itoa(s.Master.Port)
		}))
	}
	s.do(s.Master, "CLIENT", "KILL", "TYPE", "normal") // so that it is dialled again
	for _, m := range s.Monitors {
		s.must(lab.Poll(s.ctx, m.Name()+" reaches it there", func(ctx context.Context) bool {
			all, err := m.Master(ctx)
			return err == nil && all["flags"] == "master" && strings.Count(s.do(s.Master, "CLIENT", "LIST"), "laddr=127.0.0.9:") >= 3
		}))
	}
	s.none(marks, "+sdown", "+switch-master", "+try-failover")
}
