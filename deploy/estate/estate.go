package estate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Ports lie below the range from which kernels choose the local ports of
// outgoing connections, and each worker has a loopback address of its own: nothing
// else listens there but what listens on all addresses, which the worker gives way to.
const (
	firstPort = 10000
	lastPort  = 30000
	// groupsPerWorker keeps a worker below 20,000 open files with three monitors
	// that open up to three connections to each instance.
	groupsPerWorker = 900
)

// Estate is a set of running groups.
type Estate struct {
	groups  int
	workers []*worker

	mu       sync.Mutex
	promoted map[int]Promotion
	changed  chan struct{} // closed and replaced when promoted grows
}

// Promotion is a replica that was told to be a master.
type Promotion struct {
	Addr string
	At   time.Time
}

// worker is one process of the estate, as its parent sees it.
type worker struct {
	spec    spec
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan string
	done    chan struct{}
}

// spec says which groups a worker serves.
type spec struct {
	Host   string // loopback address
	Port   int    // of its first master
	First  int    // number of its first group
	Groups int
}

// workerEnv tells a program that it is a worker, and of what.
const workerEnv = "PICKET_ESTATE_WORKER"

// Start runs groups. They answer when it returns.
func Start(groups int) (*Estate, error) {
	e := &Estate{groups: groups, promoted: map[int]Promotion{}, changed: make(chan struct{})}
	for first := 0; first < groups; first += groupsPerWorker {
		s := spec{Host: fmt.Sprintf("127.77.%d.1", len(e.workers)), Port: firstPort, First: first, Groups: min(groupsPerWorker, groups-first)}
		w, err := e.start(s)
		for err != nil && strings.Contains(err.Error(), "address already in use") && s.Port+4*s.Groups < lastPort {
			s.Port += 2 * s.Groups
			w, err = e.start(s)
		}
		if err != nil {
			e.Close()
			return nil, err
		}
		e.workers = append(e.workers, w)
	}
	return e, nil
}

func (e *Estate) start(s spec) (*worker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("describe a worker: %w", err)
	}
	w := &worker{spec: s, cmd: exec.Command(self), answers: make(chan string, 1), done: make(chan struct{})}
	w.cmd.Env = append(os.Environ(), workerEnv+"="+string(text))
	var errs bytes.Buffer
	w.cmd.Stderr = &errs
	w.in, err = w.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open a pipe to a worker: %w", err)
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("open a pipe from a worker: %w", err)
	}
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a worker: %w", err)
	}
	go e.listen(w, out)
	if _, ok := <-w.answers; !ok {
		<-w.done
		return nil, fmt.Errorf("start a worker: %s", errs.String())
	}
	return w, nil
}

// listen takes what a worker says until it ends.
func (e *Estate) listen(w *worker, out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 4 && words[0] == "promoted" {
			e.notePromotion(w, words[1:])
			continue
		}
		w.answers <- lines.Text()
	}
	close(w.answers)
	_ = w.cmd.Wait() // it ends by its closed input, or has told why
	close(w.done)
}

func (e *Estate) notePromotion(w *worker, words []string) {
	group, _ := strconv.Atoi(words[0])
	at, _ := strconv.ParseInt(words[2], 10, 64)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.promoted[group] = Promotion{Addr: net.JoinHostPort(w.spec.Host, words[1]), At: time.Unix(0, at)}
	close(e.changed)
	e.changed = make(chan struct{})
}

// Groups is how many groups there are; they are numbered from 0.
func (e *Estate) Groups() int { return e.groups }

// Name is what monitors are to call a group.
func Name(group int) string { return fmt.Sprintf("group-%04d", group) }

// Master is where the first master of a group listens.
func (e *Estate) Master(group int) (host string, port int) {
	s := e.workerOf(group).spec
	return s.Host, s.masterPort(group)
}

func (s spec) masterPort(group int) int { return s.Port + 2*(group-s.First) }

func (e *Estate) workerOf(group int) *worker { return e.workers[group/groupsPerWorker] }

// Kill ends the first masters of the groups as SIGKILL would: connections are
// closed and new ones refused. It returns when that is done.
func (e *Estate) Kill(groups []int) error { return e.order("kill", groups) }

// Hang silences the first masters of the groups as SIGSTOP would: the kernel
// takes what is sent to them and nothing is answered.
func (e *Estate) Hang(groups []int) error { return e.order("hang", groups) }

func (e *Estate) order(what string, groups []int) error {
	lists := map[*worker]string{}
	for _, g := range groups {
		lists[e.workerOf(g)] += " " + strconv.Itoa(g)
	}
	for _, w := range e.workers {
		if lists[w] == "" {
			continue
		}
		if _, err := io.WriteString(w.in, what+lists[w]+"\n"); err != nil {
			return fmt.Errorf("%s masters: %w", what, err)
		}
		if answer, ok := <-w.answers; !ok || answer != what {
			return errors.New(what + " masters: the worker ended or misunderstood: " + answer)
		}
	}
	return nil
}

// Promotions returns the last promotion in each group, and a channel that is
// closed at the next one.
func (e *Estate) Promotions() (map[int]Promotion, <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make(map[int]Promotion, len(e.promoted))
	for g, p := range e.promoted {
		list[g] = p
	}
	return list, e.changed
}

// PIDs are the process ids of the workers.
func (e *Estate) PIDs() []int {
	var list []int
	for _, w := range e.workers {
		list = append(list, w.cmd.Process.Pid)
	}
	return list
}

// Close ends the workers.
func (e *Estate) Close() {
	for _, w := range e.workers {
		_ = w.in.Close()
	}
	for _, w := range e.workers {
		<-w.done
	}
}
