package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picket/deploy/lab"
)

var (
	servers = []string{"redis-1", "redis-2", "redis-3"}
	pickets = []string{"picket-1", "picket-2", "picket-3"}
)

// rig is one run of the lab under a project name of its own, with images of its own.
type rig struct {
	*testing.T
	ctx     context.Context
	compose []string
	project string
	env     []string
}

// needEngine skips the test where the lab cannot or shall not run.
func needEngine(t *testing.T) {
	t.Helper()
	if os.Getenv("DEPLOY") != "1" {
		t.Skip("it runs the lab in containers: make test-deploy runs it")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "docker", "info", "-f", "{{.ServerVersion}}").CombinedOutput(); err != nil {
		t.Skipf("no docker engine answers: %v: %s", err, out)
	}
	if len(variants()) == 0 {
		t.Skip("neither docker-compose nor docker compose is installed")
	}
}

// newRig makes the images and names of a lab. Nothing of it is left after the test.
func newRig(t *testing.T, compose []string) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	r := &rig{T: t, ctx: ctx, compose: compose, project: fmt.Sprintf("pickettest%d", os.Getpid())}
	server, picket := r.project+"-redis:test", r.project+"-picket:test"
	r.env = append(os.Environ(), "COMPOSE="+strings.Join(compose, " "), "COMPOSE_PROJECT_NAME="+r.project,
		"REDIS_IMAGE="+server, "PICKET_IMAGE="+picket, "PICKET_BINARY="+binary(t))
	t.Cleanup(func() { r.leaveNothing(server, picket) })
	r.run("./redis-image.sh", server)
	r.run("./image.sh", picket)
	return r
}

// binary is what make build made, or a build like it.
func binary(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("PICKET_BINARY"); path != "" {
		return path
	}
	path := filepath.Join(t.TempDir(), "picket")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "picket/cmd/picket")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build picket: %v\n%s", err, out)
	}
	return path
}

// leaveNothing removes what is left, also of a test that failed half way.
func (r *rig) leaveNothing(images ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, words := range [][]string{
		{"docker", "rm", "-fv", r.project + "-squatter"},
		append(r.compose, "down", "-v", "--remove-orphans", "-t", "1"),
		append([]string{"docker", "rmi", "-f"}, images...),
	} {
		cmd := exec.CommandContext(ctx, words[0], words[1:]...)
		cmd.Env = r.env
		_ = cmd.Run() // it may be gone already
	}
}

// try runs a program as a user of the lab would.
func (r *rig) try(words ...string) (string, error) {
	cmd := exec.CommandContext(r.ctx, words[0], words[1:]...)
	cmd.Env, cmd.WaitDelay = r.env, 10*time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return strings.TrimSpace(out.String()), err
}

func (r *rig) run(words ...string) string {
	r.Helper()
	out, err := r.try(words...)
	if err != nil {
		r.Fatalf("%s: %v\n%s", strings.Join(words, " "), err, out)
	}
	return out
}

// up is docker-compose with words.
func (r *rig) composed(words ...string) string {
	r.Helper()
	return r.run(append(r.compose, words...)...)
}

// container is the id of a service's container.
func (r *rig) container(service string) string {
	r.Helper()
	id := r.run("docker", "ps", "-aq", "--no-trunc", "--filter", "label=com.docker.compose.project="+r.project,
		"--filter", "label=com.docker.compose.service="+service)
	if id == "" || strings.Contains(id, "\n") {
		r.Fatalf("containers of %s: %q", service, id)
	}
	return id
}

// state is what the engine says of a container.
type state struct {
	ID    string `json:"Id"`
	State struct {
		Pid      int
		ExitCode int
		Health   struct{ Status string }
	}
	Config          struct{ User string }
	Mounts          []struct{ Name string }
	NetworkSettings struct {
		Networks map[string]struct{ IPAddress string }
	}
}

func (r *rig) inspect(container string) state {
	r.Helper()
	var list []state
	if err := json.Unmarshal([]byte(r.run("docker", "inspect", container)), &list); err != nil || len(list) != 1 {
		r.Fatalf("inspect %s: %v", container, err)
	}
	return list[0]
}

// address is where a service is on the lab's network, "" when it is not.
func (r *rig) address(service string) string {
	r.Helper()
	return r.inspect(r.container(service)).NetworkSettings.Networks[r.project+"_lab"].IPAddress
}

// redis asks a server in its own container.
func (r *rig) redis(service string, words ...string) string {
	r.Helper()
	return r.run(append([]string{"docker", "exec", r.container(service), "redis-cli"}, words...)...)
}

// ask asks a picket, from the container of redis-1.
func (r *rig) ask(picket string, words ...string) string {
	r.Helper()
	return r.run(append([]string{"docker", "exec", r.container("redis-1"), "redis-cli", "-h", picket, "-p", "26379"}, words...)...)
}

// master is the one on which all pickets agree, and which agrees with them.
func (r *rig) master() string {
	r.Helper()
	agreed := ""
	for _, p := range pickets {
		host, _, _ := strings.Cut(r.ask(p, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"), "\n")
		if agreed != "" && host != agreed {
			r.Fatalf("%s says that %s is the master, another %s", p, host, agreed)
		}
		agreed = host
	}
	if role := r.redis(agreed, "ROLE"); !strings.HasPrefix(role, "master") {
		r.Errorf("the pickets hold %s to be the master, which says %s", agreed, role)
	}
	return agreed
}

// follow fails unless all servers but the master follow it.
func (r *rig) follow(master string) {
	r.Helper()
	for _, s := range servers {
		if s == master {
			continue
		}
		info := r.redis(s, "INFO", "replication")
		for _, want := range []string{"role:slave", "master_host:" + master + "\r", "master_link_status:up"} {
			if !strings.Contains(info+"\r", want) {
				r.Errorf("%s: no %q in\n%s", s, want, info)
			}
		}
	}
}

// wait polls until ok.
func (r *rig) wait(what string, ok func() bool) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
	defer cancel()
	if err := lab.Poll(ctx, what, func(context.Context) bool { return ok() }); err != nil {
		r.Fatal(err)
	}
}
