package cli

import (
	"cmp"
	"context"
	"fmt"
)

// pingCommand are the words of picket ping.
type pingCommand struct {
	Addr  string `arg:"" optional:"" placeholder:"HOST:PORT" help:"HOST:PORT of the monitor. Default: 127.0.0.1:26379, or the one of --config."`
	reach `embed:""`
}

// runPing asks a monitor whether it serves.
func runPing(p Program, words []string) int {
	var cmd pingCommand
	if code, ok := parse(p, "ping", &cmd, words); !ok {
		return code
	}
	d, err := cmd.dialer()
	if err != nil {
		return fail(p, err)
	}
	client := d.at(cmd.Addr)
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), cmd.Timeout)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		fmt.Fprintf(p.Err, "picket: the monitor at %s does not serve: %v\n", cmp.Or(cmd.Addr, client.addr), err)
		return exitFailed
	}
	fmt.Fprintln(p.Out, "PONG")
	return exitOK
}
