package monitor

// Level is how loud an event is, in Sentinel's terms.
type Level uint8

// Sentinel's log levels. An event of LevelDebug is logged and never published;
// an event of LevelWarning also runs the group's notification script.
const (
	LevelDebug Level = iota
	LevelVerbose
	LevelNotice
	LevelWarning
)

// Event is something that monitors tell their subscribers: the channel is Name,
// the message is Payload, and Reason says why. Reason is logged and never added
// to the payload of Sentinel's own events.
type Event struct {
	Name    string
	Level   Level
	Group   string // "" for events of the whole monitor
	Payload string
	Reason  Reason
}

// Subject is what an event speaks of; String renders Sentinel's %@.
type Subject struct {
	Kind   string // master, slave or sentinel
	Name   string // group name, host:port of a replica, id of a monitor
	Addr   Addr
	Group  string // for slave and sentinel: the group
	Master Addr   // for slave and sentinel: the group's master
}

// String renders "<kind> <name> <ip> <port>" and, for replicas and monitors,
// " @ <group> <master ip> <master port>" (sentinelEvent, %@).
func (s Subject) String() string {
	text := s.Kind + " " + s.Name + " " + s.Addr.Fields()
	if s.Kind != "master" {
		text += " @ " + s.Group + " " + s.Master.Fields()
	}
	return text
}
