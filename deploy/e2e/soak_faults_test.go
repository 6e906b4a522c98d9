package e2e

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"picket/deploy/lab"
)

// suffer plays one fault on one group and notes what came of it.
func (s *side) suffer(ctx context.Context, e episode, f blow) {
	p := dealt{blow: f, episode: e, at: time.Now()}
	master, err := s.current(ctx)
	if err == nil {
		err = s.apply(ctx, master, f)
		err = errors.Join(err, s.answers(ctx, master))
	}
	p.err = err
	s.played = append(s.played, p)
}

// current is the server that the group's monitors name.
func (s *side) current(ctx context.Context) (*lab.Redis, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var found *lab.Redis
	err := lab.Poll(ctx, "find a master that answers as one", func(ctx context.Context) bool {
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		for _, m := range s.Monitors {
			addr, err := m.MasterAddr(ctx)
			r, known := s.Server(addr)
			if err != nil || !known {
				continue
			}
			if info, err := r.Info(ctx); err == nil && lab.IsMaster(info) {
				found = r
				return true
			}
		}
		return false
	})
	return found, err
}

// answers waits until a server answers PONG, so that two silences are never one.
func (s *side) answers(ctx context.Context, r *lab.Redis) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return lab.Poll(ctx, r.Addr()+" answers PONG", func(ctx context.Context) bool {
		_, err := r.Do(ctx, "PING")
		return err == nil
	})
}

func (s *side) apply(ctx context.Context, master *lab.Redis, f blow) error {
	one := []*lab.Process{s.Servers()[f.n%3].Process}
	switch f.kind {
	case script, storm:
		return s.scripts(ctx, master, f)
	case sleeping:
		_, err := master.Do(ctx, "DEBUG", "SLEEP", strconv.FormatFloat(f.d.Seconds(), 'f', 3, 64))
		return err
	case keys, sorting:
		return s.slowly(ctx, master, f)
	case pausing:
		_, err := master.Do(ctx, "CLIENT", "PAUSE", strconv.FormatInt(f.d.Milliseconds(), 10), "ALL")
		return err
	case stopping:
		return stop(ctx, f.d, one)
	case everyone:
		return stop(ctx, f.d, processes(s.Servers()))
	case forking:
		if _, err := master.Do(ctx, "BGSAVE"); err != nil {
			return err
		}
		return stop(ctx, f.d, []*lab.Process{master.Process})
	case watcher:
		return stop(ctx, f.d, []*lab.Process{s.Monitors[f.n%3].Process})
	case watchers:
		return stop(ctx, f.d, processes(s.Monitors))
	}
	return fmt.Errorf("play %q: nobody knows how", f.kind)
}

// scripts runs one script, or as many as a storm has, all sent at once. Which
// kinds of script they are is the number's choice.
func (s *side) scripts(ctx context.Context, r *lab.Redis, f blow) error {
	shapes := []lab.Script{lab.Writing(f.d, "soak-script", 50), lab.Reading(f.d), lab.Function(f.d, "soak-script", 50),
		lab.ReadingFunction(f.d), lab.Transaction(lab.Writing(f.d, "soak-script", 50), "soak-script")}
	if f.kind == script {
		return (<-r.Run(ctx, shapes[f.n%len(shapes)])).Err
	}
	// FUNCTION LOAD would be refused while another script runs: a storm is of EVALs.
	evals := []lab.Script{shapes[0], shapes[1]}
	var all sync.WaitGroup
	errs := make([]error, f.n)
	for i := range errs {
		all.Go(func() { errs[i] = busyIsNoError((<-r.Run(ctx, evals[i%len(evals)])).Err) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// busyIsNoError: a script that comes while another one is BUSY is refused.
func busyIsNoError(err error) error {
	var reply lab.ReplyError
	if errors.As(err, &reply) && len(reply) > 4 && reply[:4] == "BUSY" {
		return nil
	}
	return err
}

// slowly sends, in one pipeline, as many slow commands as fill the time. One is
// timed before: how long it takes is a matter of what else the machine does.
func (s *side) slowly(ctx context.Context, r *lab.Redis, f blow) error {
	c, err := r.Dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	began := time.Now()
	if _, err := c.Do(ctx, slow[f.kind]...); err != nil {
		return err
	}
	n := max(1, int(f.d/max(time.Since(began), time.Millisecond)))
	var pipeline []byte
	for range n {
		pipeline = append(pipeline, lab.Encode(slow[f.kind]...)...)
	}
	if _, err := c.Write(pipeline); err != nil {
		return fmt.Errorf("send %d %s: %w", n, f.kind, err)
	}
	for range n {
		if _, err := c.Receive(); err != nil {
			return fmt.Errorf("read the replies to %s: %w", f.kind, err)
		}
	}
	return nil
}

func processes[P interface{ *lab.Redis | *lab.Monitor }](list []P) []*lab.Process {
	out := make([]*lab.Process, len(list))
	for i, p := range list {
		switch p := any(p).(type) {
		case *lab.Redis:
			out[i] = p.Process
		case *lab.Monitor:
			out[i] = p.Process
		}
	}
	return out
}

// stop freezes processes for a while.
func stop(ctx context.Context, d time.Duration, list []*lab.Process) error {
	var err error
	for _, p := range list {
		err = errors.Join(err, p.Freeze())
	}
	sleep(ctx, d)
	for _, p := range list {
		err = errors.Join(err, p.Thaw())
	}
	return err
}

// observer asks one server PING every 50 ms and remembers for how long it said
// nothing. Starved of processor time itself, it sees more silence than there was.
type observer struct {
	*lab.Redis
	mu       sync.Mutex
	silences []silence
}

// silence is a time without any answer, BUSY being one.
type silence struct {
	from time.Time
	d    time.Duration
}

func observe(ctx context.Context, r *lab.Redis) *observer {
	o := &observer{Redis: r}
	go func() {
		for ctx.Err() == nil {
			c, err := r.Dial(ctx)
			for err == nil {
				began := time.Now()
				var reply lab.ReplyError
				if _, err = c.Do(ctx, "PING"); errors.As(err, &reply) {
					err = nil
				}
				o.note(silence{began, time.Since(began)})
				sleep(ctx, 50*time.Millisecond)
			}
			if c != nil {
				c.Close()
			}
			sleep(ctx, 50*time.Millisecond)
		}
	}()
	return o
}

// note keeps what could matter, which is far below any limit.
func (o *observer) note(s silence) {
	if s.d < 200*time.Millisecond {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.silences = append(o.silences, s)
}

// longest is the longest silence that began within a span of time.
func (o *observer) longest(from, to time.Time) (most silence) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.silences {
		if s.d > most.d && !s.from.Before(from) && s.from.Before(to) {
			most = s
		}
	}
	return most
}
