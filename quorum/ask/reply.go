package ask

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"picket/monitor"
	"picket/quorum"
)

// readIsDown reads the reply to IS-MASTER-DOWN-BY-ADDR: whether the master is
// down, who was voted for ("*" for nobody) and in which epoch. It replaces what
// SENTINEL PEER told of these: this is the answer to a request for a vote.
func readIsDown(reply *redis.Cmd, got *quorum.Answer) error {
	values, err := reply.Slice()
	if err != nil {
		return err
	}
	if len(values) != 3 {
		return fmt.Errorf("want 3 elements, got %d", len(values))
	}
	down, ok := values[0].(int64)
	leader, okLeader := values[1].(string)
	epoch, okEpoch := values[2].(int64)
	if !ok || !okLeader || !okEpoch || epoch < 0 {
		return fmt.Errorf("want number, id and epoch, got %.80v", fmt.Sprint(values...))
	}
	got.Down = down != 0
	got.LeaderEpoch = uint64(epoch)
	got.Leader, err = optionalID(strings.TrimPrefix(leader, "*"))
	return err
}

// readPeer reads the reply to SENTINEL PEER, names and values in turn.
func readPeer(reply *redis.Cmd, got *quorum.Answer) error {
	f, err := readFields(reply)
	if err != nil {
		return err
	}
	got.Kind = quorum.KindPicket
	got.Peer = f.id("id")
	got.Boot = f.number("boot")
	got.CurrentEpoch = f.number("current-epoch")
	got.Gossip = f.addr("gossip-ip", "gossip-port")
	got.KnowsGroup = f.flag("known")
	if got.KnowsGroup {
		got.Config = f.configuration(got)
		got.Opinion = f.opinion(got)
		got.Leader, got.LeaderEpoch = f.optionalID("leader"), f.number("leader-epoch")
		got.Down = f.flag("down")
	}
	return f.err
}

// readSentinel reads the replies to SENTINEL MYID, SENTINEL MASTER and SENTINEL
// GET-MASTER-ADDR-BY-NAME. MASTER is refused for a group that is not known. Its
// address is that before the failover as long as a leader reconfigures replicas,
// though its config-epoch is already the new one, so the address is taken from
// what clients are told. Sentinel does not tell who won the configuration's epoch.
func readSentinel(replies []*redis.Cmd, got *quorum.Answer) error {
	id, err := replies[0].Text()
	if err != nil {
		return err
	}
	if !monitor.ValidID(id) {
		return fmt.Errorf("id %.80q is not 40 hexadecimal digits", id)
	}
	got.Kind, got.Peer = quorum.KindSentinel, quorum.ID(id)
	if err := replies[1].Err(); err != nil && strings.Contains(err.Error(), "No such master") {
		return nil
	}
	f, err := readFields(replies[1])
	if err != nil {
		return err
	}
	got.KnowsGroup = true
	f.values["ip"], f.values["port"], err = readAddr(replies[2])
	if err != nil {
		return fmt.Errorf("read SENTINEL GET-MASTER-ADDR-BY-NAME: %w", err)
	}
	got.Config = quorum.Configuration{
		Author: got.Peer, Group: got.Group, Epoch: f.number("config-epoch"), Master: f.addr("ip", "port"),
	}
	return f.err
}

// readAddr reads [host, port].
func readAddr(reply *redis.Cmd) (host, port string, err error) {
	pair, err := reply.StringSlice()
	if err != nil {
		return "", "", err
	}
	if len(pair) != 2 {
		return "", "", fmt.Errorf("want host and port, got %d elements", len(pair))
	}
	return pair[0], pair[1], nil
}

// fields is a reply of names and values. The first field that is missing or
// malformed sets err; later ones yield zero values.
type fields struct {
	values map[string]string
	err    error
}

var errOddFields = errors.New("want names and values in turn, got an odd number of elements")

func readFields(reply *redis.Cmd) (*fields, error) {
	values, err := reply.Slice()
	if err != nil {
		return nil, err
	}
	if len(values)%2 != 0 {
		return nil, errOddFields
	}
	f := &fields{values: make(map[string]string, len(values)/2)}
	for i := 0; i < len(values); i += 2 {
		name, ok := values[i].(string)
		value, okValue := values[i+1].(string)
		if ok && okValue {
			f.values[name] = value
		}
	}
	return f, nil
}

// text returns a field that must be there.
func (f *fields) text(name string) string {
	value, ok := f.values[name]
	if !ok {
		f.fail(name, "is missing")
	}
	return value
}

func (f *fields) fail(name, how string) {
	if f.err == nil {
		f.err = fmt.Errorf("field %s %s", name, how)
	}
}

func (f *fields) number(name string) uint64 {
	n, err := strconv.ParseUint(f.text(name), 10, 64)
	if err != nil {
		f.fail(name, "is no number")
	}
	return n
}

func (f *fields) flag(name string) bool { return f.text(name) == "1" }

func (f *fields) id(name string) quorum.ID {
	id := f.optionalID(name)
	if id == "" {
		f.fail(name, "is empty")
	}
	return id
}

func (f *fields) optionalID(name string) quorum.ID {
	id, err := optionalID(f.text(name))
	if err != nil {
		f.fail(name, "is no id")
	}
	return id
}

var errNoID = errors.New("an id is not 40 hexadecimal digits")

func optionalID(text string) (quorum.ID, error) {
	if text != "" && !monitor.ValidID(text) {
		return "", errNoID
	}
	return quorum.ID(text), nil
}

// addr reads two fields; an empty host and port 0 stand for no address, and so does
// a host that cannot be one: what it holds would get into events and logs.
func (f *fields) addr(host, port string) monitor.Addr {
	n, name := f.number(port), f.text(host)
	if n > math.MaxUint16 {
		f.fail(port, "is no port")
	}
	if n > math.MaxUint16 || !monitor.ValidHost(name) {
		return monitor.Addr{}
	}
	return monitor.Addr{Host: name, Port: int(n)}
}

func (f *fields) configuration(got *quorum.Answer) quorum.Configuration {
	return quorum.Configuration{
		Author: got.Peer, Group: got.Group, Epoch: f.number("config-epoch"),
		Leader: f.optionalID("config-leader"), Master: f.addr("master-ip", "master-port"),
	}
}

// longestAge keeps an absurd age from overflowing a Duration.
const longestAge = 365 * 24 * time.Hour

// opinion reads the peer's opinion, nil when it has none yet (sequence number 0).
func (f *fields) opinion(got *quorum.Answer) *quorum.Opinion {
	version := quorum.Version{Boot: f.number("opinion-boot"), Seq: f.number("opinion-seq")}
	if version.Seq == 0 {
		return nil
	}
	age := min(f.number("age-ms"), uint64(longestAge.Milliseconds()))
	return &quorum.Opinion{
		Author: got.Peer, Version: version, Group: got.Group,
		Master: f.addr("opinion-master-ip", "opinion-master-port"), RunID: f.text("run-id"),
		State: monitor.ParseState(f.text("state")), Reason: monitor.Reason(f.text("reason")),
		Down: f.flag("down"), Age: time.Duration(age) * time.Millisecond, Epoch: got.Config.Epoch,
	}
}
