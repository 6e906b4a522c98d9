package compose

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The lab is started, played, stopped and removed as its user does it, and everything is
// asked of the containers themselves.
func TestTheLab(t *testing.T) {
	needEngine(t)
	for _, v := range variants() {
		t.Run(strings.Join(v, " "), func(t *testing.T) {
			r := newRig(t, v)
			r.composed("up", "-d")
			t.Run("all are healthy, and the pickets are nobody", r.in((*rig).healthy))
			for _, scene := range []struct {
				name string
				play func(*rig)
			}{
				{"busy", (*rig).busy}, {"kill", (*rig).kill}, {"partition", (*rig).partition}, {"switchover", (*rig).switchover},
			} {
				t.Run(scene.name, r.in(scene.play))
			}
			t.Run("a picket keeps its id and its master", r.in((*rig).restarts))
			t.Run("nothing is left", r.in((*rig).down))
		})
	}
}

// in is a part of the test, which fails by itself.
func (r *rig) in(part func(*rig)) func(*testing.T) {
	return func(t *testing.T) {
		c := *r
		c.T = t
		part(&c)
	}
}

func (r *rig) healthy() {
	for _, s := range append(servers, pickets...) {
		id := r.container(s)
		r.wait(s+" is healthy", func() bool { return r.inspect(id).State.Health.Status == "healthy" })
	}
	for _, p := range pickets {
		if user := r.inspect(r.container(p)).Config.User; user != "65532:65532" {
			r.Errorf("%s runs as %q", p, user)
		}
	}
}

// play runs a scene of demo.sh and returns what it showed.
func (r *rig) play(scene string) string {
	r.Helper()
	out, err := r.try("./demo.sh", scene)
	r.Log(out)
	if err != nil || !strings.Contains(out, "\nVERDICT: ok") {
		r.Fatalf("demo.sh %s: %v", scene, err)
	}
	return out
}

// shown fails unless every picket's events were shown.
func (r *rig) shown(out, event string) {
	r.Helper()
	for _, p := range pickets {
		if !strings.Contains(out, "  "+p+"  "+event+" ") {
			r.Errorf("%s of %s is not shown", event, p)
		}
	}
}

func (r *rig) busy() {
	out := r.play("busy")
	r.shown(out, "+silent")
	r.shown(out, "+script-blocked")
	if !strings.Contains(out, "BUSY Redis is busy running a script") {
		r.Error("no client is shown that gets -BUSY")
	}
	master := r.master()
	r.follow(master)
	if master != "redis-1" {
		r.Errorf("%s is the master: it failed over", master)
	}
	for _, s := range servers {
		if n := r.redis(s, "DBSIZE"); n != "1000" {
			r.Errorf("%s has %s keys, want the script's 1000", s, n)
		}
	}
	for _, p := range pickets {
		if all := r.ask(p, "SENTINEL", "MASTER", "mymaster"); !strings.Contains(all, "\nconfig-epoch\n0\n") {
			r.Errorf("%s knows of a failover:\n%s", p, all)
		}
	}
}

func (r *rig) kill() {
	old := r.master()
	before := r.inspect(r.container(old)).State.Pid
	out := r.play("kill")
	r.shown(out, "+switch-master")
	now := r.master()
	r.follow(now)
	if now == old {
		r.Errorf("%s is still the master", old)
	}
	if r.inspect(r.container(old)).State.Pid == before {
		r.Errorf("%s was not killed", old)
	}
}

// partition gives the address of the master that is cut off to a server of somebody
// else's, as an engine does when containers come and go. The pickets must find theirs by
// its name, and leave the other one alone.
func (r *rig) partition() {
	old := r.master()
	before := r.address(old)
	squatter := r.squatter()
	done := make(chan error, 1)
	demo := exec.CommandContext(r.ctx, "./demo.sh", "partition")
	var out bytes.Buffer
	demo.Env, demo.Stdout, demo.Stderr = r.env, &out, &out
	go func() { done <- demo.Run() }()
	told := r.toldOfNames()
	r.wait(old+" is cut off", func() bool { return r.address(old) == "" })
	if told {
		r.run("docker", "network", "connect", r.project+"_lab", squatter)
	}
	err := <-done
	r.Log(out.String())
	if err != nil || !strings.Contains(out.String(), "\nVERDICT: ok") {
		r.Fatalf("demo.sh partition: %v", err)
	}
	r.shown(out.String(), "+switch-master")
	now := r.master()
	r.follow(now)
	if now == old {
		r.Errorf("%s is still the master", old)
	}
	if at := r.address(old); at == before {
		r.Logf("%s came back at its old address %s: the other server was too late for it", old, at)
	}
	role := r.run("docker", "exec", squatter, "redis-cli", "ROLE")
	if kept := r.run("docker", "exec", squatter, "redis-cli", "GET", "precious"); !strings.HasPrefix(role, "master") || kept != "1" {
		r.Errorf("a server that is none of the group's was given orders: precious %q, role %s", kept, role)
	}
	r.run("docker", "rm", "-fv", squatter)
	count := r.redis(now, "GET", "demo:count")
	for _, s := range servers {
		if other := r.redis(s, "GET", "demo:count"); other != count {
			r.Errorf("%s counts %s, the master %s", s, other, count)
		}
	}
}

// squatter is somebody else's server, not yet on the lab's network.
func (r *rig) squatter() string {
	name := r.project + "-squatter"
	r.run("docker", "run", "-d", "--name", name, r.project+"-redis:test", "redis-server", "--protected-mode", "no")
	r.wait("the other server serves", func() bool {
		reply, err := r.try("docker", "exec", name, "redis-cli", "SET", "precious", "1")
		return err == nil && reply == "OK"
	})
	return name
}

// toldOfNames reports whether a name server says here of a name that it does not exist.
// The engine asks that of the host's, which may be out of reach; then nothing tells the
// old address of a container from a stranger's.
func (r *rig) toldOfNames() bool {
	out, _ := r.try("docker", "exec", r.container("redis-1"), "redis-cli", "-h", "no-such-name", "PING")
	if strings.Contains(out, "not known") {
		return true
	}
	r.Logf("no stranger takes the address, as no name server answers: %s", out)
	return false
}

func (r *rig) switchover() {
	old := r.master()
	out := r.play("switchover")
	r.shown(out, "+switch-master")
	now := r.master()
	r.follow(now)
	if now == old {
		r.Errorf("%s is still the master", old)
	}
}

// restarts stops a picket, crashes it, and gives it a new container: it ends at SIGTERM
// as the first process of its container, is started again by the engine, and has its
// state from its volume each time.
func (r *rig) restarts() {
	const p = "picket-2"
	id, master := r.ask(p, "SENTINEL", "MYID"), r.master()
	again := func(how string) {
		r.wait(how+": it serves", func() bool {
			out, err := r.try("docker", "exec", r.container("redis-1"), "redis-cli", "-h", p, "-p", "26379", "SENTINEL", "MYID")
			return err == nil && out == id
		})
		r.wait(how+": it counts", func() bool { return strings.HasPrefix(r.ask(p, "SENTINEL", "CKQUORUM", "mymaster"), "OK 3") })
		if got := r.master(); got != master {
			r.Errorf("%s: the master is %s, was %s", how, got, master)
		}
	}
	c := r.container(p)
	r.run("docker", "stop", "-t", "30", c)
	if code := r.inspect(c).State.ExitCode; code != 0 {
		r.Errorf("it was stopped with SIGTERM and ended with %d", code)
	}
	r.run("docker", "start", c)
	again("after a stop")
	if os.Geteuid() == 0 { // the engine takes docker kill for the operator's wish
		if err := syscall.Kill(r.inspect(c).State.Pid, syscall.SIGKILL); err != nil {
			r.Fatal(err)
		}
		again("after a crash")
	}
	r.composed("up", "-d", "--force-recreate", "--no-deps", p)
	if r.container(p) == c {
		r.Error("the container is the old one")
	}
	again("in a new container")
}

// down is what a user does at the end.
func (r *rig) down() {
	var volumes []string
	for _, s := range append(servers, pickets...) {
		for _, m := range r.inspect(r.container(s)).Mounts {
			if m.Name != "" {
				volumes = append(volumes, m.Name)
			}
		}
	}
	if len(volumes) != 6 {
		r.Errorf("%d volumes, want the 6 that the compose file names: %q", len(volumes), volumes)
	}
	r.composed("down", "-v")
	ours := "label=com.docker.compose.project=" + r.project
	for _, words := range [][]string{{"ps", "-aq"}, {"network", "ls", "-q"}, {"volume", "ls", "-q"}} {
		if left := r.run(append(append([]string{"docker"}, words...), "--filter", ours)...); left != "" {
			r.Errorf("docker %s shows %s", strings.Join(words, " "), strconv.Quote(left))
		}
	}
	for _, v := range volumes {
		if _, err := r.try("docker", "volume", "inspect", v); err == nil {
			r.Errorf("the volume %s is left", v)
		}
	}
}
