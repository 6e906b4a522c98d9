//go:build race

package sim

// underRace bounds what the tests explore: the race detector makes it ten times
// slower, and finds nothing more in a package without goroutines.
const underRace = true
