package config

import "errors"

// Store makes states durable. It belongs to one goroutine.
type Store struct{}

// Open checks that the state of cfg can be written and returns the Store for it. The
// error names the cause and what to do.
func Open(cfg *Config) (*Store, error) { return nil, errors.New("not written yet") }

// Save makes the state durable: when it returns nil, st survives a crash. On an error
// the state saved before is intact.
func (s *Store) Save(st State) error { return errors.New("not written yet") }

// Warnings returns what an operator should know about how the state is stored and was
// not returned before.
func (s *Store) Warnings() []string { return nil }

// Path returns the file that holds the state.
func (s *Store) Path() string { return "" }
