package config

import "fmt"

// ReplaceFile makes content that of the file at path, as a [Store] does with the state:
// a crash leaves the old file or the new one, owner and mode stay and nobody gains rights,
// a symbolic link is followed, and a file that is mounted by itself is rewritten in place.
// A new file is for its owner alone. The warnings tell of what could not be kept.
func ReplaceFile(path string, content []byte) (warnings []string, err error) {
	return replaceFile(osDisk{}, path, content)
}

func replaceFile(d disk, path string, content []byte) ([]string, error) {
	s := &Store{disk: d, path: path, own: true, told: map[string]bool{}, remount: "mount its directory instead"}
	s.resolve()
	if isMountPoint(s.target) {
		s.writeInPlace()
	}
	if err := s.write(content); err != nil {
		return s.Warnings(), fmt.Errorf("replace %s: %w", s.target, err)
	}
	return s.Warnings(), nil
}
