package check

import (
	"cmp"
	"fmt"
	"slices"

	"picket/config"
	"picket/monitor"
)

// Severity says how bad a finding is.
type Severity string

// The severities. A note is true of many a sound set-up.
const (
	Error Severity = "error" // it does not start, or cannot fail over
	Risk  Severity = "risk"  // it works until something happens
	Note  Severity = "note"  // good to know
)

// Finding is one thing that was found.
type Finding struct {
	Severity Severity       `json:"severity"`
	Reason   monitor.Reason `json:"reason"`
	File     string         `json:"file,omitempty"`
	Line     int            `json:"line,omitempty"` // counted from 1; 0: no line says it
	About    string         `json:"about,omitempty"`
	Text     string         `json:"text"`
	Advice   string         `json:"advice"`
}

// Reasons that the core has no word for: it cannot see these.
const (
	ReasonConfig          monitor.Reason = "configuration-error"
	ReasonConfigWarning   monitor.Reason = "configuration-warning"
	ReasonTLSFiles        monitor.Reason = "tls-files"
	ReasonQuorumHigh      monitor.Reason = "quorum-above-voters"
	ReasonQuorumLow       monitor.Reason = "quorum-below-majority"
	ReasonLoopback        monitor.Reason = "loopback-address"
	ReasonUnprotected     monitor.Reason = "no-password"
	ReasonUnreachable     monitor.Reason = "not-reached"
	ReasonMinReplicas     monitor.Reason = "min-replicas-to-write-zero"
	ReasonBacklog         monitor.Reason = "small-repl-backlog"
	ReasonNoPersistence   monitor.Reason = "persistence-off"
	ReasonAnnounced       monitor.Reason = "replica-announces-wrong-address"
	ReasonHidden          monitor.Reason = "replica-not-announced"
	ReasonNoReplicas      monitor.Reason = "no-replica"
	ReasonStaleRefused    monitor.Reason = "stale-data-refused"
	ReasonMonitorAway     monitor.Reason = "monitor-not-reached"
	ReasonPasswordUnasked monitor.Reason = "password-not-asked"
)

// Worst is the worst severity among findings, "" when there are none.
func Worst(list []Finding) Severity {
	var worst Severity
	for _, f := range list {
		if rank(f.Severity) > rank(worst) {
			worst = f.Severity
		}
	}
	return worst
}

func rank(s Severity) int { return slices.Index([]Severity{"", Note, Risk, Error}, s) }

// sorted puts the worst first and drops what was found twice.
func sorted(list []Finding) []Finding {
	slices.SortStableFunc(list, func(a, b Finding) int { return cmp.Compare(rank(b.Severity), rank(a.Severity)) })
	var once []Finding
	for _, f := range list {
		if !slices.Contains(once, f) {
			once = append(once, f)
		}
	}
	return once
}

// findings gathers what is found about one configuration.
type findings struct {
	cfg  *config.Config
	list []Finding
}

// add appends a finding; the directive says which line is meant, of a group unless that is "".
func (f *findings) add(one Finding, directive, group string) {
	if directive != "" {
		at := f.cfg.Where(directive, group)
		if at.Line == 0 {
			at = f.cfg.Where("sentinel monitor", group)
		}
		one.File, one.Line = at.File, at.Line
	}
	f.list = append(f.list, one)
}

// about appends a finding about a server or monitor of a group.
func (f *findings) about(addr, group string, one Finding) {
	one.About = addr
	f.add(one, "sentinel monitor", group)
}

func text(format string, args ...any) string { return fmt.Sprintf(format, args...) }
