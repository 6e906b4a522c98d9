package respapi

import (
	"picket/failover"
	"picket/monitor"
)

// flags collects words in Sentinel's order:
// s_down,o_down,master,slave,sentinel,disconnected,master_down,
// failover_in_progress,promoted,reconf_*,force_failover,script_kill_sent,
// master_reboot; and after them ours, script_blocked.
type flags []string

// mark is a word and whether it is true of the instance.
type mark struct {
	word string
	is   bool
}

func (f *flags) add(m mark) {
	if m.is {
		*f = append(*f, m.word)
	}
}

func masterFlags(v *failover.View) []string {
	m, f := &v.Master, flags{}
	f.add(mark{"s_down", m.Down})
	f.add(mark{"o_down", m.ODown})
	f.add(mark{"master", true})
	f.add(mark{"disconnected", !m.Connected || refusesUs(m)})
	f.add(mark{"failover_in_progress", v.FailoverState != ""})
	f.add(mark{"force_failover", v.Forced})
	f.instance(m)
	return f
}

func replicaFlags(r *failover.InstanceView) []string {
	f := flags{}
	f.add(mark{"s_down", r.Down})
	f.add(mark{"slave", true})
	f.add(mark{"disconnected", !r.Connected || refusesUs(r)})
	f.add(mark{"promoted", r.Promoted})
	f.add(mark{"reconf_" + r.Reconf, r.Reconf != ""})
	f.instance(r)
	return f
}

// refusesUs reports whether the instance does not take our credentials. Sentinel shows
// that as disconnected: its subscription is refused, and it gives that link up.
func refusesUs(i *failover.InstanceView) bool {
	return i.Verdict.State == monitor.StateBlind && (i.Verdict.Reason == monitor.ReasonNoAuth || i.Verdict.Reason == monitor.ReasonWrongPass)
}

// instance adds the flags that end the list for masters and replicas.
func (f *flags) instance(i *failover.InstanceView) {
	f.add(mark{"script_kill_sent", i.ScriptKill})
	f.add(mark{"master_reboot", i.RebootedSince != monitor.Never})
	f.add(mark{"script_blocked", i.BlockedSince != monitor.Never})
}

func peerFlags(p *failover.PeerView) []string {
	f := flags{}
	f.add(mark{"s_down", p.Down})
	f.add(mark{"sentinel", true})
	f.add(mark{"disconnected", !p.Connected})
	f.add(mark{"master_down", p.MasterDown})
	return f
}
