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

func (f *flags) add(word string, is bool) {
	if is {
		*f = append(*f, word)
	}
}

func masterFlags(v *failover.View) []string {
	m, f := &v.Master, flags{}
	f.add("s_down", m.Down)
	f.add("o_down", m.ODown)
	f.add("master", true)
	f.add("disconnected", !m.Connected || refusesUs(m))
	f.add("failover_in_progress", v.FailoverState != "")
	f.add("force_failover", v.Forced)
	f.instance(m)
	return f
}

func replicaFlags(r *failover.InstanceView) []string {
	f := flags{}
	f.add("s_down", r.Down)
	f.add("slave", true)
	f.add("disconnected", !r.Connected || refusesUs(r))
	f.add("promoted", r.Promoted)
	f.add("reconf_"+r.Reconf, r.Reconf != "")
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
	f.add("script_kill_sent", i.ScriptKill)
	f.add("master_reboot", i.RebootedSince != monitor.Never)
	f.add("script_blocked", i.BlockedSince != monitor.Never)
}

func peerFlags(p *failover.PeerView) []string {
	f := flags{}
	f.add("s_down", p.Down)
	f.add("sentinel", true)
	f.add("disconnected", !p.Connected)
	f.add("master_down", p.MasterDown)
	return f
}
