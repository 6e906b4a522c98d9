package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

// counter is a client as it comes out of the box. It is told the monitors alone,
// says what it finds, and counts up a key of its own through whatever happens.
type counter struct {
	name string
	key  string
	text func() string // what it has printed: "master <addr>", "replicas <addr> ...", "read" for each read from a replica, "failed: ..."
}

// clientWorld is a group with its clients.
type clientWorld struct {
	*scene
	clientAccess
	login   *lab.Login
	clients []counter
}

// clientAccess is how clients log in, with "" for not.
type clientAccess struct {
	user, door string // at the monitors
	data       string // at the servers
}

// clientRules are the rights at a monitor that Redis' documentation of Sentinel
// gives its clients, SLAVES, which older ones still ask for, and to listen to events.
const clientRules = "-@all +auth +client|getname +client|id +client|setname +command +hello +ping +role +sentinel|get-master-addr-by-name " +
	"+sentinel|slaves +sentinel|master +sentinel|myid +sentinel|replicas +sentinel|sentinels +sentinel|masters +subscribe &+switch-master &+replica-reconf-done"

// Every client finds the master and its replicas through three pickets, writes,
// and writes again after the master was killed; all of them live through one
// failover.
func TestClientsAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, access := range map[string]clientAccess{
		"open":           {},
		"with passwords": {door: "door secret", data: "data secret"},
		"as users":       {user: "app", door: "door secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &clientWorld{scene: newScene(t), clientAccess: access, login: &lab.Login{}}
			w.start()
			w.startScripts()
			w.startGoRedis()
			w.liveThroughAFailover()
		})
	}
}

func (w *clientWorld) start() {
	w.Helper()
	cfg := lab.GroupConfig{Replicas: 2, Monitors: 3}
	if w.user != "" { // the lab and the monitors are the default user, who has another password
		cfg.Monitor.Password = "lab"
		cfg.Monitor.Lines = []string{"requirepass lab", "user " + w.user + " on " + strconv.Quote(">"+w.door) + " " + clientRules}
	}
	if w.data != "" {
		w.login.Set(w.data)
		cfg.Redis.Lines = []string{"requirepass " + strconv.Quote(w.data), "masterauth " + strconv.Quote(w.data)}
		cfg.Monitor.Password = w.door
		cfg.Monitor.Lines = []string{"requirepass " + strconv.Quote(w.door), "sentinel auth-pass mymaster " + strconv.Quote(w.data)}
	}
	w.servers(cfg)
	w.monitors()
}

// clientScripts are the clients in other languages, and how to see whether this machine has them.
var clientScripts = []struct{ name, program, file, probe string }{
	{"redis-cli", "/bin/sh", "client.sh", "command -v redis-cli"},
	{"python3-redis", "/usr/bin/python3", "client.py", "/usr/bin/python3 -c 'import redis.sentinel'"},
	{"ruby-redis", "ruby", "client.rb", "ruby -e 'require \"redis\"'"},
	{"php-redis", "php", "client.php", "php -r 'exit(class_exists(\"RedisSentinel\") ? 0 : 1);'"},
}

func (w *clientWorld) startScripts() {
	w.Helper()
	path := filepath.Dir(w.lab.Binaries().CLI) + ":" + os.Getenv("PATH")
	for _, s := range clientScripts {
		probe := exec.CommandContext(w.ctx, "/bin/sh", "-c", s.probe)
		probe.Env = append(os.Environ(), "PATH="+path)
		if out, err := probe.CombinedOutput(); err != nil {
			w.missing(s.name, string(out))
			continue
		}
		file, err := filepath.Abs(filepath.Join("testdata", "clients", s.file))
		w.must(err)
		program, err := exec.LookPath(s.program)
		w.must(err)
		key := "count:" + s.name
		p, err := w.lab.Process(lab.Spec{Name: s.name, Argv: []string{program, file}, Dir: w.lab.Dir(),
			Log: filepath.Join(w.lab.Dir(), s.name+".log"), Env: []string{"PATH=" + path, "KEY=" + key,
				"MONITORS=" + strings.Join(w.MonitorAddrs(), " "), "DOOR_USER=" + w.user, "DOOR_PASSWORD=" + w.door, "REDIS_PASSWORD=" + w.data}})
		w.must(err)
		w.must(p.Start())
		w.clients = append(w.clients, counter{name: s.name, key: key, text: p.LogText})
	}
}

// missing fails where the packages must be (make clients installs them), and skips on a
// machine where they cannot be installed.
func (w *clientWorld) missing(name, why string) {
	w.Run(name, func(t *testing.T) {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is not installed, make clients should have done that: %s", name, why)
		}
		t.Skipf("%s is not installed: run make clients as root, or install the package", name)
	})
}

func (w *clientWorld) liveThroughAFailover() {
	w.Helper()
	var replicas []string
	for _, r := range w.Replicas {
		replicas = append(replicas, r.Addr())
	}
	slices.Sort(replicas)
	for _, c := range w.clients {
		w.says(c, "master "+w.Master.Addr()+"\n")
		w.says(c, "replicas "+strings.Join(replicas, " ")+"\n")
		w.counts(c, w.Master, 3)
		w.says(c, "read\n")
	}
	marks := w.Marks()
	w.Master.Kill()
	switched := w.wait(marks, lab.On("+switch-master", w.Master.Host+" "+itoa(w.Master.Port)+" "))
	next, known := w.Server(strings.Join(strings.Fields(switched[0].Payload)[3:], ":"))
	if !known {
		w.Fatalf("switched to nobody: %s", switched[0])
	}
	began := time.Now()
	for _, c := range w.clients {
		w.Run(c.name, func(t *testing.T) {
			s := *w.scene
			s.T = t
			(&clientWorld{scene: &s, login: w.login}).counts(c, next, 3)
			t.Logf("counts on after %v", time.Since(began).Round(time.Millisecond))
		})
	}
}

// says waits until a client has printed a line.
func (w *clientWorld) says(c counter, line string) {
	w.Helper()
	if err := w.until(c, func(context.Context) bool { return strings.Contains(c.text(), line) }); err != nil {
		w.Fatalf("%s does not say %q: %v; it says:\n%s", c.name, line, err, clip(c.text(), 2000))
	}
}

// counts waits until a client has counted up further, by so many, on a server.
func (w *clientWorld) counts(c counter, r *lab.Redis, more int) {
	w.Helper()
	at := func(ctx context.Context) int {
		reply, err := r.DoAs(ctx, w.login, "GET", c.key)
		text, _ := reply.(string)
		n, convErr := strconv.Atoi(text)
		if err != nil || convErr != nil {
			return 0
		}
		return n
	}
	first := at(w.ctx)
	if err := w.until(c, func(ctx context.Context) bool { return at(ctx) >= first+more }); err != nil {
		w.Fatalf("%s does not write to %s: %v; it says:\n%s", c.name, r.Addr(), err, clip(c.text(), 2000))
	}
}

func (w *clientWorld) until(c counter, ok func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
	defer cancel()
	return lab.Poll(ctx, "wait for "+c.name, ok)
}
