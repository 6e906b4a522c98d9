package failover

import "time"

// BusyPolicy is what an operator wants done about a script-blocked master.
type BusyPolicy string

// The busy policies.
const (
	BusyWait     BusyPolicy = "wait"     // wait for the script's end
	BusyKill     BusyPolicy = "kill"     // kill a script that has written nothing
	BusyFailover BusyPolicy = "failover" // leave the master behind
)

// Settings are what an operator chose for one group. The defaults are
// Sentinel's, where Sentinel has the option.
type Settings struct {
	Name            string
	Quorum          int           // at least 1
	DownAfter       time.Duration // default 30 s
	FailoverTimeout time.Duration // default 180 s
	ParallelSyncs   int           // default 1
	RebootDownAfter time.Duration // master-reboot-down-after-period; 0: never

	Busy              BusyPolicy    // default wait
	BusyWarnAfter     time.Duration // 0: never
	BusyKillAfter     time.Duration // 0: never
	BusyFailoverAfter time.Duration // 0: never
	SilenceGrace      bool          // default true: silence counts only after the silence limit
	MisconfDown       bool          // default true: -MISCONF counts toward sdown, as in Sentinel

	// AnnounceHostnames names instances in events by their host names, where they have
	// any; otherwise by the addresses that these resolve to. Default false.
	AnnounceHostnames bool

	// Shown by SENTINEL MASTER; the shells use them, the core does not.
	NotificationScript   string
	ClientReconfigScript string
}

// DefaultSettings returns what a bare "sentinel monitor" line means.
func DefaultSettings(name string, quorum int) Settings {
	return Settings{
		Name: name, Quorum: quorum,
		DownAfter: 30 * time.Second, FailoverTimeout: 180 * time.Second, ParallelSyncs: 1,
		Busy: BusyWait, SilenceGrace: true, MisconfDown: true,
	}
}
