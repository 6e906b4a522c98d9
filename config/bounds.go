package config

// What clients may put into the configuration while the monitor runs: it is held, saved,
// logged and some of it announced every other second. redis-sentinel has no bounds. They
// do not hold for the operator's file.
const (
	// MaxName is the most bytes of a host and of the name of a group. No host name of
	// the DNS is longer (RFC 1035, 2.3.4).
	MaxName = 255

	maxValue   = 4096 // bytes of any other value
	maxRenames = 200  // renamed commands of a group; Redis has some 250 commands
	shownOf    = 64   // bytes of a value that is too long which the refusal shows
)

// clip shortens a value for the text that refuses it.
func clip(value string) string {
	if len(value) <= maxValue {
		return value
	}
	return value[:shownOf] + "..."
}
