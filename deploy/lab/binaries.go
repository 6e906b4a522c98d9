package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Binaries are the paths of the Redis programs.
type Binaries struct {
	Server   string
	CLI      string
	Sentinel string // redis-sentinel or, where it is not installed, redis-server, which can be one
}

// FindBinaries looks for redis-server, redis-cli and redis-sentinel on PATH, and
// then in .cache/redis/bin of the working directory or of a folder above it,
// where get-redis.sh puts them.
func FindBinaries() (Binaries, error) {
	b := Binaries{Server: find("redis-server"), CLI: find("redis-cli"), Sentinel: find("redis-sentinel")}
	if b.Server == "" || b.CLI == "" {
		return b, fmt.Errorf("find redis-server and redis-cli: neither on PATH nor in .cache/redis/bin; " +
			"install Redis, or run deploy/lab/get-redis.sh, which starts no system service")
	}
	if b.Sentinel == "" {
		b.Sentinel = b.Server
	}
	return b, nil
}

func find(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	dir, err := os.Getwd()
	for err == nil {
		path := filepath.Join(dir, ".cache", "redis", "bin", name)
		if s, statErr := os.Stat(path); statErr == nil && s.Mode()&0o111 != 0 {
			return path
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return ""
}
