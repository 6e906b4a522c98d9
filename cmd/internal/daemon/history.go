package daemon

import (
	"encoding/json"
	"fmt"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/history"
	"picket/failover"
	"picket/monitor"
)

// openHistory reads what was kept of earlier runs. It is no state that decisions hang
// on: a file that cannot be read or written costs the history, not the monitor.
func (d *Daemon) openHistory() error {
	log, err := history.Open(d.cfg.StateDir)
	if err != nil {
		d.log.Warn("history is kept in memory only", zap.Error(err))
		log, err = history.Open("")
	}
	d.history = log
	return err
}

// record keeps what a step of a group told.
func (l *loop) record(w *watched, events []monitor.Event) {
	if len(events) > 0 {
		l.recorder.Events(time.Now(), events, func() failover.Account { return w.group.Account(l.d.clock()) })
	}
}

// recordRefusal keeps that an operator's failover was refused; "" is that it was not.
func (l *loop) recordRefusal(w *watched, refusal string) {
	if refusal != "" {
		l.recorder.Refused(time.Now(), refusal, w.group.Account(l.d.clock()))
	}
}

// History returns the records of a group, of all when it is "", newest first, each as JSON.
func (b backend) History(group string) ([]string, error) {
	var list []string
	for _, rec := range b.d.history.Records(group) {
		text, err := json.Marshal(rec)
		if err != nil {
			return nil, fmt.Errorf("encode the history: %w", err)
		}
		list = append(list, string(text))
	}
	return list, nil
}
