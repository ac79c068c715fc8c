package contract

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// model is the contract for porcupine.
var model = porcupine.Model{
	Partition: byAccount,
	Init:      func() any { return account{} },
	Step: func(state, input, output any) (bool, any) {
		before, c, out := state.(account), input.(call), output.(answer)
		said, after := before.after(c)
		sent := len(after.codes) > len(before.codes)
		if out.state == unavailable { // nobody knows whether the call took effect
			if sent != (c.drawn.id != "") {
				return true, before // no effect: the model would have sent a code where none was sent, or the reverse
			}
			return true, after // an effect; a call without an effect can be placed last, where nobody sees it
		}
		return out == said && sent == (c.drawn.id != ""), after
	},
	Equal: func(a, b any) bool { return a.(account).equal(b.(account)) },
}

func (a account) equal(b account) bool {
	return a.passwords == b.passwords && slices.Equal(a.answers, b.answers) && slices.Equal(a.codes, b.codes) &&
		slices.Equal(a.wrong, b.wrong) && slices.Equal(a.devices, b.devices) && slices.Equal(a.sessions, b.sessions)
}

// byAccount splits the calls by account, because two accounts share no state.
func byAccount(all []porcupine.Operation) (parts [][]porcupine.Operation) {
	of := map[string]int{}
	for _, o := range all {
		name := o.Input.(call).account
		i, there := of[name]
		if !there {
			i, parts = len(parts), append(parts, nil)
			of[name] = i
		}
		parts[i] = append(parts[i], o)
	}
	return parts
}

// atTheEnd is the end of a call without an answer: its effect can come at any time after its begin.
const atTheEnd = math.MaxInt64

// within is the timeout of the search for an order. The search usually takes milliseconds.
const within = time.Minute

// check returns an error if no order of the calls gives the answers of the contract.
func check(history []porcupine.Operation) error {
	for _, part := range byAccount(history) {
		if verdict := porcupine.CheckOperationsTimeout(model, part, within); verdict != porcupine.Ok {
			return fmt.Errorf("%s: no order of these calls is as the contract says:\n%s", verdict, told(part))
		}
	}
	return nil
}

// told describes a wrong history: the longest beginning for which there is an order, and the expected answer of each call that could come
// next.
func told(part []porcupine.Operation) string {
	_, info := porcupine.CheckOperationsVerbose(model, part, within)
	var longest []porcupine.Operation
	for _, order := range info.PartialLinearizationsOperations()[0] {
		if len(order) > len(longest) {
			longest = order
		}
	}
	var b strings.Builder
	var a account
	done := map[int64]bool{}
	for _, o := range longest {
		fmt.Fprintln(&b, describe(o))
		_, a = a.after(o.Input.(call))
		done[o.Call] = true
	}
	rest := slices.DeleteFunc(slices.Clone(part), func(o porcupine.Operation) bool { return done[o.Call] })
	slices.SortFunc(rest, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	fmt.Fprintf(&b, "these %d of %d are in order, but then:\n", len(longest), len(part))
	for _, o := range rest[:min(len(rest), 10)] {
		should, _ := a.after(o.Input.(call))
		fmt.Fprintf(&b, "%s\n    should be %+v\n", describe(o), should)
	}
	return b.String()
}

func describe(o porcupine.Operation) string {
	c, out := o.Input.(call), o.Output.(answer)
	said := fmt.Sprintf("%6d – %6d  %s at %d, session %d, flow %q", o.Call, o.Return, c.what, c.at, c.begun, c.flow)
	for name, value := range map[string]string{
		"code": c.code, "action": c.action, "drawn": c.drawn.id + c.drawn.digits, "state": out.state, "challenge": out.challenge,
	} {
		if value != "" {
			said += fmt.Sprintf(", %s %s", name, value)
		}
	}
	return said + fmt.Sprintf(", %d left, told of %d", out.left, out.told)
}
