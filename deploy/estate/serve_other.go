//go:build !linux

package estate

import "errors"

func serve(spec) error { return errors.New("serve an estate: it needs epoll, which Linux alone has") }
