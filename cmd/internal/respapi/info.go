package respapi

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"picket/failover"
)

// sections of INFO in the order in which Sentinel prints them.
var sections = []struct {
	name  string
	write func(*Server, *infoText)
}{
	{"server", (*Server).infoServer},
	{"clients", (*Server).infoClients},
	{"stats", (*Server).infoStats},
	{"cpu", (*Server).infoCPU},
	{"sentinel", (*Server).infoSentinel},
}

// info answers with a bulk string, in RESP3 too, as Sentinel does and servers
// do not. Unknown sections are passed over; all, everything and default, and
// no word at all, mean every section.
func (s *Server) info(c *call) {
	wanted := map[string]bool{}
	for _, word := range c.args[1:] {
		wanted[strings.ToLower(word)] = true
	}
	all := len(wanted) == 0 || wanted["all"] || wanted["everything"] || wanted["default"]
	var text infoText
	for _, section := range sections {
		if all || wanted[section.name] {
			text.title(section.name)
			section.write(s, &text)
		}
	}
	c.bulk(text.String())
}

type infoText struct{ strings.Builder }

func (t *infoText) title(name string) {
	if t.Len() > 0 {
		t.WriteString("\r\n")
	}
	title := strings.ToUpper(name[:1]) + name[1:]
	if name == "cpu" {
		title = "CPU"
	}
	t.WriteString("# " + title + "\r\n")
}

func (t *infoText) line(key string, value any) { fmt.Fprintf(t, "%s:%v\r\n", key, value) }

// infoServer keeps to the fields of 7.0.15 that mean something here.
func (s *Server) infoServer(t *infoText) {
	st := s.cfg.Reader.Status()
	up := int64(s.cfg.Clock().Since(st.StartedAt).Seconds())
	t.line("redis_version", compatVersion)
	t.line("redis_mode", "sentinel")
	t.line("picket_version", st.Version)
	t.line("os", runtime.GOOS+" "+runtime.GOARCH)
	t.line("arch_bits", 32<<(^uint(0)>>63))
	t.line("go_version", runtime.Version())
	t.line("process_id", os.Getpid())
	t.line("run_id", s.runID)
	t.line("tcp_port", st.Port)
	t.line("server_time_usec", time.Now().UnixMicro())
	t.line("uptime_in_seconds", up)
	t.line("uptime_in_days", up/(24*60*60))
	t.line("executable", st.Executable)
	t.line("config_file", st.ConfigFile)
}

func (s *Server) infoClients(t *infoText) {
	subscribers := 0
	for _, c := range s.clients() {
		if p := c.snapshot(); p.subs+p.psubs > 0 {
			subscribers++
		}
	}
	t.line("connected_clients", s.clientCount())
	t.line("cluster_connections", 0)
	t.line("maxclients", s.cfg.MaxClients)
	t.line("blocked_clients", 0)
	t.line("tracking_clients", 0)
	t.line("pubsub_clients", subscribers)
	t.line("clients_in_timeout_table", 0)
}

func (s *Server) infoStats(t *infoText) {
	channels, patterns := s.bus.counts()
	t.line("total_connections_received", s.stats.connections.Load())
	t.line("total_commands_processed", s.stats.commands.Load())
	t.line("total_net_input_bytes", s.stats.netIn.Load())
	t.line("total_net_output_bytes", s.stats.netOut.Load())
	t.line("rejected_connections", s.stats.rejected.Load())
	t.line("pubsub_channels", channels)
	t.line("pubsub_patterns", patterns)
	t.line("total_error_replies", s.stats.errors.Load())
	t.line("lost_events", s.bus.lost.Load())
	t.line("client_query_buffer_limit_disconnections", s.stats.overBudget.Load())
	t.line("client_output_buffer_limit_disconnections", s.stats.dropped.Load())
}

func (s *Server) infoCPU(t *infoText) {
	var self, children unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &self) // fails only for an unknown who
	_ = unix.Getrusage(unix.RUSAGE_CHILDREN, &children)
	t.line("used_cpu_sys", seconds(self.Stime))
	t.line("used_cpu_user", seconds(self.Utime))
	t.line("used_cpu_sys_children", seconds(children.Stime))
	t.line("used_cpu_user_children", seconds(children.Utime))
}

func seconds(tv unix.Timeval) string {
	return fmt.Sprintf("%.6f", time.Duration(tv.Nano()).Seconds())
}

func (s *Server) infoSentinel(t *infoText) {
	st, views := s.cfg.Reader.Status(), s.cfg.Reader.Views()
	since := int64(-1)
	if st.Tilt {
		since = int64(s.cfg.Clock().Since(st.TiltSince).Seconds())
	}
	t.line("sentinel_masters", len(views))
	t.line("sentinel_tilt", flag(st.Tilt))
	t.line("sentinel_tilt_since_seconds", since)
	t.line("sentinel_running_scripts", st.Scripts)
	t.line("sentinel_scripts_queue_length", st.ScriptsQueue)
	t.line("sentinel_simulate_failure_flags", 0)
	for i, v := range views {
		t.line(fmt.Sprintf("master%d", i), fmt.Sprintf("name=%s,status=%s,address=%s:%d,slaves=%d,sentinels=%d",
			v.Settings.Name, status(v), v.Master.Addr.Host, v.Master.Addr.Port, len(v.Replicas), len(v.Peers)+1))
	}
}

func status(v *failover.View) string {
	switch {
	case v.Master.ODown:
		return "odown"
	case v.Master.Down:
		return "sdown"
	}
	return "ok"
}
