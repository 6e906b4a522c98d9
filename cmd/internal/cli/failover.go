package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// failoverCommand are the words of picket failover.
type failoverCommand struct {
	Name  string `arg:"" help:"The group."`
	one   `embed:""`
	To    string        `placeholder:"HOST:PORT" help:"The replica to promote; without it the best one."`
	Wait  bool          `help:"Wait for the outcome, and tell it."`
	Limit time.Duration `default:"60s" help:"With --wait: for how long."`
	Yes   bool          `help:"Do not ask, on a terminal, whether it is meant."`
}

// Help implements kong's longer description.
func (failoverCommand) Help() string {
	return "A planned failover: SENTINEL FAILOVER, or with --to SENTINEL PROMOTE, which a redis-sentinel does not have. " +
		exits("0 it was accepted; with --wait: there is a new master", "1 the monitor could not be asked",
			"2 the words were not understood", "3 it was refused or given up, or the question was not answered with yes", "4 no outcome in time")
}

func runFailover(p Program, words []string) int {
	var cmd failoverCommand
	if code, ok := parse(p, "failover", &cmd, words); !ok {
		return code
	}
	host, port, err := splitTo(cmd.To)
	if err != nil {
		fmt.Fprintln(p.Err, "picket:", err)
		return exitUsage
	}
	a, err := cmd.ask()
	if err != nil {
		return fail(p, err)
	}
	defer a.Close()
	ctx, stop := untilInterrupted()
	defer stop()
	if !cmd.meant(p) {
		fmt.Fprintln(p.Err, "picket: nothing was done")
		return exitOther
	}
	order := []string{"FAILOVER", cmd.Name}
	if cmd.To != "" {
		order = []string{"PROMOTE", cmd.Name, host, port}
	}
	return cmd.carryOut(ctx, p, a, order)
}

func splitTo(to string) (host, port string, err error) {
	if to == "" {
		return "", "", nil
	}
	if host, port, err = net.SplitHostPort(to); err != nil {
		return "", "", fmt.Errorf("--to %s names no replica: write HOST:PORT", to)
	}
	return host, port, nil
}

// meant asks a person whether to go on. Nobody is asked where nobody sits.
func (c failoverCommand) meant(p Program) bool {
	if c.Yes || !isTerminal(os.Stdin) {
		return true
	}
	to := cmp.Or(c.To, "the best replica")
	fmt.Fprintf(p.Out, "Fail %s over to %s? Its clients will be disconnected. [y/N] ", c.Name, to)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// carryOut sends the order. The events are subscribed to before, so that none is missed.
func (c failoverCommand) carryOut(ctx context.Context, p Program, a *asked, order []string) int {
	var sub *redis.PubSub
	if c.Wait {
		sub = a.PSubscribe(ctx, "+switch-master", "-failover-abort-*", "+failover-detected", "+promoted-slave")
		defer sub.Close()
		if err := subscribed(ctx, sub); err != nil {
			return fail(p, unanswered{a.addr, err})
		}
	}
	began := time.Now()
	if _, err := a.sentinel(ctx, order...); err != nil {
		return c.refusal(p, a, err)
	}
	if sub == nil {
		fmt.Fprintf(p.Out, "The failover of %s has begun; picket status %s shows how it goes.\n", c.Name, c.Name)
		return exitOK
	}
	ctx, cancel := context.WithTimeout(ctx, c.Limit)
	defer cancel()
	return c.await(ctx, p, sub, began)
}

// subscribed waits until all four patterns are.
func subscribed(ctx context.Context, sub *redis.PubSub) error {
	for range 4 {
		if _, err := sub.Receive(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c failoverCommand) refusal(p Program, a *asked, err error) int {
	if unknownCommand(err) {
		return fail(p, unable{a.addr, "promote a replica of your choice", "leave out --to"})
	}
	fmt.Fprintln(p.Err, "picket:", err)
	if _, ok := errors.AsType[refused](err); ok {
		return exitOther
	}
	return exitFailed
}

// await reads events until one tells the outcome.
func (c failoverCommand) await(ctx context.Context, p Program, sub *redis.PubSub, began time.Time) int {
	for {
		m, err := sub.ReceiveMessage(ctx)
		took := time.Since(began).Round(time.Millisecond)
		if err != nil {
			fmt.Fprintf(p.Err, "picket: no outcome within %v; picket explain %s tells why\n", took, c.Name)
			return exitLate
		}
		f := strings.Fields(m.Payload)
		switch {
		case m.Channel == "+switch-master" && len(f) == 5 && f[0] == c.Name:
			fmt.Fprintf(p.Out, "%s: the master is %s now, %s before; it took %v.\n", c.Name, net.JoinHostPort(f[3], f[4]), net.JoinHostPort(f[1], f[2]), took)
			return exitOK
		case strings.HasPrefix(m.Channel, "-failover-abort") && strings.Contains(" "+m.Payload+" ", " "+c.Name+" "):
			fmt.Fprintf(p.Err, "picket: the failover was given up after %v: %s; picket explain %s tells why\n", took, m.Channel, c.Name)
			return exitOther
		}
	}
}
