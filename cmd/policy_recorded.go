package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nidan/challenge"
	"nidan/exchange"
	"nidan/kratos"
	"nidan/policies"
	"nidan/records"
)

// recordedSignIn returns a record, its content, and the files of the policies that decided then, or nil if the database does not have
// them.
func recordedSignIn(
	c *cobra.Command, database string, id int64,
) (r records.Record, k policies.Kept, then []policies.File, err error) {
	st, err := openToRead(c.Context(), database)
	if err != nil {
		return r, k, nil, err
	}
	defer st.Close()
	found, err := st.Records(c.Context(), records.Filter{Before: id + 1, Limit: 1})
	switch {
	case err != nil:
		return r, k, nil, err
	case len(found) == 0 || found[0].ID != id:
		return r, k, nil, withStatus{fmt.Errorf("there is no record %d", id), statusNotFound}
	case found[0].Kind != "sign_in":
		return r, k, nil, fmt.Errorf("record %d is of no sign-in, but %s", id, found[0].Kind)
	}
	if err := json.Unmarshal(found[0].Detail, &k); err != nil {
		return r, k, nil, fmt.Errorf("read record %d: %w", id, err)
	}
	switch p, err := st.PolicySet(c.Context(), found[0].Revision); {
	case err == nil:
		then, err = unpacked(p.Files)
		return found[0], k, then, err
	case !errors.Is(err, challenge.ErrNotFound):
		return found[0], k, nil, err
	}
	return found[0], k, nil, nil
}

func printRecord(w io.Writer, r records.Record, k policies.Kept, revision string) error {
	fmt.Fprintf(w, "Record %d: %s, %s\nIt ended as %s, for the reason %s.\n", r.ID, plain(r.Name), r.At.UTC().Format(time.RFC3339), r.State, plain(r.Reason))
	if r.Revision == revision {
		fmt.Fprintf(w, "Decided by revision %s then, and below.\n", revision)
	} else {
		fmt.Fprintf(w, "Decided by revision %s then, and by other policies, %s, below.\n", r.Revision, revision)
	}
	if not := append(k.Erased, k.Masked...); len(not) > 0 {
		fmt.Fprintf(w, "Not kept as it was: %s\n", strings.Join(not, ", "))
	}
	fmt.Fprintln(w)
	var indented bytes.Buffer
	if err := json.Indent(&indented, k.Input, "", "  "); err != nil {
		return err
	}
	fmt.Fprint(w, "input = ")
	for line := range strings.Lines(indented.String()) {
		fmt.Fprintln(w, plain(strings.TrimSuffix(line, "\n")))
	}
	_, err := fmt.Fprintln(w)
	return err
}

// askedOf returns the input of a question about a recorded sign-in, or about the session that the sign-in opened.
func askedOf(q policies.Question, r records.Record, kept policies.Kept) (any, error) {
	var in map[string]any
	if err := json.Unmarshal(kept.Input, &in); err != nil || in == nil {
		return nil, fmt.Errorf("record %d does not hold what was asked of the policies", r.ID)
	}
	policies.WithChannels(in, append(kept.Erased, kept.Masked...))
	switch q.Name {
	case "login":
		return in, nil
	case "capabilities", "settings":
	default:
		return nil, fmt.Errorf("a record of a sign-in does not say what is asked for --question %s: give it in a file, with --input", q.Name)
	}
	var d policies.Decision
	if err := json.Unmarshal(kept.Decision, &d); err != nil {
		return nil, fmt.Errorf("read the decision in record %d: %w", r.ID, err)
	}
	step := d.SecondStep
	switch {
	case r.State == string(exchange.StepAAL2Needed):
		step = policies.SecondStep(exchange.StepAAL2Needed)
	case r.State == string(challenge.Passed) && step != policies.SecondStepEnrolOnly:
		step = policies.SecondStep(exchange.StepPassed)
	case r.State == string(challenge.Passed):
	case r.State != "allowed":
		return nil, fmt.Errorf("record %d let nobody in (%s): no session came of it", r.ID, r.State)
	}
	return map[string]any{
		"now": in["now"], "today": in["today"], "settings": in["settings"], "account": in["account"],
		"session": map[string]any{"known": true, "channel": d.Channel, "second_step": step, "aal": kratos.AAL1, "age_minutes": 0},
	}, nil
}
