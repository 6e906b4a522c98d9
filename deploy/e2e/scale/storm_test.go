package scale

import (
	"bytes"
	"context"
	"net"
	"strconv"
	"sync"
	"time"

	"picket/deploy/estate"
	"picket/deploy/lab"
)

// storm is many masters that die at once. Times run from the moment of death.
type storm struct {
	how         string
	size        int
	downAfter   time.Duration // how long Picket must hold back
	promoted    int
	half        time.Duration // until half of them were replaced
	allPromoted time.Duration // until the last that was
	named       int           // of how many every monitor gives the new address
	allNamed    time.Duration
	queries     spans
}

func (s *scene) storm(how string) {
	st := &storm{how: how, size: stormSize, downAfter: downAfter}
	strike := s.estate.Kill
	if how == "hung" {
		strike, st.downAfter = s.estate.Hang, silence
	}
	var victims []int
	for g := range stormSize {
		victims = append(victims, s.struck+g)
	}
	s.struck += stormSize
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	began := time.Now()
	s.must(strike(victims))
	named := s.watchNames(ctx, victims)
	took := s.promotions(ctx, victims, began)
	if len(took) < len(victims) {
		cancel()
	}
	byGroup := <-named
	st.promoted, st.half = len(took), quantiles(took).p50
	for _, d := range took {
		st.allPromoted = max(st.allPromoted, d)
	}
	for _, at := range byGroup {
		st.named++
		st.allNamed = max(st.allNamed, at.Sub(began))
	}
	st.queries = summarise(s.askers, began, time.Now())
	s.result.storms = append(s.result.storms, st)
}

// promotions waits until all victims are replaced and returns what each took.
func (s *scene) promotions(ctx context.Context, victims []int, began time.Time) []time.Duration {
	for {
		list, changed := s.estate.Promotions()
		var took []time.Duration
		for _, g := range victims {
			if p, ok := list[g]; ok {
				took = append(took, p.At.Sub(began))
			}
		}
		if len(took) == len(victims) {
			return took
		}
		select {
		case <-ctx.Done():
			return took
		case <-changed:
		}
	}
}

// watchNames asks every monitor for the addresses of the victims until each
// gives another than the old one. It sends when every monitor did so for a
// group, for the groups where that happened before ctx ended.
func (s *scene) watchNames(ctx context.Context, victims []int) <-chan map[int]time.Time {
	seen := make([]map[int]time.Time, len(s.monitors))
	var all sync.WaitGroup
	for n, m := range s.monitors {
		all.Go(func() { seen[n] = s.watchMonitor(ctx, m, victims) })
	}
	result := make(chan map[int]time.Time, 1)
	go func() {
		all.Wait()
		result <- latest(seen)
	}()
	return result
}

// latest keeps the groups that every monitor saw, each with the last one's time.
func latest(seen []map[int]time.Time) map[int]time.Time {
	last := map[int]time.Time{}
	for g, at := range seen[0] {
		everywhere := true
		for _, other := range seen[1:] {
			t, ok := other[g]
			everywhere = everywhere && ok
			if t.After(at) {
				at = t
			}
		}
		if everywhere {
			last[g] = at
		}
	}
	return last
}

func (s *scene) watchMonitor(ctx context.Context, m *lab.Monitor, victims []int) map[int]time.Time {
	seen := map[int]time.Time{}
	c, err := m.Dial(ctx)
	if err != nil {
		return seen
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	for len(seen) < len(victims) && ctx.Err() == nil {
		var open []int
		var questions bytes.Buffer
		for _, g := range victims {
			if _, ok := seen[g]; !ok {
				open = append(open, g)
				questions.Write(lab.Encode("SENTINEL", "GET-MASTER-ADDR-BY-NAME", estate.Name(g)))
			}
		}
		if _, err := c.Write(questions.Bytes()); err != nil {
			return seen
		}
		for _, g := range open {
			reply, err := c.Receive()
			if err != nil {
				return seen
			}
			if addr := lab.Strings(reply); len(addr) == 2 && net.JoinHostPort(addr[0], addr[1]) != s.oldAddr(g) {
				seen[g] = time.Now()
			}
		}
		pause(ctx, 100*time.Millisecond)
	}
	return seen
}

func (s *scene) oldAddr(group int) string {
	host, port := s.estate.Master(group)
	return net.JoinHostPort(host, strconv.Itoa(port))
}
