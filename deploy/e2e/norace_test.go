//go:build !race

package e2e

// raceFlag builds the daemon as the tests are built.
var raceFlag []string
