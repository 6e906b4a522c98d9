// Package arch holds the house's shape to the design: which package may import
// which, what the pure core may not touch, what lies at the top level, and how
// long files and functions may grow.
//
// It owns the rules (rules.go) and reads source text, nothing more; it imports
// only the standard library. [Check] takes a file tree, so that its tests show
// each rule failing on a small planted tree, and then run it on this repository.
// It has no state and may be used from anywhere.
package arch
