package monitor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// HelloChannel is the channel on which monitors announce themselves.
const HelloChannel = "__sentinel__:hello"

// Hello is one announcement of a monitor: who it is, and which master it holds
// for one group. It is a hint; nothing in it is taken until the monitor it
// names has confirmed it.
type Hello struct {
	Peer         Addr
	ID           string // 40 hexadecimal digits
	CurrentEpoch uint64
	Group        string
	Master       Addr
	ConfigEpoch  uint64
}

// String renders the eight comma-separated fields of Sentinel's hello.
func (h Hello) String() string {
	return fmt.Sprintf("%s,%d,%s,%d,%s,%s,%d,%d", h.Peer.Host, h.Peer.Port, h.ID, h.CurrentEpoch,
		h.Group, h.Master.Host, h.Master.Port, h.ConfigEpoch)
}

var errHelloFields = errors.New("a hello has 8 comma-separated fields")

// ParseHello reads Sentinel's hello. Anything but eight well-formed fields is
// an error; an id must be 40 hexadecimal digits and epochs must fit 64 bits.
func ParseHello(s string) (Hello, error) {
	f := strings.Split(s, ",")
	if len(f) != 8 {
		return Hello{}, fmt.Errorf("parse hello: %w, this has %d", errHelloFields, len(f))
	}
	h := Hello{ID: f[2], Group: f[4]}
	if !ValidID(h.ID) {
		return Hello{}, fmt.Errorf("parse hello: monitor id %q is not 40 hexadecimal digits", clip(h.ID))
	}
	if h.Group == "" || !printable(h.Group) {
		return Hello{}, fmt.Errorf("parse hello: group name %q is empty or holds control characters", clip(h.Group))
	}
	var err error
	if h.Peer, err = helloAddr(f[0], f[1]); err != nil {
		return Hello{}, err
	}
	if h.Master, err = helloAddr(f[5], f[6]); err != nil {
		return Hello{}, err
	}
	if h.CurrentEpoch, err = strconv.ParseUint(f[3], 10, 64); err != nil {
		return Hello{}, fmt.Errorf("parse hello: current epoch %q is not a number", clip(f[3]))
	}
	if h.ConfigEpoch, err = strconv.ParseUint(f[7], 10, 64); err != nil {
		return Hello{}, fmt.Errorf("parse hello: config epoch %q is not a number", clip(f[7]))
	}
	return h, nil
}

func helloAddr(host, port string) (Addr, error) {
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 || strconv.Itoa(n) != port {
		return Addr{}, fmt.Errorf("parse hello: port %q is not between 1 and 65535", clip(port))
	}
	if !ValidHost(host) {
		return Addr{}, fmt.Errorf("parse hello: address %q is empty or no address or host name", clip(host))
	}
	return Addr{Host: host, Port: n}, nil
}

// printable reports whether s holds no control characters, so that it can stand
// in a line of a file.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// ValidID reports whether id is a monitor or run id: 40 hexadecimal digits.
func ValidID(id string) bool {
	if len(id) != 40 {
		return false
	}
	return strings.Trim(id, "0123456789abcdefABCDEF") == ""
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + "..."
	}
	return s
}
