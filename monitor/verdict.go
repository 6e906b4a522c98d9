package monitor

// State is what we conclude about an instance.
type State uint8

// States, from the design's evidence table.
const (
	StateUnknown       State = iota // not reached yet
	StateUp                         // answers
	StateDegraded                   // answers PING with MISCONF
	StateScriptBlocked              // a script, function or module command runs
	StateLoading                    // reads its data set
	StateStale                      // a replica whose master is down and that refuses reads
	StateBlind                      // lives, refuses to talk to us
	StateAlive                      // lives, says something we do not know
	StateSilent                     // its host lives, it does not answer: may be a script
	StateFinishing                  // silent after a BUSY spell: the script's effects are propagated
	StateApplying                   // a replica silent after its master's BUSY spell: applies the effects
	StateHung                       // silent for longer than a script may be
	StateGone                       // the process ended
	StateUnreachable                // its host does not answer
	StateRoleMismatch               // held to be master, says it is a replica
)

var stateNames = [...]string{"unknown", "up", "degraded", "script-blocked", "loading", "stale", "blind", "alive", "silent",
	"finishing", "applying", "hung", "gone", "unreachable", "role-mismatch"}

func (s State) String() string { return stateNames[s] }

// ParseState reads what String wrote; unknown words give StateUnknown.
func ParseState(s string) State {
	for i, n := range stateNames {
		if n == s {
			return State(i)
		}
	}
	return StateUnknown
}

// Verdict is what we hold of an instance, and why.
type Verdict struct {
	State  State
	Reason Reason
	Since  Instant // when this state was entered
	Down   bool    // long enough, and of a kind, to count as SDOWN
}
