package e2e

import (
	"errors"
	"flag"
	"os"
	"regexp"
	"slices"
	"sync"
	"testing"

	"picket/deploy/lab"
)

var (
	scenes   = flag.String("scenes", "", "play the scenes of the fault lab whose name matches; none by default")
	alone    = flag.Bool("alone", false, "play them without redis-sentinel")
	keepIn   = flag.String("results", "", "write the fault lab's table into this file")
	outcomes sheet
)

// faults are all scenes of the fault lab, one list a file.
func faults() []faultScene {
	return slices.Concat(deaths, silences, scripts, accesses, strangers, absences,
		cuts, pairs, losses, disks, starved, neighbours)
}

// sheet collects rows from scenes that run side by side.
type sheet struct {
	sync.Mutex
	rows    []row
	skipped []string
}

// row is one scene under one program.
type row struct {
	scene   int // in faults
	program lab.Program
	figures figures
	err     error
}

func (s *sheet) add(r row) {
	s.Lock()
	defer s.Unlock()
	s.rows = append(s.rows, r)
}

func (s *sheet) leave(name string) {
	s.Lock()
	defer s.Unlock()
	s.skipped = append(s.skipped, name)
}

func TestFaultLab(t *testing.T) {
	if *scenes == "" {
		t.Skip("the fault lab runs by itself: make fault-lab, or -scenes REGEXP")
	}
	chosen, err := regexp.Compile(*scenes)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("scenes", func(t *testing.T) {
		for i, f := range faults() {
			if chosen.MatchString(f.name) {
				t.Run(f.name, func(t *testing.T) {
					t.Parallel()
					f.compare(t, i)
				})
			}
		}
	})
	t.Log("\n" + outcomes.table())
	if *keepIn != "" {
		if err := os.WriteFile(*keepIn, []byte(outcomes.page()), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// compare plays a scene under Picket, which must do what is wanted, and under redis-sentinel.
// On a machine that is nobody's alone Picket gets a second try; the first stands in the table.
func (f faultScene) compare(t *testing.T, place int) {
	programs := []lab.Program{picket, sentinel}
	if *alone {
		programs = programs[:1]
	}
	for _, p := range programs {
		fig, err := f.play(t, p)
		if errors.Is(err, errSkip) || errors.Is(err, lab.ErrNotPermitted) || errors.Is(err, lab.ErrNoQuota) {
			outcomes.leave(f.name)
			t.Skip(err)
		}
		if err != nil && p == picket && onSharedMachine() {
			outcomes.add(row{scene: place, program: p, figures: fig, err: err})
			t.Logf("%s: FIRST TRY FAILED: %s: %v", f.name, fig, err)
			fig, err = f.play(t, p)
		}
		outcomes.add(row{scene: place, program: p, figures: fig, err: err})
		t.Logf("%s: %s", p.Name(), fig)
		if err != nil && p == picket {
			t.Error(err)
		} else if err != nil {
			t.Logf("%s: %v", p.Name(), err)
		}
	}
}
