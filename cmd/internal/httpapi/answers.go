package httpapi

import (
	"errors"
	"sync"
	"time"
)

// answers keeps what was answered a moment ago.
type answers struct {
	age  time.Duration
	mu   sync.Mutex
	held map[string]*held
}

// held is one answer. Who comes while it is made waits for it.
type held struct {
	made chan struct{} // closed when body, err and at are set
	body []byte
	err  error
	at   time.Time
}

func newAnswers(age time.Duration) *answers {
	return &answers{age: age, held: map[string]*held{}}
}

// maxHeld bounds how many answers are held; keys come from clients.
const maxHeld = 64

// get returns the answer that is held for key, or makes it.
func (a *answers) get(key string, make func() ([]byte, error)) ([]byte, error) {
	a.mu.Lock()
	h := a.held[key]
	if h != nil && !h.over(a.age) {
		a.mu.Unlock()
		<-h.made
		return h.body, h.err
	}
	h = a.place(key)
	a.mu.Unlock()
	defer close(h.made) // also when make panics: those who wait must not wait for ever
	h.err = errBroken
	h.body, h.err = make()
	h.at = time.Now()
	return h.body, h.err
}

// place makes room for a new answer. It wants the lock.
func (a *answers) place(key string) *held {
	if len(a.held) >= maxHeld {
		for k, h := range a.held {
			if h.over(a.age) {
				delete(a.held, k)
			}
		}
	}
	h := &held{made: make(chan struct{})}
	if len(a.held) < maxHeld || a.held[key] != nil {
		a.held[key] = h
	}
	return h
}

// over reports whether an answer is too old to be given again, or an error.
func (h *held) over(age time.Duration) bool {
	select {
	case <-h.made:
		return h.err != nil || time.Since(h.at) > age
	default:
		return false
	}
}

// errBroken is the answer of those who waited for one that panicked.
var errBroken = errors.New("the answer broke off")
