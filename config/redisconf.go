package config

import (
	"maps"
	"math"
	"strings"
)

// redisDirectives are the directives of a data server's redis.conf or valkey.conf that
// mean nothing to a monitor, each with Redis' own check of its arguments: redis-sentinel
// reads them all, and what it refuses is most likely a mistake in the line. Names and
// bounds are those of 7.0.15 (config.c), compared with redis-sentinel in deploy/e2e. The
// directives that Picket acts upon or refuses are in the other tables.
var redisDirectives = ignoredTable()

func ignoredTable() map[string]argumentCheck {
	table := map[string]argumentCheck{}
	for _, name := range strings.Fields(switches) {
		table[name] = one(yesOrNo)
	}
	for _, name := range strings.Fields(texts) {
		table[name] = one(anything)
	}
	for _, name := range strings.Fields(newer) {
		table[name] = something
	}
	maps.Copy(table, map[string]argumentCheck{
		"save": savePoints, "replicaof": replicaOf, "slaveof": replicaOf, "loadmodule": something,
		"latency-tracking-info-percentiles": percentiles, "oom-score-adj-values": scores,
		"list-max-ziplist-entries": known, "list-max-ziplist-value": known, "lua-replicate-commands": known, // gone before 7.0
		"notify-keyspace-events": one(eventClasses), "maxmemory-clients": one(percentOrMemory),
		"cluster-announce-hostname": one(announcedHostname), "proc-title-template": one(titleTemplate),
		"dbfilename":          one(baseName("dbfilename can't be a path, just a filename")),
		"appendfilename":      one(fileName("appendfilename", "appendfilename can't be a path, just a filename")),
		"appenddirname":       one(fileName("appenddirname", "appenddirname can't be a path, just a dirname")),
		"shutdown-on-sigint":  words("default", "save", "nosave", "now", "force"),
		"shutdown-on-sigterm": words("default", "save", "nosave", "now", "force"),
	})
	addEnums(table)
	addNumbers(table)
	addSizes(table)
	return table
}

// addEnums adds what takes one of some words.
func addEnums(table map[string]argumentCheck) {
	for name, list := range map[string]string{
		"repl-diskless-load": "disabled on-empty-db swapdb", "appendfsync": "everysec always no",
		"maxmemory-policy":      "volatile-lru volatile-lfu volatile-random volatile-ttl allkeys-lru allkeys-lfu allkeys-random noeviction",
		"oom-score-adj":         "no yes relative absolute",
		"sanitize-dump-payload": "no yes clients", "enable-protected-configs": "no yes local",
		"enable-debug-command": "no yes local", "enable-module-command": "no yes local",
		"cluster-preferred-endpoint-type": "ip hostname unknown-endpoint",
		"propagation-error-behavior":      "ignore panic panic-on-replicas",
	} {
		table[name] = one(wordOf(strings.Fields(list)...))
	}
}

// addNumbers adds what takes a whole number.
func addNumbers(table map[string]argumentCheck) {
	for names, bounds := range map[string][2]int64{
		"databases": {1, maxInt}, "io-threads": {1, 128}, "auto-aof-rewrite-percentage": {0, maxInt},
		"cluster-replica-validity-factor cluster-slave-validity-factor":                  {0, maxInt},
		"list-max-listpack-size list-max-ziplist-size rdb-key-save-delay key-load-delay": {-maxInt - 1, maxInt},
		"cluster-migration-barrier": {0, maxInt}, "active-defrag-cycle-min active-defrag-cycle-max": {1, 99},
		"active-defrag-threshold-lower active-defrag-threshold-upper":                               {0, 1000},
		"lfu-log-factor lfu-decay-time replica-priority slave-priority":                             {0, maxInt},
		"repl-diskless-sync-delay repl-diskless-sync-max-replicas shutdown-timeout watchdog-period": {0, maxInt},
		"maxmemory-samples": {1, maxInt}, "maxmemory-eviction-tenacity": {0, 100},
		"replica-announce-port slave-announce-port cluster-port cluster-announce-bus-port": {0, 65535},
		"cluster-announce-port cluster-announce-tls-port":                                  {0, 65535},
		"repl-timeout repl-ping-replica-period repl-ping-slave-period":                     {1, maxInt},
		"list-compress-depth hz": {0, maxInt}, "active-expire-effort": {1, 10},
		"min-replicas-to-write min-slaves-to-write min-replicas-max-lag min-slaves-max-lag": {0, maxInt},
		"active-defrag-max-scan-fields":                                                           {1, math.MaxInt64},
		"slowlog-max-len busy-reply-threshold lua-time-limit":                                     {0, math.MaxInt64},
		"cluster-node-timeout latency-monitor-threshold stream-node-max-entries repl-backlog-ttl": {0, math.MaxInt64},
		"slowlog-log-slower-than":                                                                 {-1, math.MaxInt64},
		"hash-max-listpack-entries hash-max-ziplist-entries set-max-intset-entries":               {0, math.MaxInt64},
		"zset-max-listpack-entries zset-max-ziplist-entries tracking-table-max-keys":              {0, math.MaxInt64},
		"loading-process-events-interval-bytes":                                                   {1024, maxInt}, "socket-mark-id": {0, math.MaxUint32},
	} {
		for _, name := range strings.Fields(names) {
			table[name] = one(numberIn(bounds[0], bounds[1]))
		}
	}
}

// addSizes adds what takes bytes, with a unit or without.
func addSizes(table map[string]argumentCheck) {
	for names, least := range map[string]uint64{
		"repl-backlog-size active-defrag-ignore-bytes": 1, "client-query-buffer-limit": 1 << 20,
		"maxmemory cluster-link-sendbuf-limit auto-aof-rewrite-min-size stream-node-max-bytes": 0,
		"hash-max-listpack-value hash-max-ziplist-value zset-max-listpack-value":               0,
		"zset-max-ziplist-value hll-sparse-max-bytes":                                          0,
	} {
		for _, name := range strings.Fields(names) {
			table[name] = one(sizeFrom(least))
		}
	}
}

const maxInt = math.MaxInt32

const switches = `
	activedefrag activerehashing always-show-logo aof-disable-auto-gc aof-load-truncated
	aof-rewrite-incremental-fsync aof-timestamp-enabled aof-use-rdb-preamble appendonly
	cluster-allow-pubsubshard-when-down cluster-allow-reads-when-down cluster-allow-replica-migration
	cluster-enabled tls-cluster cluster-replica-no-failover cluster-require-full-coverage cluster-slave-no-failover
	crash-log-enabled crash-memcheck-enabled disable-thp dynamic-hz io-threads-do-reads jemalloc-bg-thread
	latency-tracking lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del
	lazyfree-lazy-user-del lazyfree-lazy-user-flush no-appendfsync-on-rewrite rdb-del-sync-files
	rdb-save-incremental-fsync rdbchecksum rdbcompression repl-disable-tcp-nodelay repl-diskless-sync
	replica-announced replica-ignore-disk-write-errors replica-ignore-maxmemory replica-lazy-flush
	replica-read-only replica-serve-stale-data set-proc-title slave-announced slave-ignore-maxmemory
	slave-lazy-flush slave-read-only slave-serve-stale-data stop-writes-on-bgsave-error use-exit-on-panic
`

// texts take one argument of any form.
const texts = `
	aof_rewrite_cpulist bgsave_cpulist bio_cpulist cluster-announce-ip cluster-config-file ignore-warnings
	masterauth masteruser replica-announce-ip server_cpulist slave-announce-ip
`

// newer came with Redis 7.2 to 8 and Valkey 7.2 to 9, or went before 7.0. redis-sentinel
// 7.0.15 knows none of them; a file that a newer one was started with must do.
const newer = `
	active-defrag-cycle-us aof-rewrite-cpulist availability-zone bgsave-cpulist bio-cpulist
	client-default-resp cluster-announce-client-ipv4 cluster-announce-client-ipv6
	cluster-announce-client-port cluster-announce-client-tls-port cluster-announce-human-nodename
	cluster-blacklist-ttl cluster-compatibility-sample-ratio cluster-config-save-behavior
	cluster-databases cluster-drop-packet-filter cluster-manual-failover-timeout cluster-ping-interval
	cluster-slot-migration-log-max-len cluster-slot-stats-enabled commandlog-execution-max-len
	commandlog-execution-slower-than commandlog-large-reply-max-len commandlog-large-request-max-len
	commandlog-reply-larger-than commandlog-request-larger-than commandlog-slow-execution-max-len
	debug-context dual-channel-replication-enabled enable-debug-assert events-per-io-thread
	extended-redis-compatibility hash-max-zipmap-entries hash-max-zipmap-value hash-seed
	hide-user-data-from-log import-mode io-threads-always-active key-memory-histograms locale-collate
	log-format log-timestamp-format lookahead lua-enable-deprecated-api lua-enable-insecure-api
	max-new-connections-per-cycle max-new-tls-connections-per-cycle min-io-threads-avoid-copy-reply
	min-string-size-avoid-copy-reply min-string-size-avoid-copy-reply-threaded mptcp
	prefetch-batch-max-size primaryauth primaryuser rdb-version-check rdma-bind rdma-completion-vector
	rdma-port rdma-rx-size repl-diskless-sync-period repl-mptcp repl-rdb-channel
	replica-full-sync-buffer-limit server-cpulist set-max-listpack-entries set-max-listpack-value
	slot-migration-max-failover-repl-bytes tls-auth-clients-user tls-auto-reload-interval
`

// isIgnored reports whether name, or a directive of a module (they have a point in their
// names), means nothing to a monitor, and returns the check of its arguments.
func isIgnored(name string) (argumentCheck, bool) {
	if check, ok := redisDirectives[name]; ok {
		return check, true
	}
	return something, strings.Contains(name, ".")
}
