package debian

import (
	"bytes"
	"crypto/sha256"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"picket/deploy/machine"
)

// built are the packages made so far, by their version: building takes seconds.
var built struct {
	sync.Mutex
	folder string
	paths  map[string]string
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.folder != "" {
		_ = os.RemoveAll(built.folder)
	}
	os.Exit(code)
}

// deb makes the package with a version and returns its path. It skips the test unless
// it was asked for with DEPLOY=1.
func deb(t *testing.T, version string) string {
	t.Helper()
	if os.Getenv("DEPLOY") != "1" {
		t.Skip("it builds the Debian package: make test-deploy runs it")
	}
	built.Lock()
	defer built.Unlock()
	if path, ok := built.paths[version]; ok {
		return path
	}
	if built.folder == "" {
		folder, err := os.MkdirTemp("", "picket-deb-")
		if err != nil {
			t.Fatal(err)
		}
		built.folder, built.paths = folder, map[string]string{}
	}
	path := build(t, version, built.folder)
	built.paths[version] = path
	return path
}

func build(t *testing.T, version, folder string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(machine.Root(t), "deploy/debian/build.sh"))
	cmd.Env = append(os.Environ(), "DEB_VERSION="+version, "VERSION="+version, "OUT="+folder)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("build the package: %v: %s", err, said.String())
	}
	return strings.TrimSpace(string(out))
}

// inspect asks dpkg-deb about a package.
func inspect(t *testing.T, words ...string) string {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("there is no dpkg-deb to read the package with")
	}
	out, err := exec.CommandContext(t.Context(), "dpkg-deb", words...).Output()
	if err != nil {
		t.Fatalf("dpkg-deb %s: %v", strings.Join(words, " "), err)
	}
	return string(out)
}

// holds are the files of the package. All belong to root until postinst gives two of
// them to the group picket.
var holds = []string{
	"-rw-r----- root/root ./etc/picket/sentinel.conf",
	"-rw-r--r-- root/root ./lib/systemd/system/picket.service",
	"-rw-r--r-- root/root ./lib/systemd/system/picket@.service",
	"-rwxr-xr-x root/root ./usr/bin/picket",
	"-rw-r--r-- root/root ./usr/share/bash-completion/completions/picket",
	"-rw-r--r-- root/root ./usr/share/doc/picket/README.Debian",
	"-rw-r--r-- root/root ./usr/share/doc/picket/changelog.Debian.gz",
	"-rw-r--r-- root/root ./usr/share/doc/picket/copyright",
	"-rw-r--r-- root/root ./usr/share/fish/vendor_completions.d/picket.fish",
	"-rw-r--r-- root/root ./usr/share/lintian/overrides/picket",
	"-rw-r--r-- root/root ./usr/share/man/man1/picket.1.gz",
	"-rw-r--r-- root/root ./usr/share/man/man5/picket.conf.5.gz",
	"-rw-r--r-- root/root ./usr/share/zsh/vendor-completions/_picket",
}

func TestWhatThePackageHolds(t *testing.T) {
	path := deb(t, "1.0.0")
	var files []string
	for line := range strings.Lines(inspect(t, "--contents", path)) {
		if f := strings.Fields(line); !strings.HasPrefix(line, "d") {
			files = append(files, f[0]+" "+f[1]+" "+f[5])
		}
	}
	slices.SortFunc(files, func(a, b string) int { return strings.Compare(a[strings.Index(a, "./"):], b[strings.Index(b, "./"):]) })
	if !slices.Equal(files, holds) {
		t.Errorf("the package holds\n%s\nwant\n%s", strings.Join(files, "\n"), strings.Join(holds, "\n"))
	}
	if got := inspect(t, "--field", path, "Package", "Version", "Depends"); got !=
		"Package: picket\nVersion: 1.0.0-1\nDepends: adduser, init-system-helpers (>= 1.54~)\n" {
		t.Errorf("its fields are\n%s", got)
	}
	if got := inspect(t, "--info", path, "conffiles"); got != "/etc/picket/sentinel.conf\n" {
		t.Errorf("its conffiles are %q", got)
	}
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		if got := inspect(t, "--info", path, script); got != read(t, "scripts/"+script) {
			t.Errorf("its %s is not the one of scripts", script)
		}
	}
}

// The licences of the libraries in the program must come with it.
func TestThePackageNamesTheLicenceOfEveryLibrary(t *testing.T) {
	path := deb(t, "1.0.0")
	folder := t.TempDir()
	inspect(t, "--extract", path, folder)
	copyright := read(t, filepath.Join(folder, "usr/share/doc/picket/copyright"))
	out, err := exec.CommandContext(t.Context(), "go", "version", "-m", filepath.Join(folder, "usr/bin/picket")).Output()
	if err != nil {
		t.Fatal(err)
	}
	libraries := regexp.MustCompile(`(?m)^\tdep\t(\S+)\t(\S+)`).FindAllStringSubmatch(string(out), -1)
	if len(libraries) < 5 {
		t.Fatalf("found only %d libraries in the program", len(libraries))
	}
	for _, m := range libraries {
		if !strings.Contains(copyright, "It contains "+m[1]+" "+m[2]+", under this licence:\n\n") {
			t.Errorf("the copyright file does not hold the licence of %s %s", m[1], m[2])
		}
	}
}

func TestThePackageIsTheSameWhenItIsMadeAgain(t *testing.T) {
	first, second := read(t, deb(t, "1.0.0")), read(t, build(t, "1.0.0", t.TempDir()))
	if sha256.Sum256([]byte(first)) != sha256.Sum256([]byte(second)) {
		t.Error("two packages of one commit differ")
	}
}
