package cli

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"picket/deploy/lab"
)

// serverName is A, B, C ... in the order in which the servers were started.
func serverName(i int) string { return string(rune('A' + i)) }

// monitorName is m1, m2, m3 ...
func monitorName(i int) string { return "m" + strconv.Itoa(i+1) }

// alias is what the lab calls a server or a monitor.
type alias struct {
	addr string // host:port
	id   string // of a monitor; "" for a server
	name string
}

// shortener renders payloads for people: names for addresses and ids, and
// nothing that is the same in every line.
type shortener struct {
	group string
	names map[string]string // by host:port, "host port" and id
}

func newShortener(group string, aliases []alias) shortener {
	names := map[string]string{}
	for _, a := range aliases {
		host, port, _ := net.SplitHostPort(a.addr)
		names[a.addr], names[host+" "+port] = a.name, a.name
		if a.id != "" {
			names[a.id] = a.name
		}
	}
	return shortener{group: group, names: names}
}

// kinds are Sentinel's words for what a payload is about, and ours.
var kinds = map[string]string{"slave": "replica", "sentinel": "monitor"}

// short is a payload as the stream shows it.
func (s shortener) short(e lab.Event) string {
	words := s.named(strings.Fields(e.Payload))
	var kept []string
	for i := 0; i < len(words); i++ {
		switch {
		case words[i] == "@": // @ <group> <master>, in every line about a replica or monitor
			i += 2
		case words[i] == s.group:
		case i > 0 && words[i] == words[i-1]: // named by its address or id, and then by host and port
		default:
			kept = append(kept, words[i])
		}
	}
	if e.Channel == "+switch-master" && len(kept) == 2 {
		return kept[0] + " -> " + kept[1]
	}
	if len(kept) > 0 && kinds[kept[0]] != "" {
		kept[0] = kinds[kept[0]]
	}
	return strings.Join(kept, " ")
}

// named puts names for addresses and ids.
func (s shortener) named(words []string) (out []string) {
	for i := 0; i < len(words); i++ {
		name, ok := s.names[words[i]]
		if !ok && i+1 < len(words) {
			if name, ok = s.names[words[i]+" "+words[i+1]]; ok {
				i++
			}
		}
		if !ok {
			name = words[i]
		}
		out = append(out, name)
	}
	return out
}

// told is an event as the stream tells it. How long something took differs a
// little from monitor to monitor: that makes no other event of it.
func (s shortener) told(e lab.Event) told {
	t := told{at: e.At, name: e.Channel, text: s.short(e)}
	var same, text []string
	for word := range strings.FieldsSeq(t.text) {
		ms, ok := strings.CutPrefix(word, "after-ms=")
		if !ok {
			same, text = append(same, word), append(text, word)
			continue
		}
		n, _ := strconv.Atoi(ms)
		text = append(text, fmt.Sprintf("after %.1f s", float64(n)/1000))
	}
	t.same, t.text = strings.Join(same, " "), strings.Join(text, " ")
	return t
}

// glosses say in plain words what the main events mean.
var glosses = map[string]string{
	"+script-blocked":    "alive, busy with a script: wait",
	"-script-blocked":    "the script has ended",
	"+silent":            "no answer, but its kernel is there: perhaps a script",
	"-silent":            "it answers again",
	"+sdown":             "this monitor holds it to be down",
	"-sdown":             "it is up again",
	"+odown":             "enough monitors agree that it is down",
	"+try-failover":      "this monitor wants to lead the failover",
	"+elected-leader":    "the others voted for it",
	"+selected-slave":    "this one shall be the new master",
	"+promoted-slave":    "it is master now",
	"+switch-master":     "clients are sent to the new master",
	"+convert-to-slave":  "told to follow the new master",
	"+divergence":        "what the old master had that nobody else has",
	"+role-change":       "it reports the role that it should have",
	"-role-change":       "it reports another role than it should have",
	"+slave":             "belongs to the group as a replica",
	"+slave-reconf-sent": "told to follow the new master",
	"+slave-reconf-done": "it follows the new master",
	"+reboot":            "it was restarted",
	"+new-epoch":         "every attempt has a number",
	"+vote-for-leader":   "for whom, in which attempt",
	"+failover-end":      "done",
	"+script-kill":       "the script is being killed",
}

// mood says how a line is coloured.
type mood int

const (
	plain mood = iota
	faint
	calm
	warn
	alarm
	good
	heading
)

var moods = map[string]mood{
	"+verdict": faint, "+new-epoch": faint, "+vote-for-leader": faint, "+role-change": faint, "-role-change": faint,
	"+failover-state-select-slave": faint, "+failover-state-send-slaveof-noone": faint, "+failover-state-wait-promotion": faint,
	"+failover-state-reconf-slaves": faint, "+config-update-from": faint, "+slave-reconf-inprog": faint,
	"+script-blocked": calm, "-script-blocked": calm, "+silent": calm, "-silent": calm,
	"+sdown": warn, "+divergence": warn, "+config-warning": warn, "+script-kill": alarm, "+odown": alarm, "+try-failover": alarm,
	"-sdown": good, "-odown": good, "+promoted-slave": good, "+switch-master": good, "+convert-to-slave": good,
}
