package lab

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Login is the password that clients use, which may change while they run. The
// zero value uses none.
type Login struct{ password atomic.Value }

// Set changes the password for connections made from now on.
func (l *Login) Set(password string) { l.password.Store(password) }

// Password is the one to use now, "" for none.
func (l *Login) Password() string {
	if l == nil {
		return ""
	}
	p, _ := l.password.Load().(string)
	return p
}

func (r *Redis) login(ctx context.Context, login *Login) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	c, err := r.Dial(ctx)
	if err != nil || login.Password() == "" {
		return c, err
	}
	return login.enter(ctx, c)
}

// enter logs in on a connection, and closes it where that fails.
func (l *Login) enter(ctx context.Context, c *Conn) (*Conn, error) {
	if _, err := c.Do(ctx, "AUTH", l.Password()); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// DoAs runs one command on a connection of its own, logged in.
func (r *Redis) DoAs(ctx context.Context, login *Login, args ...string) (any, error) {
	return once(ctx, func(ctx context.Context) (*Conn, error) { return r.login(ctx, login) }, args)
}

// InfoAs is the server's INFO, by field, asked for by somebody logged in.
func (r *Redis) InfoAs(ctx context.Context, login *Login) (map[string]string, error) {
	reply, err := r.DoAs(ctx, login, "INFO", "everything")
	if err != nil {
		return nil, fmt.Errorf("read INFO of %s: %w", r.Addr(), err)
	}
	return parseInfo(text(reply)), nil
}
