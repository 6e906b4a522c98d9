package ask

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"picket/monitor"
	"picket/quorum"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func diff(t *testing.T, what string, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// question asks peer 2 about mymaster; change adjusts it.
func question(change ...func(*quorum.Question)) quorum.Question {
	q := quorum.Question{
		Effect: 11, Peer: idOf(2), Addr: addrOf(2), Group: "mymaster",
		Master: monitor.Addr{Host: "10.1.0.1", Port: 6379}, Epoch: 7, Deadline: 500 * time.Millisecond,
	}
	for _, f := range change {
		f(&q)
	}
	return q
}

func vote(q *quorum.Question) { q.Candidate = idOf(9) }

// asked asks and returns the only answer.
func (s *stage) asked(t *testing.T, q quorum.Question) quorum.Answer {
	t.Helper()
	s.Ask(q)
	return s.only(t, q.Deadline)
}

func (s *stage) only(t *testing.T, limit time.Duration) quorum.Answer {
	t.Helper()
	<-time.After(limit + time.Millisecond)
	synctest.Wait()
	_, answers := s.notes.take()
	if len(answers) != 1 {
		t.Fatalf("got %d answers, want exactly one: %+v", len(answers), answers)
	}
	return answers[0]
}

const asOfStart = monitor.Instant(time.Second) // what the stage's clock shows first

func TestAPicketIsAskedInOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		peer := s.house(addrOf(2), picketOf(2))
		got := s.asked(t, question(vote))
		master := monitor.Addr{Host: "10.1.0.1", Port: 6379}
		diff(t, "answer", got, quorum.Answer{
			Effect: 11, Peer: idOf(2), Addr: addrOf(2), Group: "mymaster", Sent: asOfStart, At: asOfStart,
			Kind: quorum.KindPicket, KnowsGroup: true, CurrentEpoch: 8, Boot: 3,
			Config: quorum.Configuration{Author: idOf(2), Group: "mymaster", Epoch: 5, Leader: idOf(4), Master: master},
			Gossip: monitor.Addr{Host: "10.0.0.2", Port: 27379},
			Opinion: &quorum.Opinion{
				Author: idOf(2), Version: quorum.Version{Boot: 3, Seq: 17}, Group: "mymaster", Master: master,
				RunID: strings.Repeat("ab", 20), State: monitor.StateScriptBlocked, Reason: "busy-script",
				Age: 120 * time.Millisecond, Epoch: 5,
			},
		})
		diff(t, "commands", peer.received(), []string{
			"SENTINEL is-master-down-by-addr 10.1.0.1 6379 7 " + string(idOf(9)),
			"SENTINEL PEER mymaster " + string(idOf(9)) + " 10.0.0.9 26379",
		})
	})
}

func TestARedisSentinelIsAskedInItsOwnWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		peer := s.house(addrOf(2), sentinelOf(2))
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		want := quorum.Answer{
			Effect: 11, Peer: idOf(2), Addr: addrOf(2), Group: "mymaster", Sent: asOfStart, At: asOfStart,
			Kind: quorum.KindSentinel, Down: true, Leader: idOf(9), LeaderEpoch: 7, KnowsGroup: true,
			Config: quorum.Configuration{
				Author: idOf(2), Group: "mymaster", Epoch: 5, Master: monitor.Addr{Host: "10.1.0.1", Port: 6379},
			},
		}
		diff(t, "answer", s.asked(t, question()), want)
		peer.received()

		got := s.asked(t, question())
		want.Sent, want.At = got.Sent, got.At
		diff(t, "second answer", got, want)
		diff(t, "commands, now that it is known", peer.received(), []string{
			"SENTINEL is-master-down-by-addr 10.1.0.1 6379 7 *", "SENTINEL MYID", "SENTINEL MASTER mymaster", "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster",
		})
	})
}

func TestAPeerWhoseProgramWasReplacedIsRecognized(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		peer := s.house(addrOf(2), sentinelOf(2))
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		if got := s.asked(t, question()); got.Kind != quorum.KindSentinel {
			t.Fatalf("at first it is %v", got.Kind)
		}
		peer.hangUp()
		peer.play(picketOf(2))
		if got := s.asked(t, question()); got.Kind != quorum.KindPicket || got.Err != "" {
			t.Errorf("after the upgrade it is %v, error %q; want picket", got.Kind, got.Err)
		}
	})
}

func TestAGroupThatAPeerDoesNotKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.house(addrOf(2), sentinelOf(2))
		s.house(addrOf(3), instead(picketOf(3), "PEER", array(append(picketFields(3)[:12], "known", "0")...)))
		for n, kind := range map[int]quorum.Kind{2: quorum.KindSentinel, 3: quorum.KindPicket} {
			s.Confirm(quorum.Confirmation{Addr: addrOf(n), Hinted: idOf(n), Group: "other"})
			got := s.only(t, confirmDeadline)
			if got.Err != "" || got.KnowsGroup || got.Kind != kind || got.Peer != idOf(n) {
				t.Errorf("monitor %d answered %+v, want to know who it is, and that it does not know the group", n, got)
			}
		}
	})
}

func TestAConfirmationTellsWhoReallyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.house(addrOf(2), picketOf(2))
		s.Confirm(quorum.Confirmation{Effect: 4, Addr: addrOf(2), Hinted: idOf(6), Group: "mymaster"})
		got := s.only(t, confirmDeadline)
		if got.Effect != 4 || got.Peer != idOf(2) || got.Err != "" {
			t.Errorf("got %+v, want the answer of monitor 2", got)
		}
		if got.Leader != idOf(5) || got.LeaderEpoch != 6 {
			t.Errorf("it voted for %s at %d, want monitor 5 at 6", got.Leader, got.LeaderEpoch)
		}
	})
}

func TestAnAbsurdAgeIsOldNotNegative(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.house(addrOf(2), field("age-ms", "18446744073709551615"))
		if got := s.asked(t, question()); got.Opinion == nil || got.Opinion.Age != longestAge {
			t.Errorf("opinion is %+v, want an age of %v", got.Opinion, longestAge)
		}
	})
}

func TestAnAnswerComesByItsDeadline(t *testing.T) {
	cases := map[string]monitor.Addr{
		"peer is silent":       addrOf(2),
		"its host is gone":     {Host: "203.0.113.1", Port: 26379},
		"nobody listens there": addrOf(77),
	}
	for name, addr := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t)
				s.house(addrOf(2), func([]string) string { return "" })
				for range 20 { // more than there are links
					s.Ask(question(func(q *quorum.Question) { q.Addr = addr }))
				}
				<-time.After(500 * time.Millisecond)
				synctest.Wait()
				_, answers := s.notes.take()
				if len(answers) != 20 {
					t.Fatalf("%d answers at the deadline, want 20", len(answers))
				}
				for _, a := range answers {
					if a.Err == "" {
						t.Errorf("an answer without an error: %+v", a)
					}
				}
			})
		})
	}
}

func TestAVoteWaitsForNothingSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		slow := func(args []string) string { // answers votes only
			if args[0] == "PING" || args[len(args)-1] == "*" {
				<-time.After(time.Second)
			}
			return picketOf(2)(args)
		}
		s.house(addrOf(2), slow)
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		for range 3 * laneWidth {
			s.Ask(question())
		}
		synctest.Wait()
		s.Ask(question(vote, func(q *quorum.Question) { q.Effect = 99 }))
		synctest.Wait()
		_, answers := s.notes.take()
		if len(answers) != 1 || answers[0].Effect != 99 || answers[0].Err != "" {
			t.Errorf("answered at once: %+v, want the vote alone", answers)
		}
	})
}

func TestALinkThatThePeerClosedMeanwhileCostsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		peer := s.house(addrOf(2), picketOf(2))
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		for range 3 {
			if got := s.asked(t, question()); got.Err != "" {
				t.Fatalf("answer: %s", got.Err)
			}
			peer.hangUp()
			synctest.Wait()
		}
	})
}

func TestLinksAreReusedAndIdleOnesClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		peer := s.house(addrOf(2), picketOf(2))
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		for range 10 {
			s.asked(t, question())
		}
		s.Confirm(quorum.Confirmation{Addr: addrOf(2), Group: "mymaster"})
		s.only(t, confirmDeadline)
		if peer.dialled() != 2 {
			t.Errorf("dialled %d times, want one ping link and one request link", peer.dialled())
		}
		<-time.After(idleFor + 2*time.Second)
		if peer.connections() != 1 {
			t.Errorf("%d connections after a quiet time, want the ping link alone", peer.connections())
		}
	})
}

func TestInventedAddressesTieUpLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		for i := range 1000 {
			s.Confirm(quorum.Confirmation{
				Effect: uint64(i), Addr: monitor.Addr{Host: "203.0.113.1", Port: i + 1}, Hinted: idOf(i), Group: "mymaster",
			})
		}
		<-time.After(time.Minute)
		seen := map[uint64]int{}
		_, answers := s.notes.take()
		for _, a := range answers {
			seen[a.Effect]++
			if a.Err == "" {
				t.Errorf("an answer without an error: %+v", a)
			}
		}
		if len(answers) != 1000 || len(seen) != 1000 {
			t.Errorf("%d answers to %d of 1000 confirmations, want one each", len(answers), len(seen))
		}
		if s.street.most > confirmWorkers {
			t.Errorf("%d dials at once, want at most %d", s.street.most, confirmWorkers)
		}
	})
}

func TestMoreQuestionsThanMayBeOpenAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		for range openLimit + 5 {
			s.Ask(question(func(q *quorum.Question) { q.Addr.Host = "203.0.113.1" }))
		}
		synctest.Wait()
		_, refused := s.notes.take()
		if len(refused) != 5 || refused[0].Err != errTooManyOpen.Error() {
			t.Errorf("refused at once: %d, want 5", len(refused))
		}
		peer := s.house(addrOf(2), picketOf(2))
		p := Peer{ID: idOf(2), Addr: addrOf(2)}
		s.Reconcile([]Peer{p})
		s.Hello(p, monitor.Hello{Group: "mymaster"})
		<-time.After(time.Second)
		if _, late := s.notes.take(); len(late) != openLimit {
			t.Errorf("answered later: %d, want %d", len(late), openLimit)
		}
		s.Hello(p, monitor.Hello{Group: "mymaster"})
		synctest.Wait()
		if hellos := peer.received(); len(hellos) != 1 {
			t.Errorf("of two hellos, one of them refused, %d arrived", len(hellos))
		}
	})
}

func TestHellosAreSentTogetherAndOnlyTheNewestOfAGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		peer := s.house(addrOf(2), picketOf(2))
		p := Peer{ID: idOf(2), Addr: addrOf(2)}
		s.Reconcile([]Peer{p})
		s.Hello(Peer{ID: idOf(3), Addr: addrOf(3)}, monitor.Hello{Group: "not a peer of ours"})
		const groups = 3 * helloBatch
		for epoch := range uint64(2) {
			for g := range groups {
				s.Hello(p, monitor.Hello{ID: string(idOf(9)), Peer: addrOf(9), Group: fmt.Sprintf("g%d", g), ConfigEpoch: epoch})
			}
		}
		synctest.Wait()
		got := peer.received()
		newest := 0
		for _, c := range got {
			if strings.HasPrefix(c, "PUBLISH __sentinel__:hello 10.0.0.9,26379,") && strings.HasSuffix(c, ",1") {
				newest++
			}
		}
		if newest != groups {
			t.Errorf("%d newest hellos arrived of %d commands, want %d", newest, len(got), groups)
		}
		if peer.dialled() != 2 {
			t.Errorf("dialled %d times, want one ping link and one for hellos", peer.dialled())
		}
	})
}

func TestOnlyPicketsAreToldOfAReleasedEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		picket, sentinel := s.house(addrOf(2), picketOf(2)), s.house(addrOf(3), sentinelOf(3))
		r := quorum.Release{Group: "mymaster", Candidate: idOf(9), Epoch: 12}
		s.Release(Peer{ID: idOf(2), Addr: addrOf(2), Kind: quorum.KindPicket}, r)
		s.Release(Peer{ID: idOf(3), Addr: addrOf(3), Kind: quorum.KindSentinel}, r)
		synctest.Wait()
		diff(t, "picket", picket.received(), []string{"SENTINEL PEER mymaster RELEASE " + string(idOf(9)) + " 12"})
		diff(t, "redis-sentinel", sentinel.received(), []string(nil))
	})
}

func TestCloseAnswersWhatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		s.house(addrOf(2), func([]string) string { return "" })
		s.Ask(question(func(q *quorum.Question) { q.Deadline = time.Hour }))
		s.Confirm(quorum.Confirmation{Addr: addrOf(2), Group: "mymaster"})
		synctest.Wait()
		s.Close()
		_, answers := s.notes.take()
		if len(answers) != 2 || answers[0].Err == "" || answers[1].Err == "" {
			t.Errorf("answers are %+v, want two errors", answers)
		}
		s.Ask(question())
		s.Confirm(quorum.Confirmation{Addr: addrOf(2)})
		s.Reconcile([]Peer{{ID: idOf(2), Addr: addrOf(2)}})
		<-time.After(time.Minute)
		if c, a := s.notes.take(); len(c)+len(a) > 0 {
			t.Errorf("delivered after Close: %v %v", c, a)
		}
	})
}

// Without announce-ip we are at the address by which the peer sees us: a
// redis-sentinel would note a monitor at no address at all.
func TestAHelloWithoutAnAddressTellsThatOfTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		peer := s.house(addrOf(2), sentinelOf(2))
		p := Peer{ID: idOf(2), Addr: addrOf(2)}
		s.Reconcile([]Peer{p})
		s.Hello(p, monitor.Hello{ID: string(idOf(9)), Peer: monitor.Addr{Port: 26379}, Group: "mymaster"})
		synctest.Wait()
		told := 0
		for _, c := range peer.received() {
			payload, isHello := strings.CutPrefix(c, "PUBLISH __sentinel__:hello ")
			if !isHello {
				continue
			}
			told++
			if host, _, _ := strings.Cut(payload, ","); host == "" {
				t.Errorf("the hello %q names no host", payload)
			}
		}
		if told != 1 {
			t.Errorf("%d hellos, want one", told)
		}
	})
}
