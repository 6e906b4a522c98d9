package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ErrNoQuota says that this machine does not let us limit a process's share of the processors.
var ErrNoQuota = errors.New("cpu quotas are not permitted here (they need root and a writable cgroup with the cpu controller)")

// The cpu controller's folder in either version of cgroups.
const (
	cgroupOne = "/sys/fs/cgroup/cpu"
	cgroupTwo = "/sys/fs/cgroup"
)

// Quota is a control group: what its processes may use of the processors, all
// together. A process that one of them starts belongs to it too; one that the
// lab starts again does not.
type Quota struct {
	parent string
	dir    string
}

// NewQuota makes an empty control group without a limit. It ends with the lab.
func (l *Lab) NewQuota() (*Quota, error) {
	parent := cgroupTwo
	if _, err := os.Stat(filepath.Join(cgroupOne, "cpu.cfs_quota_us")); err == nil {
		parent = cgroupOne
	}
	sweep(parent)
	dir, err := os.MkdirTemp(parent, fmt.Sprintf("%s%d-", quotaPrefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoQuota, err)
	}
	q := &Quota{parent: parent, dir: dir}
	l.onClose(q.remove)
	return q, q.Free()
}

const quotaPrefix = "picket-lab-"

// sweep removes the groups of programs that ended without closing their lab; the
// kernel ended what was in them.
func sweep(parent string) {
	left, _ := filepath.Glob(filepath.Join(parent, quotaPrefix+"*-*"))
	for _, dir := range left {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), quotaPrefix), "-")
		if _, err := os.Stat("/proc/" + pid); os.IsNotExist(err) {
			_ = os.Remove(dir)
		}
	}
}

// Add puts a running process into the group.
func (q *Quota) Add(p *Process) error {
	if err := os.WriteFile(filepath.Join(q.dir, "cgroup.procs"), []byte(strconv.Itoa(p.PID())), 0); err != nil {
		return fmt.Errorf("limit the cpu of %s: %w", p.Name(), err)
	}
	return nil
}

// Limit lets the group run for no more than run in every period, which is one
// second at the most. Having used it up it stands still for the rest of the period.
func (q *Quota) Limit(run, period time.Duration) error {
	if q.parent == cgroupTwo {
		return q.set("cpu.max", fmt.Sprintf("%d %d", run.Microseconds(), period.Microseconds()))
	}
	if err := q.Free(); err != nil { // no quota may exceed what the old period allowed
		return err
	}
	if err := q.set("cpu.cfs_period_us", strconv.FormatInt(period.Microseconds(), 10)); err != nil {
		return err
	}
	return q.set("cpu.cfs_quota_us", strconv.FormatInt(run.Microseconds(), 10))
}

// Free lifts the limit.
func (q *Quota) Free() error {
	if q.parent == cgroupTwo {
		return q.set("cpu.max", "max")
	}
	return q.set("cpu.cfs_quota_us", "-1")
}

func (q *Quota) set(file, value string) error {
	f, err := os.OpenFile(filepath.Join(q.dir, file), os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(value)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoQuota, err)
	}
	return nil
}

// remove gives the processes back to the parent: a group in use cannot be removed.
func (q *Quota) remove() {
	procs := filepath.Join(q.parent, "cgroup.procs")
	for range 100 {
		pids, err := os.ReadFile(filepath.Join(q.dir, "cgroup.procs"))
		if err != nil {
			return
		}
		for pid := range strings.FieldsSeq(string(pids)) {
			os.WriteFile(procs, []byte(pid), 0) // it may have ended
		}
		if os.Remove(q.dir) == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// StartBurner starts a process that does nothing but use a processor.
func (l *Lab) StartBurner() (*Process, error) {
	dir, err := l.folder("burner")
	if err != nil {
		return nil, err
	}
	p, err := l.Process(Spec{Name: "burner", Dir: dir, Log: filepath.Join(dir, "log"), Argv: []string{"sh", "-c", "while :; do :; done"}})
	if err != nil {
		return nil, err
	}
	return p, p.Start()
}
