// Package prometheus tests the alert rules and the example configuration beside it, and
// that a real Prometheus understands the monitors.
//
// The package has no code of its own. Some tests have promtool check the files and play
// rules_test.yml; they are skipped where it is missing. TestAlertOfAFailover starts
// Debian's prometheus on a free port, in a temporary folder, has it scrape three
// monitors through a failover and waits for the alert: it runs with DEPLOY=1.
// get-prometheus.sh unpacks the programs into .cache where they are not installed.
//
// The names in the rules are compared with the metrics in cmd/internal/metrics.
package prometheus
