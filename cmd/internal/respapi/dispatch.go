package respapi

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"picket/monitor/resp"
)

// maxEcho is how many bytes of a client's own words an error repeats.
const maxEcho = 128

// dispatch finds the command and runs it, or says why not, in the order in
// which Redis looks (processCommand): name, number of arguments,
// authentication, permissions, subscriber mode.
func (s *Server) dispatch(c *call) {
	if isHTTP(c.args[0]) {
		s.cfg.Log.Debug("closing a connection that speaks HTTP", zap.Stringer("client", c.nc.RemoteAddr()))
		c.hangUp = true
		return
	}
	cmd, refusal := s.lookup(c.args)
	c.note(cmd)
	if refusal != "" {
		c.fail(refusal)
		return
	}
	switch {
	case !s.exists(c):
	case cmd.exempt&beforeAuth == 0 && c.mustAuthenticate():
		c.fail("NOAUTH Authentication required.")
	case !s.permits(c, cmd):
	case cmd.exempt&whileSubscribed == 0 && c.conn.proto == resp.RESP2 && c.subscribed():
		c.fail("ERR Can't execute '" + cmd.name + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / " +
			"PING / QUIT / RESET are allowed in this context")
	case !c.waitForPause(s.ctx, cmd):
		c.hangUp = true
	default:
		cmd.run(s, c)
	}
}

// isHTTP recognises a browser that was made to send a request to this port
// (securityWarningCommand).
func isHTTP(word string) bool {
	return strings.EqualFold(word, "post") || strings.EqualFold(word, "host:")
}

// lookup finds the command that the words name, nil when there is none, and says
// why it is refused.
func (s *Server) lookup(args []string) (cmd *command, refusal string) {
	cmd, known := s.commands[strings.ToLower(clip(args[0]))]
	if !known {
		return nil, unknownCommand(args)
	}
	if cmd.subs != nil && len(args) > 1 {
		sub, known := cmd.subs[strings.ToLower(clip(args[1]))]
		if !known {
			return nil, fmt.Sprintf("ERR unknown subcommand '%s'. Try %s HELP.", clip(args[1]), strings.ToUpper(cmd.name))
		}
		cmd = sub
	}
	if !cmd.takes(len(args)) {
		return cmd, "ERR wrong number of arguments for '" + cmd.name + "' command"
	}
	return cmd, ""
}

func unknownCommand(args []string) string {
	var echo strings.Builder
	for _, a := range args[1:] {
		if echo.Len() >= maxEcho {
			break
		}
		echo.WriteString("'" + a[:min(len(a), maxEcho-echo.Len())] + "' ")
	}
	return "ERR unknown command '" + clip(args[0]) + "', with args beginning with: " + echo.String()
}

func clip(word string) string { return word[:min(len(word), maxEcho)] }

// decide runs an operator's order, bounded in time, and writes what came of it:
// OK, the backend's refusal, or for any other error that it is in the log.
func (s *Server) decide(c *call, order func(ctx context.Context) error) {
	if s.decided(c, order) {
		c.ok()
	}
}

// decided is decide for replies other than OK.
func (s *Server) decided(c *call, order func(ctx context.Context) error) bool {
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Limits.AnswerTimeout)
	defer cancel()
	err := order(ctx)
	var refusal Refusal
	switch {
	case err == nil:
		return true
	case errors.As(err, &refusal):
		c.refuse(refusal)
	case s.ctx.Err() != nil:
		c.fail("ERR the monitor is shutting down")
	case errors.Is(err, context.DeadlineExceeded):
		c.fail("ERR the monitor is too busy to answer, try again")
	default:
		s.cfg.Log.Error("a command failed", zap.String("command", c.snapshot().command), zap.Error(err))
		c.fail("ERR the command failed, the monitor's log says why")
	}
	return false
}
