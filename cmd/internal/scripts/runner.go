package scripts

import (
	"sync"
	"time"

	"picket/monitor"
)

// Process is a script that was started.
type Process interface {
	PID() int
	// Wait waits for the end. It is called once.
	Wait() (signal, code int)
	// Kill ends the process, and those that it started and that stayed with it. It may
	// be called at any time and does nothing after the end.
	Kill()
}

// Starter starts processes. An error means that there was no process to be had: that
// the script could not be executed is an exit code, 2.
type Starter interface {
	Start(argv []string) (Process, error)
}

// Config is what a Runner is made of. All fields are required.
type Config struct {
	Starter Starter
	Clock   func() monitor.Instant
	// Tell takes the events, in their order, from one goroutine at a time; it may wait.
	Tell func(monitor.Event)
}

// Runner runs scripts, beside everything else. Close it.
type Runner struct {
	cfg   Config
	ends  chan finished
	woken chan struct{}
	over  chan struct{}
	done  chan struct{}

	mu    sync.Mutex
	queue queue
	procs map[*job]Process
}

// finished is the end of one process.
type finished struct {
	job *job
	how ending
}

// New returns a Runner that has nothing to do yet.
func New(cfg Config) *Runner {
	r := &Runner{
		cfg: cfg, queue: queue{limits: DefaultLimits()}, procs: map[*job]Process{},
		ends: make(chan finished, maxRunning), woken: make(chan struct{}, 1), over: make(chan struct{}), done: make(chan struct{}),
	}
	go r.run()
	return r
}

// Schedule queues a script and returns at once. argv is the path and the arguments.
func (r *Runner) Schedule(argv ...string) {
	r.mu.Lock()
	r.queue.add(argv)
	r.mu.Unlock()
	r.wake()
}

// SetLimits changes the limits, also for scripts that run or wait already.
func (r *Runner) SetLimits(change func(*Limits)) {
	r.mu.Lock()
	change(&r.queue.limits)
	r.mu.Unlock()
	r.wake()
}

// Limits returns the limits.
func (r *Runner) Limits() Limits {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.queue.limits
}

// Pending is one job, as SENTINEL PENDING-SCRIPTS tells it.
type Pending struct {
	Argv    []string // must not be changed
	Running bool
	PID     int           // 0 while it waits
	RunTime time.Duration // of one that runs
	Delay   time.Duration // until the next try of one that waits; 0: as soon as there is room
	Tries   int           // begun so far
}

// Pending lists the jobs, oldest first.
func (r *Runner) Pending() []Pending {
	now := r.cfg.Clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Pending, 0, len(r.queue.jobs))
	for _, j := range r.queue.jobs {
		p := Pending{Argv: j.argv, Running: j.running, PID: j.pid, Tries: j.tries}
		if j.running {
			p.RunTime = now.Sub(j.since)
		} else if j.due > now {
			p.Delay = j.due.Sub(now)
		}
		list = append(list, p)
	}
	return list
}

// Counts returns how many scripts run and how long the queue is, those included.
func (r *Runner) Counts() (running, queued int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.queue.running, len(r.queue.jobs)
}

// Close drops what has not begun and returns when nothing more will be started or
// told. Processes that run are left to finish by themselves.
func (r *Runner) Close() {
	close(r.over)
	<-r.done
}

func (r *Runner) wake() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

func (r *Runner) run() {
	defer close(r.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-r.over:
			return
		case f := <-r.ends:
			r.collect(f)
		case <-r.woken:
		case <-timer.C:
		}
		r.killOverdue()
		r.startDue()
		r.rest(timer)
	}
}

// rest sets the timer for what is due next.
func (r *Runner) rest(timer *time.Timer) {
	r.mu.Lock()
	next := r.queue.wake()
	r.mu.Unlock()
	timer.Stop()
	if next != monitor.Never {
		timer.Reset(max(0, next.Sub(r.cfg.Clock())))
	}
}

func (r *Runner) startDue() {
	r.mu.Lock()
	begin := r.queue.start(r.cfg.Clock())
	r.mu.Unlock()
	for _, j := range begin {
		p, err := r.cfg.Starter.Start(j.argv)
		if err != nil {
			r.collect(finished{j, neverBegan})
			continue
		}
		r.mu.Lock()
		r.procs[j] = p
		event := r.queue.began(j, p.PID())
		r.mu.Unlock()
		r.cfg.Tell(event)
		go r.await(j, p)
	}
}

func (r *Runner) await(j *job, p Process) {
	signal, code := p.Wait()
	select {
	case r.ends <- finished{j, ending{signal, code}}:
	case <-r.over:
	}
}

func (r *Runner) collect(f finished) {
	r.mu.Lock()
	delete(r.procs, f.job)
	events := r.queue.ended(f.job, f.how, r.cfg.Clock())
	r.mu.Unlock()
	r.tell(events)
}

func (r *Runner) killOverdue() {
	r.mu.Lock()
	late, events := r.queue.overdue(r.cfg.Clock())
	var victims []Process
	for _, j := range late {
		victims = append(victims, r.procs[j])
	}
	r.mu.Unlock()
	for _, p := range victims {
		p.Kill()
	}
	r.tell(events)
}

func (r *Runner) tell(events []monitor.Event) {
	for _, e := range events {
		r.cfg.Tell(e)
	}
}
