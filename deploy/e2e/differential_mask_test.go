package e2e

import (
	"regexp"
	"strings"
)

// masks are the rules by which values that vary from one run, process or
// moment to the next are made equal. What a rule replaces must still have the
// form that the rule names: a time that is no number is a difference.
var masks = map[string]struct {
	form   *regexp.Regexp
	fields []string // of maps, INFO and CLIENT LIST, by name
}{
	// A number that counts or measures: any is as good as another.
	"number": {regexp.MustCompile(`^-?\d+$`), strings.Fields(`
		last-ping-sent last-ok-ping-reply last-ping-reply info-refresh role-reported-time s-down-time o-down-time
		last-hello-message slave-repl-offset link-pending-commands master-link-down-time run-time run-delay pid
		process_id server_time_usec uptime_in_seconds uptime_in_days hz lru_clock tcp_port
		connected_clients client_recent_max_input_buffer client_recent_max_output_buffer pubsub_clients
		total_connections_received total_commands_processed instantaneous_ops_per_sec total_net_input_bytes total_net_output_bytes
		rejected_connections total_reads_processed total_writes_processed reply_buffer_shrinks reply_buffer_expands
		total_error_replies unexpected_error_replies pubsub_channels pubsub_patterns current_eviction_exceeded_time
		total_eviction_exceeded_time expire_cycle_cpu_milliseconds latest_fork_usec total_forks
		id fd age idle qbuf qbuf-free argv-mem rbs rbp obl oll omem tot-mem
		current-epoch voted-leader-epoch age-milliseconds entry-id timestamp-created timestamp-last-updated`)},
	"decimal": {regexp.MustCompile(`^\d+\.\d+$`), strings.Fields(`
		used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children used_cpu_sys_main_thread used_cpu_user_main_thread
		instantaneous_input_kbps instantaneous_output_kbps`)},
	"age": {regexp.MustCompile(`^\d+(\.\d+)?$`), strings.Fields(`age-seconds`)},
	// In ACL LOG, a line of CLIENT LIST, which has cases of its own.
	"client": {regexp.MustCompile(`^id=\d+ addr=\S+ .* cmd=\S+ user=\S+ redir=-1 resp=[23].*$`), strings.Fields(`client-info`)},
	"id":     {regexp.MustCompile(`^[0-9a-f]{40}$`), strings.Fields(`run_id myid`)},
	"hex":    {regexp.MustCompile(`^[0-9a-f]+$`), nil}, // a made-up password
	"leader": {regexp.MustCompile(`^([0-9a-f]{40}|\?)$`), strings.Fields(`voted-leader`)},
	"addr":   {regexp.MustCompile(`^127\.0\.0\.1:\d+$`), strings.Fields(`addr laddr`)},
	// Text that tells of the program itself.
	"word": {regexp.MustCompile(`^.+$`), strings.Fields(`
		os gcc_version redis_build_id redis_git_sha1 redis_git_dirty monotonic_clock atomicvar_api multiplexing_api
		executable config_file events summary complexity`)},
}

var maskOf = func() map[string]string {
	m := map[string]string{}
	for name, mask := range masks {
		for _, f := range mask.fields {
			m[f] = name
		}
	}
	return m
}()

// masked returns the value of a field with what varies replaced.
func masked(field, value string) string {
	name := maskOf[field]
	if name == "" || !masks[name].form.MatchString(value) {
		return value
	}
	return "<" + name + ">"
}

// mask replaces, in a whole reply, what varies by the field that it stands in.
func (n *node) mask() {
	n.walk(func(n *node) {
		if n.isPairs() {
			for i := 0; i < len(n.elems); i += 2 {
				if v := n.elems[i+1]; v.kind == '$' || v.kind == ':' || v.kind == '+' || v.kind == ',' {
					v.text = masked(n.elems[i].text, v.text)
				}
			}
		}
		if n.isText() {
			n.text = eachField(n.text, masked)
		}
	})
}

// replaceWord puts another word for one that is a process's own, such as its port.
func (n *node) replaceWord(old, new string) {
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(old) + `\b`)
	n.walk(func(n *node) { n.text = word.ReplaceAllString(n.text, new) })
}

// replace is replaceWord for what is not made of letters and digits, such as a path.
func (n *node) replace(old, new string) {
	n.walk(func(n *node) { n.text = strings.ReplaceAll(n.text, old, new) })
}

// maskValue replaces what the reply is, when it is one value of that form.
func (n *node) maskValue(name string) {
	n.walk(func(n *node) {
		if masks[name].form.MatchString(n.text) {
			n.text = "<" + name + ">"
		}
	})
}

var (
	infoField   = regexp.MustCompile(`(?m)^([a-z_]+[0-9]*):(.*?)\r$`)
	clientField = regexp.MustCompile(`(^| )([a-z-]+)=(\S*)`)
)

// eachField rewrites the values in a text of INFO or of CLIENT LIST.
func eachField(text string, rewrite func(field, value string) string) string {
	if inner, verbatim := strings.CutPrefix(text, "txt:"); verbatim {
		return "txt:" + eachField(inner, rewrite)
	}
	if strings.HasPrefix(text, "id=") {
		var lines []string
		for _, line := range strings.SplitAfter(text, "\n") {
			lines = append(lines, clientField.ReplaceAllStringFunc(line, func(s string) string {
				m := clientField.FindStringSubmatch(s)
				return m[1] + m[2] + "=" + rewrite(m[2], m[3])
			}))
		}
		return strings.Join(lines, "")
	}
	return infoField.ReplaceAllStringFunc(text, func(s string) string {
		m := infoField.FindStringSubmatch(s)
		return m[1] + ":" + rewrite(m[1], m[2]) + "\r"
	})
}
