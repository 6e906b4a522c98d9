package ask

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
)

// causes maps errors to what they tell, the most specific first.
var causes = []struct {
	err   error
	cause monitor.Cause
}{
	{syscall.ECONNREFUSED, monitor.CauseRefused},
	{syscall.ECONNRESET, monitor.CauseReset},
	{syscall.EPIPE, monitor.CauseReset},
	{syscall.ETIMEDOUT, monitor.CauseNoAck},
	{syscall.EHOSTUNREACH, monitor.CauseNoRoute},
	{syscall.ENETUNREACH, monitor.CauseNoRoute},
	{syscall.EMFILE, monitor.CauseLocal},
	{syscall.ENFILE, monitor.CauseLocal},
	{syscall.EADDRNOTAVAIL, monitor.CauseLocal},
	{context.DeadlineExceeded, monitor.CauseTimeout},
	{os.ErrDeadlineExceeded, monitor.CauseTimeout},
	{context.Canceled, monitor.CauseLocal},
	{net.ErrClosed, monitor.CauseLocal},
	{io.EOF, monitor.CauseClosed},
	{io.ErrUnexpectedEOF, monitor.CauseClosed},
	{io.ErrClosedPipe, monitor.CauseClosed},
}

// causeOf says why a dial or an exchange failed. What is neither the network's
// nor ours is that the other side does not speak RESP.
func causeOf(err error) monitor.Cause {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return monitor.CauseUnresolved
	}
	if isTLS(err) {
		return monitor.CauseTLS
	}
	for _, c := range causes {
		if errors.Is(err, c.err) {
			return c.cause
		}
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return monitor.CauseTimeout
	}
	return monitor.CauseProtocol
}

func isTLS(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return true // an alert, whose type nobody can name
	}
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	return record || verify || authority || host
}
