package compose

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// variants are the compose programs that this machine has.
func variants() [][]string {
	var found [][]string
	for _, v := range [][]string{{"docker-compose"}, {"docker", "compose"}} {
		if exec.Command(v[0], append(v[1:], "version")...).Run() == nil {
			found = append(found, v)
		}
	}
	return found
}

func TestTheComposeFileIsReadByEveryVariant(t *testing.T) {
	found := variants()
	if len(found) == 0 {
		t.Skip("neither docker-compose nor docker compose is installed")
	}
	for _, v := range found {
		t.Run(strings.Join(v, " "), func(t *testing.T) {
			out, err := exec.Command(v[0], append(v[1:], "config")...).CombinedOutput()
			if err != nil {
				t.Fatalf("config: %v\n%s", err, out)
			}
			for _, want := range []string{"picket-3", "redis-3", "read_only: true", "/var/lib/picket"} {
				if !strings.Contains(string(out), want) {
					t.Errorf("what it read lacks %q:\n%s", want, out)
				}
			}
			if strings.Contains(strings.ToLower(string(out)), "warn") {
				t.Errorf("it warns:\n%s", out)
			}
		})
	}
}

func TestNoServerIsReachedByAnAddress(t *testing.T) {
	address := regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+\b`)
	for _, name := range []string{"docker-compose.yml", "sentinel.conf", "demo.sh"} {
		if found := address.FindString(read(t, name)); found != "" {
			t.Errorf("%s names the address %s: names alone outlive a container", name, found)
		}
	}
}

var copied = regexp.MustCompile(`(?m)^COPY (?:--\S+ )*(.+) \S+$`)

// sources are the files of its context that a Dockerfile copies.
func sources(text string) []string {
	var list []string
	for _, m := range copied.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(m[0], "--from=") {
			list = append(list, strings.Fields(m[1])...)
		}
	}
	return list
}

func TestTheDockerfilesCopyWhatTheirContextsHold(t *testing.T) {
	ignored := read(t, "../../.dockerignore")
	for _, name := range sources(read(t, "Dockerfile.build")) {
		if _, err := os.Stat(filepath.Join("..", "..", name)); err != nil {
			t.Errorf("Dockerfile.build: %v", err)
		}
		if !strings.Contains(ignored, "\n!"+name+"\n") {
			t.Errorf("Dockerfile.build copies %s, which .dockerignore keeps from it", name)
		}
	}
	made := read(t, "image.sh")
	for _, name := range sources(read(t, "Dockerfile")) {
		if !strings.Contains(made, `"$context/`+name+`"`) {
			t.Errorf("Dockerfile copies %s, which image.sh does not put into the context", name)
		}
	}
}

// settings are the lines of a Dockerfile's last stage that say how its image runs.
func settings(text string) []string {
	last := text[strings.LastIndex(text, "FROM scratch"):]
	return slices.DeleteFunc(strings.Split(strings.TrimSpace(last), "\n"), func(l string) bool { return strings.HasPrefix(l, "COPY") })
}

func TestBothDockerfilesMakeTheSameImage(t *testing.T) {
	one, other := settings(read(t, "Dockerfile")), settings(read(t, "Dockerfile.build"))
	if !slices.Equal(one, other) {
		t.Errorf("Dockerfile ends with\n%q\nand Dockerfile.build with\n%q", one, other)
	}
}

func TestTheScriptsAreShell(t *testing.T) {
	scripts, _ := filepath.Glob("*.sh")
	if len(scripts) != 3 {
		t.Fatalf("scripts: %q", scripts)
	}
	for _, name := range scripts {
		if out, err := exec.Command("sh", "-n", name).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
	if _, err := exec.LookPath("shellcheck"); err != nil {
		t.Skip("shellcheck is not installed: the scripts are parsed, not checked")
	}
	if out, err := exec.Command("shellcheck", scripts...).CombinedOutput(); err != nil {
		t.Errorf("shellcheck: %v\n%s", err, out)
	}
}

func TestTheDemoSaysWhichScenesThereAre(t *testing.T) {
	for _, words := range [][]string{nil, {"bus"}, {"busy", "kill"}} {
		out, err := exec.Command("./demo.sh", words...).CombinedOutput()
		exit, ok := err.(*exec.ExitError)
		if !ok || exit.ExitCode() != 2 || !strings.Contains(string(out), "busy | kill | partition | switchover") {
			t.Errorf("demo.sh %q: %v\n%s", words, err, out)
		}
	}
}
