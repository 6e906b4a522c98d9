package cli

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// starterVariable tells a monitor in the background on which descriptor its starter
// waits for news.
const starterVariable = "PICKET_STARTER_FD"

// served is what a monitor in the background says when it serves; anything else is why
// it does not.
const served = "ready\n"

// background starts this program again as a monitor in a session of its own, with no
// terminal, and returns when that one serves or has failed. redis-sentinel forks and
// returns at once, so that a port in use is found in the log only; here it is told and
// the exit code is 1.
func background(p Program) int {
	from, to, err := os.Pipe()
	if err != nil {
		fmt.Fprintln(p.Err, "picket: start in the background:", err)
		return exitFailed
	}
	defer from.Close()
	err = detach(to)
	_ = to.Close() // the other process has it
	if err != nil {
		fmt.Fprintln(p.Err, "picket: start in the background:", err)
		return exitFailed
	}
	news, err := io.ReadAll(from)
	if text, ok := strings.CutSuffix(string(news), served); ok && text == "" {
		return exitOK
	}
	if len(news) == 0 {
		fmt.Fprintln(p.Err, "picket: the monitor in the background ended before it served:", err)
	}
	fmt.Fprint(p.Err, string(news))
	return exitFailed
}

func detach(news *os.File) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	child, err := os.StartProcess(self, os.Args, &os.ProcAttr{
		Env:   append(os.Environ(), starterVariable+"=3"),
		Files: []*os.File{null, null, null, news},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return err
	}
	return child.Release()
}

// starter is the process that started us in the background, nil when none did.
type starter struct{ pipe *os.File }

// startedBy finds out, and hides it from what we start ourselves.
func startedBy() *starter {
	fd, err := strconv.Atoi(os.Getenv(starterVariable))
	if err != nil {
		return nil
	}
	_ = os.Unsetenv(starterVariable) // fails for names that are none
	syscall.CloseOnExec(fd)
	return &starter{os.NewFile(uintptr(fd), "starter")}
}

// orElse is where errors go: to the starter, which prints them.
func (s *starter) orElse(w io.Writer) io.Writer {
	if s == nil {
		return w
	}
	return s.pipe
}

// ready lets the starter end. It is not there to read more.
func (s *starter) ready() {
	if s != nil {
		_, _ = io.WriteString(s.pipe, served)
		_ = s.pipe.Close()
	}
}

// failed lets the starter end when ready was not called.
func (s *starter) failed() {
	if s != nil {
		_ = s.pipe.Close() // a second time after ready, which is harmless
	}
}
