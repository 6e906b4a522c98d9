package gossip

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

// rekeyAfter is how long a new key is only read before we write with it, so that an
// operator can tell it to one monitor after the other. Whoever is told later than that
// does not hear us by gossip until then, and is asked and answered over RESP.
const rekeyAfter = 30 * time.Second

// ErrInClear says that a pool without a key cannot get one while it runs.
var ErrInClear = errors.New("gossip was started without encryption: it is encrypted from the next start on")

// keys are those that the pool reads; it writes with one of them.
type keys struct {
	mu    sync.Mutex
	ring  *memberlist.Keyring // nil in clear
	turns int                 // counts the changes: only the last one counts
}

// Rekey changes the key of a pool that has one, to be changed on every monitor. The new
// key is read at once and written with after a while; the old one is read until the
// change after this.
func (p *Pool) Rekey(key []byte) error {
	k := &p.keys
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case p.ctx.Err() != nil:
		return nil
	case k.ring == nil:
		return ErrInClear
	}
	if err := k.ring.AddKey(key); err != nil {
		return fmt.Errorf("take a new key for gossip: %w", err)
	}
	k.turns++
	turn := k.turns
	p.running.Go(func() {
		wait := time.NewTimer(rekeyAfter)
		defer wait.Stop()
		select {
		case <-wait.C:
			k.write(key, turn)
		case <-p.ctx.Done():
		}
	})
	return nil
}

// write writes with a key from now on, unless it was changed again meanwhile, and drops
// what is older than the one before.
func (k *keys) write(key []byte, turn int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if turn != k.turns {
		return
	}
	before := k.ring.GetPrimaryKey()
	_ = k.ring.UseKey(key) // it is in the ring
	for _, old := range k.ring.GetKeys() {
		if !bytes.Equal(old, key) && !bytes.Equal(old, before) {
			_ = k.ring.RemoveKey(old) // it is not the one in use
		}
	}
}
