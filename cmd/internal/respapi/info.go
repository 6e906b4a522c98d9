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

// infoServer has every field of 7.0.15. What is of C there is told of Go here.
func (s *Server) infoServer(t *infoText) {
	st, now := s.cfg.Reader.Status(), time.Now()
	up := int64(s.cfg.Clock().Since(st.StartedAt).Seconds())
	t.line("redis_version", compatVersion)
	t.line("redis_git_sha1", "00000000")
	t.line("redis_git_dirty", 0)
	t.line("redis_build_id", s.buildID)
	t.line("redis_mode", "sentinel")
	t.line("os", runtime.GOOS+" "+runtime.GOARCH)
	t.line("arch_bits", 32<<(^uint(0)>>63))
	t.line("monotonic_clock", "Go runtime")
	t.line("multiplexing_api", "Go netpoll")
	t.line("atomicvar_api", "Go sync/atomic")
	t.line("gcc_version", "0.0.0") // as Redis says when another compiler built it
	t.line("process_id", os.Getpid())
	t.line("process_supervised", supervised(st.Supervised))
	t.line("run_id", s.runID)
	t.line("tcp_port", st.Port)
	t.line("server_time_usec", now.UnixMicro())
	t.line("uptime_in_seconds", up)
	t.line("uptime_in_days", up/(24*60*60))
	t.line("hz", configuredHz)
	t.line("configured_hz", configuredHz)
	t.line("lru_clock", now.Unix()&(1<<24-1))
	t.line("executable", st.Executable)
	t.line("config_file", st.ConfigFile)
	t.line("io_threads_active", 0)
	t.line("picket_version", st.Version)
	t.line("go_version", runtime.Version())
}

// configuredHz is Redis' default; nothing here runs at a fixed rate.
const configuredHz = 10

func supervised(by string) string {
	if by == "" {
		return "no"
	}
	return by
}

func (s *Server) infoClients(t *infoText) {
	subscribers, trackers, paused := 0, 0, 0
	for _, c := range s.clients() {
		p := c.snapshot()
		subscribers += int(flag(p.subs+p.psubs > 0))
		trackers += int(flag(p.tracking.on))
		paused += int(flag(p.paused))
	}
	t.line("connected_clients", s.clientCount())
	t.line("cluster_connections", 0)
	t.line("maxclients", s.cfg.MaxClients)
	t.line("client_recent_max_input_buffer", 0)
	t.line("client_recent_max_output_buffer", 0)
	t.line("blocked_clients", paused)
	t.line("tracking_clients", trackers)
	t.line("clients_in_timeout_table", 0)
	t.line("pubsub_clients", subscribers) // of Redis 7.4
}

// infoStats has every field of 7.0.15, in its order. What counts keys, replication
// or persistence is 0: a monitor has none.
func (s *Server) infoStats(t *infoText) {
	channels, patterns := s.bus.counts()
	rates := s.stats.rates.read(time.Now())
	t.line("total_connections_received", s.stats.connections.Load())
	t.line("total_commands_processed", s.stats.commands.Load())
	t.line("instantaneous_ops_per_sec", rates.commands)
	t.line("total_net_input_bytes", s.stats.netIn.Load())
	t.line("total_net_output_bytes", s.stats.netOut.Load())
	t.zeros("total_net_repl_input_bytes", "total_net_repl_output_bytes")
	t.line("instantaneous_input_kbps", kilo(rates.in))
	t.line("instantaneous_output_kbps", kilo(rates.out))
	t.line("instantaneous_input_repl_kbps", kilo(0))
	t.line("instantaneous_output_repl_kbps", kilo(0))
	t.line("rejected_connections", s.stats.rejected.Load())
	t.zeros("sync_full", "sync_partial_ok", "sync_partial_err", "expired_keys")
	t.line("expired_stale_perc", kilo(0))
	t.zeros("expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds", "evicted_keys", "evicted_clients",
		"total_eviction_exceeded_time", "current_eviction_exceeded_time", "keyspace_hits", "keyspace_misses")
	t.line("pubsub_channels", channels)
	t.line("pubsub_patterns", patterns)
	t.zeros("pubsubshard_channels", "latest_fork_usec", "total_forks", "migrate_cached_sockets", "slave_expires_tracked_keys",
		"active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits", "active_defrag_key_misses",
		"total_active_defrag_time", "current_active_defrag_time",
		"tracking_total_keys", "tracking_total_items", "tracking_total_prefixes", "unexpected_error_replies")
	t.line("total_error_replies", s.stats.errors.Load())
	t.zeros("dump_payload_sanitizations")
	t.line("total_reads_processed", s.stats.reads.Load())
	t.line("total_writes_processed", s.stats.writes.Load())
	t.zeros("io_threaded_reads_processed", "io_threaded_writes_processed", "reply_buffer_shrinks", "reply_buffer_expands")
	t.line("lost_events", s.bus.lost.Load())
	t.line("client_query_buffer_limit_disconnections", s.stats.overBudget.Load())
	t.line("client_output_buffer_limit_disconnections", s.stats.dropped.Load())
}

func (t *infoText) zeros(keys ...string) {
	for _, key := range keys {
		t.line(key, 0)
	}
}

func kilo(bytes int64) string { return fmt.Sprintf("%.2f", float64(bytes)/1024) }

// infoCPU counts the threads of Go's runtime together: none of them is the main one.
func (s *Server) infoCPU(t *infoText) {
	var self, children unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &self) // fails only for an unknown who
	_ = unix.Getrusage(unix.RUSAGE_CHILDREN, &children)
	t.line("used_cpu_sys", seconds(self.Stime))
	t.line("used_cpu_user", seconds(self.Utime))
	t.line("used_cpu_sys_children", seconds(children.Stime))
	t.line("used_cpu_user_children", seconds(children.Utime))
	t.line("used_cpu_sys_main_thread", seconds(self.Stime))
	t.line("used_cpu_user_main_thread", seconds(self.Utime))
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
	t.line("sentinel_simulate_failure_flags", uint32(s.cfg.Knobs.Simulated()))
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
