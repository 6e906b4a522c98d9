package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"picket/monitor"
	"picket/monitor/resp"
)

// causes are asked in this order: a name that cannot be resolved in time is
// unresolved, not timed out.
var causes = []struct {
	cause monitor.Cause
	is    func(error) bool
}{
	{monitor.CauseUnresolved, isA[*net.DNSError]},
	{monitor.CauseTLS, isTLS},
	{monitor.CauseRefused, is(syscall.ECONNREFUSED)},
	{monitor.CauseReset, is(syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED)},
	{monitor.CauseNoRoute, is(syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN)},
	{monitor.CauseLocal, is(net.ErrClosed, context.Canceled)},
	{monitor.CauseTimeout, is(context.DeadlineExceeded, os.ErrDeadlineExceeded)},
	{monitor.CauseClosed, is(io.EOF, io.ErrUnexpectedEOF)},
	{monitor.CauseProtocol, isProtocol},
}

// causeOf says why a dial failed or a link ended. ETIMEDOUT means that bytes were not
// acknowledged on a link, and that nobody answered in time on a dial.
func causeOf(err error) monitor.Cause {
	if err == nil {
		return monitor.CauseNone
	}
	if errors.Is(err, syscall.ETIMEDOUT) {
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			return monitor.CauseTimeout
		}
		return monitor.CauseNoAck
	}
	for _, c := range causes {
		if c.is(err) {
			return c.cause
		}
	}
	return monitor.CauseLocal
}

func is(targets ...error) func(error) bool {
	return func(err error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// isTLS recognises an error of TLS. An alert is a type of crypto/tls that nobody can
// name; what tells it is how it is wrapped.
func isTLS(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return true
	}
	return isA[tls.RecordHeaderError](err) || isA[*tls.CertificateVerificationError](err) || isA[tls.AlertError](err) ||
		isA[x509.HostnameError](err) || isA[x509.UnknownAuthorityError](err) || isA[x509.CertificateInvalidError](err)
}

// isProtocol recognises what is no RESP, or more of it than a reply may hold.
func isProtocol(err error) bool {
	return errors.Is(err, errUnasked) || isA[resp.ProtocolError](err)
}
