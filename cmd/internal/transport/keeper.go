package transport

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"picket/config"
)

// lookEvery is how often handshakes look whether a file has changed.
const lookEvery = time.Second

// Keeper holds what TLS needs, as the files said when they were last right.
type Keeper struct {
	directives config.TLS
	log        *zap.Logger
	now        atomic.Pointer[material]

	mu     sync.Mutex
	looked time.Time
	seen   []stamp // of the files when they were last read, right or wrong

	refusals refusals
}

// material is what one reading of the files gave. It is never changed.
type material struct {
	server *tls.Config // nil without tls-port
	client *tls.Config // nil without tls-replication
}

// Open reads the files of the directives. The error joins everything that is wrong.
func Open(directives config.TLS, log *zap.Logger) (*Keeper, error) {
	k := &Keeper{directives: directives, log: log}
	k.seen, k.looked = stamps(directives), time.Now()
	m, err := read(directives)
	if err != nil {
		return nil, err
	}
	k.now.Store(m)
	return k, nil
}

// Reload reads the files again, whether they have changed or not. When they are wrong
// it logs why and what was read last stays in use.
func (k *Keeper) Reload() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reread(stamps(k.directives))
}

// current returns what the files say, read again when one of them has changed.
func (k *Keeper) current() *material {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := time.Now(); now.Sub(k.looked) >= lookEvery {
		k.looked = now
		if found := stamps(k.directives); !slices.Equal(found, k.seen) {
			k.reread(found)
		}
	}
	return k.now.Load()
}

// reread needs the lock.
func (k *Keeper) reread(found []stamp) {
	k.seen = found
	m, err := read(k.directives)
	if err != nil {
		k.log.Error("TLS files are wrong, what was read before stays in use", zap.Error(err))
		return
	}
	k.now.Store(m)
	k.log.Info("TLS files are read again")
}

// stamp is what tells one state of a file from another. A replaced file has another
// inode, even when its time and size are the same.
type stamp struct {
	path string
	size int64
	at   time.Time
	file uint64
}

// stamps looks at every file of the directives. A file that is missing has no time.
func stamps(t config.TLS) []stamp {
	paths := []string{t.CertFile, t.KeyFile, t.ClientCertFile, t.ClientKeyFile, t.CACertFile}
	if t.CACertDir != "" {
		inside, _ := os.ReadDir(t.CACertDir) // a folder that cannot be read is read again when it can be
		for _, entry := range inside {
			paths = append(paths, filepath.Join(t.CACertDir, entry.Name()))
		}
	}
	list := make([]stamp, 0, len(paths))
	for _, path := range paths {
		s := stamp{path: path}
		if info, err := os.Stat(path); err == nil {
			s.size, s.at, s.file = info.Size(), info.ModTime(), inode(info)
		}
		list = append(list, s)
	}
	return list
}
