package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.uber.org/zap"

	"picket/cmd/internal/zlog"
)

// pingCommand are the words of picket ping.
type pingCommand struct {
	Addr    string        `arg:"" optional:"" default:"127.0.0.1:26379" help:"HOST:PORT of the monitor."`
	User    string        `help:"User name, where the monitor has users."`
	Pass    string        `env:"PICKET_PASS" help:"Password (requirepass), also from PICKET_PASS."`
	Timeout time.Duration `default:"2s" help:"How long to wait."`
	pingTLS `embed:""`
}

// runPing asks a monitor whether it serves.
func runPing(p Program, words []string) int {
	var cmd pingCommand
	if code, ok := parse(p, &cmd, words); !ok {
		return code
	}
	secured, err := cmd.config()
	if err != nil {
		fmt.Fprintln(p.Err, "picket:", err)
		return exitFailed
	}
	zlog.CaptureRedis(zap.NewNop())
	client := redis.NewClient(&redis.Options{
		Addr: cmd.Addr, Username: cmd.User, Password: cmd.Pass, Protocol: 2, DisableIdentity: true, TLSConfig: secured,
		MaxRetries: -1, DialerRetries: 1, DialTimeout: cmd.Timeout, ReadTimeout: cmd.Timeout, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), cmd.Timeout)
	defer cancel()
	if err := client.Ping(ctx).Err(); err != nil {
		fmt.Fprintf(p.Err, "picket: the monitor at %s does not serve: %v\n", cmd.Addr, err)
		return exitFailed
	}
	fmt.Fprintln(p.Out, "PONG")
	return exitOK
}

// parse reads a subcommand's words; when they are no good, or ask for help, it
// prints what kong says and returns the exit code.
func parse(p Program, target any, words []string) (code int, ok bool) {
	exited, code := false, exitOK
	parser, err := kong.New(target, kong.Name("picket"), kong.Writers(p.Out, p.Err), kong.Exit(func(c int) { exited, code = true, c }))
	if err != nil {
		fmt.Fprintln(p.Err, "picket:", err)
		return exitFailed, false
	}
	_, err = parser.Parse(words)
	switch {
	case exited:
		return code, false
	case err != nil:
		fmt.Fprintln(p.Err, "picket:", err)
		return exitUsage, false
	}
	return exitOK, true
}
