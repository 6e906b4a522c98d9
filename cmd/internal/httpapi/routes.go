package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"

	"picket/cmd/internal/history"
)

// routes maps the paths. Anything else is not found.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/status", s.inTurn(s.status))
	mux.HandleFunc("GET /api/groups/{group}/explain", s.inTurn(s.explain))
	mux.HandleFunc("GET /api/history", s.inTurn(s.history))
	mux.HandleFunc("GET /api/events", s.events)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /primary/{group}", s.primary)
	mux.HandleFunc("GET /replica/{group}", s.replica)
	if s.cfg.Metrics != nil {
		mux.HandleFunc("GET /metrics", s.inTurn(s.cfg.Metrics.ServeHTTP))
	}
	if s.cfg.Page != nil {
		mux.Handle("GET /{$}", s.cfg.Page)
	}
	return mux
}

// explanation is the JSON of /api/groups/<name>/explain.
type explanation struct {
	Group string   `json:"group"`
	Lines []string `json:"lines"`
}

// explainTime bounds how long the decision loop is waited for.
const explainTime = 2 * time.Second

func (s *Server) explain(w http.ResponseWriter, r *http.Request) {
	group := r.PathValue("group")
	if !s.watched(w, group) {
		return
	}
	s.answer(w, "explain "+group, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), explainTime) // others may wait for it
		defer cancel()
		lines, err := s.cfg.Source.Explain(ctx, group)
		return explanation{group, lines}, err
	})
}

// watched answers that a group is not found, unless it is.
func (s *Server) watched(w http.ResponseWriter, group string) bool {
	_, known := s.cfg.Source.View(group)
	if !known {
		deny(w, http.StatusNotFound, errUnwatched.Error())
	}
	return known
}

const (
	// defaultRecords is how many records are told unless more are asked for with limit.
	defaultRecords = 100
	// maxHistory is how many bytes of records are told at most; the oldest are left out.
	maxHistory = 4 << 20
)

// DurableHeader says, of /api/history, whether the records outlive the process: "yes" or "no".
const DurableHeader = "Picket-History-Durable"

// history tells the newest records. A group may have some that is watched no longer.
func (s *Server) history(w http.ResponseWriter, r *http.Request) {
	group, limit := r.URL.Query().Get("group"), defaultRecords
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > history.MaxRecords {
			deny(w, http.StatusBadRequest, "limit must be a number from 1 to "+strconv.Itoa(history.MaxRecords))
			return
		}
		limit = n
	}
	durable := "no"
	if s.cfg.Source.Self().HistoryDurable {
		durable = "yes"
	}
	w.Header().Set(DurableHeader, durable)
	body, err := recordsJSON(s.cfg.Source.Records(group), limit)
	s.write(w, "history", body, err)
}

// recordsJSON makes an array of the first records.
func recordsJSON(list []history.Record, limit int) ([]byte, error) {
	all := bytes.NewBufferString("[")
	for n := range list[:min(limit, len(list))] {
		text, err := json.Marshal(&list[n])
		if err != nil {
			return nil, fmt.Errorf("encode record %s: %w", list[n].ID, err)
		}
		if all.Len()+len(text) > maxHistory {
			break
		}
		if n > 0 {
			all.WriteByte(',')
		}
		all.Write(text)
	}
	all.WriteByte(']')
	return all.Bytes(), nil
}

// answer writes what make makes, as JSON. One that was made a moment ago is given again:
// many who ask cost hardly more than one.
func (s *Server) answer(w http.ResponseWriter, key string, make func() (any, error)) {
	body, err := s.answers.get(key, func() ([]byte, error) {
		what, err := make()
		if err != nil {
			return nil, err
		}
		return json.Marshal(what)
	})
	s.write(w, key, body, err)
}

// write gives an answer that was made, or says that there is none.
func (s *Server) write(w http.ResponseWriter, what string, body []byte, err error) {
	if err != nil {
		s.cfg.Log.Warn("no answer over HTTP", zap.String("to", what), zap.Error(err))
		deny(w, http.StatusServiceUnavailable, "no answer in time, the log says more")
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // whoever left does not read it
}
