package ask

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"picket/monitor"
)

func TestWhyALinkWasLost(t *testing.T) {
	dial := func(errno error) error {
		return &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", errno)}
	}
	cases := map[monitor.Cause][]error{
		monitor.CauseRefused:    {dial(syscall.ECONNREFUSED)},
		monitor.CauseReset:      {dial(syscall.ECONNRESET), dial(syscall.EPIPE)},
		monitor.CauseNoAck:      {dial(syscall.ETIMEDOUT)},
		monitor.CauseNoRoute:    {dial(syscall.EHOSTUNREACH), dial(syscall.ENETUNREACH)},
		monitor.CauseLocal:      {dial(syscall.EMFILE), dial(syscall.EADDRNOTAVAIL), net.ErrClosed, context.Canceled},
		monitor.CauseTimeout:    {errNoAnswer, context.DeadlineExceeded, &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}},
		monitor.CauseClosed:     {io.EOF, io.ErrUnexpectedEOF, fmt.Errorf("read reply: %w", io.EOF)},
		monitor.CauseUnresolved: {&net.OpError{Op: "dial", Err: &net.DNSError{Name: "peer", IsTimeout: true}}},
		monitor.CauseTLS: {tls.RecordHeaderError{Msg: "not TLS"}, &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
			&net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")}},
		monitor.CauseProtocol: {errors.New("redis: can't parse reply")},
	}
	for want, errs := range cases {
		for _, err := range errs {
			if got := causeOf(err); got != want {
				t.Errorf("%v: cause is %v, want %v", err, got, want)
			}
		}
	}
}
