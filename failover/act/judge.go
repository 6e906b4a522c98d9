package act

import (
	"errors"
	"strings"
)

// judge reads the replies to [MULTI, SLAVEOF, ..., EXEC]. EXEC's reply is the
// proof. Without it the order is disproved only by an error reply to SLAVEOF:
// a transaction with a refused member is never executed.
func (a *Actor) judge(s *session, replies []reply, err error) Result {
	res := a.result(Unknown)
	multi, slaveOf, exec := replies[0], replies[1], replies[len(replies)-1]
	switch {
	case slaveOf.isErr:
		res.Outcome, res.Reply = Refused, slaveOf.text
	case multi.isErr && strings.HasPrefix(slaveOf.text, "OK"):
		// MULTI is not permitted, so that SLAVEOF was carried out by itself.
		res.Outcome, res.Denied, res.Rewrite = Done, []string{"multi"}, errorText(replies[2])
	case exec.isErr && strings.Contains(exec.text, rulesChanged):
		// go-redis gives this error of one member as that of the whole EXEC.
	case exec.isErr:
		res.Outcome, res.Reply = Refused, exec.text
	case exec.answered():
		judgeExec(&res, exec)
	case isRefusal(err):
		res.Outcome, res.Reply = Refused, err.Error()
	case !s.conn.written():
		res.Outcome = NotSent
	}
	return res
}

// rulesChanged stands in Redis' error for a member whose permission was taken
// away between queueing and EXEC; the other members were carried out.
const rulesChanged = "ACLs rules changed"

// judgeExec reads the replies that EXEC gathered, in the members' order.
func judgeExec(res *Result, exec reply) {
	elements, _ := exec.value.([]any)
	if len(elements) == 0 {
		res.Outcome, res.Reply = Refused, "EXEC carried nothing out"
		return
	}
	if err, ok := elements[0].(error); ok {
		res.Outcome, res.Reply = Refused, err.Error()
		return
	}
	res.Outcome = Done
	if len(elements) > 1 {
		if err, ok := elements[1].(error); ok {
			res.Rewrite = err.Error()
		}
	}
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[refusal](err)
	return ok
}

func errorText(r reply) string {
	if r.isErr {
		return r.text
	}
	return ""
}
