package config

import "strings"

// redisDirectives are the directives of a data server's redis.conf or valkey.conf that
// mean nothing to a monitor: redis-sentinel takes them, so do we. The directives that
// Picket acts upon or refuses are in the other tables.
var redisDirectives = strings.Fields(redis7 + hidden + newer)

// redis7 is what CONFIG GET * of redis-server 7.0.15 names.
const redis7 = `
	acl-pubsub-default acllog-max-len active-defrag-cycle-max active-defrag-cycle-min
	active-defrag-ignore-bytes active-defrag-max-scan-fields active-defrag-threshold-lower
	active-defrag-threshold-upper active-expire-effort activedefrag activerehashing always-show-logo
	aof-disable-auto-gc aof-load-truncated aof-rewrite-incremental-fsync aof-timestamp-enabled
	aof-use-rdb-preamble aof_rewrite_cpulist appenddirname appendfilename appendfsync appendonly
	auto-aof-rewrite-min-size auto-aof-rewrite-percentage bgsave_cpulist bio_cpulist
	busy-reply-threshold client-output-buffer-limit client-query-buffer-limit
	cluster-allow-pubsubshard-when-down cluster-allow-reads-when-down cluster-allow-replica-migration
	cluster-announce-bus-port cluster-announce-hostname cluster-announce-ip cluster-announce-port
	cluster-announce-tls-port cluster-config-file cluster-enabled cluster-link-sendbuf-limit
	cluster-migration-barrier cluster-node-timeout cluster-port cluster-preferred-endpoint-type
	cluster-replica-no-failover cluster-replica-validity-factor cluster-require-full-coverage
	cluster-slave-no-failover cluster-slave-validity-factor crash-log-enabled crash-memcheck-enabled
	databases dbfilename disable-thp dynamic-hz enable-debug-command enable-module-command
	enable-protected-configs hash-max-listpack-entries hash-max-listpack-value hash-max-ziplist-entries
	hash-max-ziplist-value hll-sparse-max-bytes hz ignore-warnings io-threads io-threads-do-reads
	jemalloc-bg-thread latency-monitor-threshold latency-tracking latency-tracking-info-percentiles
	lazyfree-lazy-eviction lazyfree-lazy-expire lazyfree-lazy-server-del lazyfree-lazy-user-del
	lazyfree-lazy-user-flush lfu-decay-time lfu-log-factor list-compress-depth list-max-listpack-size
	list-max-ziplist-size lua-time-limit masterauth masteruser maxmemory maxmemory-clients
	maxmemory-eviction-tenacity maxmemory-policy maxmemory-samples min-replicas-max-lag
	min-replicas-to-write min-slaves-max-lag min-slaves-to-write no-appendfsync-on-rewrite
	notify-keyspace-events oom-score-adj oom-score-adj-values proc-title-template
	propagation-error-behavior proto-max-bulk-len rdb-del-sync-files rdb-save-incremental-fsync
	rdbchecksum rdbcompression repl-backlog-size repl-backlog-ttl repl-disable-tcp-nodelay
	repl-diskless-load repl-diskless-sync repl-diskless-sync-delay repl-diskless-sync-max-replicas
	repl-ping-replica-period repl-ping-slave-period repl-timeout replica-announce-ip
	replica-announce-port replica-announced replica-ignore-disk-write-errors replica-ignore-maxmemory
	replica-lazy-flush replica-priority replica-read-only replica-serve-stale-data replicaof
	sanitize-dump-payload save server_cpulist set-max-intset-entries set-proc-title shutdown-on-sigint
	shutdown-on-sigterm shutdown-timeout slave-announce-ip slave-announce-port slave-ignore-maxmemory
	slave-lazy-flush slave-priority slave-read-only slave-serve-stale-data slaveof
	slowlog-log-slower-than slowlog-max-len socket-mark-id stop-writes-on-bgsave-error
	stream-node-max-bytes stream-node-max-entries syslog-facility syslog-ident tracking-table-max-keys
	unixsocketperm zset-max-listpack-entries zset-max-listpack-value zset-max-ziplist-entries
	zset-max-ziplist-value
`

// hidden is what Redis reads but CONFIG GET * does not name, of 7.0 and before.
const hidden = `
	client-default-resp cluster-ping-interval hash-max-zipmap-entries hash-max-zipmap-value
	key-load-delay list-max-ziplist-entries list-max-ziplist-value
	loading-process-events-interval-bytes loadmodule lua-replicate-commands rdb-key-save-delay
	slave-announced watchdog-period
`

// newer came with Redis 7.2 to 8 and Valkey 7.2 to 9.
const newer = `
	active-defrag-cycle-us aof-rewrite-cpulist availability-zone bgsave-cpulist bio-cpulist
	cluster-announce-client-ipv4 cluster-announce-client-ipv6 cluster-announce-client-port
	cluster-announce-client-tls-port cluster-announce-human-nodename cluster-blacklist-ttl
	cluster-compatibility-sample-ratio cluster-config-save-behavior cluster-databases
	cluster-drop-packet-filter cluster-manual-failover-timeout cluster-slot-migration-log-max-len
	cluster-slot-stats-enabled commandlog-execution-max-len commandlog-execution-slower-than
	commandlog-large-reply-max-len commandlog-large-request-max-len commandlog-reply-larger-than
	commandlog-request-larger-than commandlog-slow-execution-max-len debug-context
	dual-channel-replication-enabled enable-debug-assert events-per-io-thread
	extended-redis-compatibility hash-seed hide-user-data-from-log import-mode io-threads-always-active
	key-memory-histograms locale-collate log-format log-timestamp-format lookahead
	lua-enable-deprecated-api lua-enable-insecure-api max-new-connections-per-cycle
	max-new-tls-connections-per-cycle min-io-threads-avoid-copy-reply min-string-size-avoid-copy-reply
	min-string-size-avoid-copy-reply-threaded mptcp prefetch-batch-max-size primaryauth primaryuser
	rdb-version-check rdma-bind rdma-completion-vector rdma-port rdma-rx-size repl-diskless-sync-period
	repl-mptcp repl-rdb-channel replica-full-sync-buffer-limit server-cpulist set-max-listpack-entries
	set-max-listpack-value slot-migration-max-failover-repl-bytes tls-auth-clients-user
	tls-auto-reload-interval tracking-table-max-keys
`
