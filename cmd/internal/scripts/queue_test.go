package scripts

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"picket/monitor"
)

const second = monitor.Instant(time.Second)

func newQueue() *queue { return &queue{limits: DefaultLimits()} }

// at starts what is due and gives each job a process.
func (q *queue) at(now monitor.Instant) []*job {
	begin := q.start(now)
	for _, j := range begin {
		q.began(j, 1000+j.tries)
	}
	return begin
}

func published(events []monitor.Event) (list []string) {
	for _, e := range events {
		if e.Level > monitor.LevelDebug {
			list = append(list, e.Name+" "+e.Payload)
		}
	}
	return list
}

// What becomes of a job by how its process ended (sentinelCollectTerminatedScripts).
func TestHowAScriptEndsDecidesWhatFollows(t *testing.T) {
	for _, tc := range []struct {
		name    string
		how     ending
		repeats bool
		event   string
	}{
		{"code 0 is success", ending{code: 0}, false, ""},
		{"code 1 asks for another try", ending{code: 1}, true, ""},
		{"code 2 is an error", ending{code: 2}, false, "-script-error /s 0 2"},
		{"code 255 is an error", ending{code: 255}, false, "-script-error /s 0 255"},
		{"a signal asks for another try", ending{signal: 9}, true, ""},
		{"a process that was not to be had is told and tried again", neverBegan, true, "-script-error /s 99 0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			q := newQueue()
			q.add([]string{"/s", "arg"})
			events := q.ended(q.at(second)[0], tc.how, 2*second)
			if got := len(q.jobs) == 1; got != tc.repeats {
				t.Errorf("queued still: %v", got)
			}
			var want []string
			if tc.event != "" {
				want = []string{tc.event}
			}
			if got := published(events); !slices.Equal(got, want) {
				t.Errorf("events %q, want %q", got, want)
			}
			if q.running != 0 {
				t.Errorf("%d run", q.running)
			}
		})
	}
}

// The delay doubles from 30 s (sentinelScriptRetryDelay); the tenth try is the last.
func TestAScriptIsTriedTenTimesLaterAndLater(t *testing.T) {
	q := newQueue()
	q.add([]string{"/s"})
	now := second
	var delays []int
	for {
		begin := q.at(now)
		if len(begin) != 1 {
			t.Fatalf("%d scripts begin at %v", len(begin), now)
		}
		events := q.ended(begin[0], ending{signal: 15}, now)
		if len(q.jobs) == 0 {
			if got := published(events); !slices.Equal(got, []string{"-script-error /s 15 0"}) {
				t.Errorf("at the end %q", got)
			}
			break
		}
		due := q.wake()
		delays = append(delays, int(due.Sub(now)/time.Second))
		if again := q.start(due - 1); len(again) != 0 {
			t.Fatalf("begins before it is due")
		}
		now = due
	}
	want := []int{30, 60, 120, 240, 480, 960, 1920, 3840, 7680}
	if !slices.Equal(delays, want) {
		t.Errorf("delays %v, want %v", delays, want)
	}
}

func TestAScriptThatRunsTooLongIsKilledOnceForEachTry(t *testing.T) {
	q := newQueue()
	q.add([]string{"/s", "x"})
	j := q.at(second)[0]
	if late, _ := q.overdue(61 * second); len(late) != 0 {
		t.Error("killed at the limit, want after it")
	}
	if got, want := q.wake(), second.Add(time.Minute+time.Millisecond); got != want {
		t.Errorf("wakes at %v, want %v", got, want)
	}
	late, events := q.overdue(q.wake())
	if len(late) != 1 || !slices.Equal(published(events), []string{"-script-timeout /s 1001"}) {
		t.Fatalf("%v, %q", late, published(events))
	}
	if late, _ := q.overdue(100 * second); len(late) != 0 || q.wake() != monitor.Never {
		t.Error("it is killed twice")
	}
	q.ended(j, ending{signal: 9}, 62*second)
	q.at(92 * second)
	if late, _ := q.overdue(200 * second); len(late) != 1 {
		t.Error("the second try is not killed")
	}
}

func TestSixteenRunAtATimeOldestFirst(t *testing.T) {
	q := newQueue()
	for n := range 20 {
		q.add([]string{fmt.Sprint(n)})
	}
	begin := q.at(second)
	if len(begin) != 16 || begin[0].argv[0] != "0" || begin[15].argv[0] != "15" {
		t.Fatalf("%d begin", len(begin))
	}
	if q.wake() != second.Add(time.Minute+time.Millisecond) {
		t.Error("wakes for a job that has no room")
	}
	q.ended(begin[3], ending{}, 2*second)
	if next := q.at(2 * second); len(next) != 1 || next[0].argv[0] != "16" {
		t.Errorf("then %v", next)
	}
}

func TestTheOldestThatDoesNotRunIsDroppedFromAFullQueue(t *testing.T) {
	q := newQueue()
	for n := range 20 {
		q.add([]string{fmt.Sprint(n)})
	}
	q.at(second)
	for n := 20; n < maxQueue+2; n++ {
		q.add([]string{fmt.Sprint(n)})
	}
	if len(q.jobs) != maxQueue || q.running != maxRunning {
		t.Fatalf("%d jobs, %d run", len(q.jobs), q.running)
	}
	if got := q.jobs[16].argv[0]; got != "18" {
		t.Errorf("the oldest that waits is %s, want 18", got)
	}
	if got := q.jobs[maxQueue-1].argv[0]; got != fmt.Sprint(maxQueue+1) {
		t.Errorf("the newest is %s", got)
	}
}

func TestADelayDoesNotOverflow(t *testing.T) {
	q := newQueue()
	q.limits.RetryDelay = 300 * 24 * time.Hour
	if d := q.delay(maxTries); d != longestDelay {
		t.Errorf("%v", d)
	}
}

// Whatever happens, the limits hold, nothing that is due is left lying, and every job
// ends sometime.
func TestQueueHoldsItsLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q, now := newQueue(), second
		var running []*job
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				for range rapid.IntRange(1, 300).Draw(t, "n") {
					q.add([]string{"/s"})
				}
			},
			"start": func(*rapid.T) { running = append(running, q.at(now)...) },
			"end": func(t *rapid.T) {
				if len(running) == 0 {
					t.Skip("none runs")
				}
				n := rapid.IntRange(0, len(running)-1).Draw(t, "which")
				how := rapid.SampledFrom([]ending{{}, {code: 1}, {code: 3}, {signal: 9}, neverBegan}).Draw(t, "how")
				q.ended(running[n], how, now)
				running = slices.Delete(running, n, n+1)
			},
			"pass": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 100_000).Draw(t, "ms")) * time.Millisecond)
				q.overdue(now)
			},
			"": func(t *rapid.T) {
				if len(q.jobs) > maxQueue || q.running > maxRunning || q.running != len(running) {
					t.Fatalf("%d jobs, %d run, %d known to run", len(q.jobs), q.running, len(running))
				}
				for _, j := range q.jobs {
					if j.tries > maxTries {
						t.Fatalf("%d tries", j.tries)
					}
				}
				if len(q.jobs) > len(running) && q.running < maxRunning && q.wake() == monitor.Never {
					t.Fatal("a job waits and nothing will wake us")
				}
			},
		})
	})
}
