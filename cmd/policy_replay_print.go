package cmd

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"nidan/policies/replay"
)

func printSummary(w io.Writer, s compared, took time.Duration) error {
	with, against := "", "revision "+s.Against
	if len(s.Set) > 0 {
		with = " with " + plain(strings.Join(s.Set, ", "))
	}
	if s.Against == recordedThen {
		against = "what was recorded"
	}
	fmt.Fprintf(w, "%d recorded sign-ins, decided again under revision %s%s, and compared with %s (%v)\n"+
		"%d would end otherwise: %d of them asked less, %d not decided at all\n",
		s.Decided, s.Tried, with, against, took.Round(10*time.Millisecond), s.Changed, s.Loosened, s.Failed)
	printInexact(w, s.Summary)
	for _, left := range []struct {
		n    int
		what string
	}{
		{s.Further, "further records are of the same sign-ins, with a code or without: a sign-in counts once"},
		{s.Duplicates, "records were there twice, and count once"},
		{s.Unreadable, "records cannot be read, and are not counted"},
	} {
		if left.n > 0 {
			fmt.Fprintf(w, "%d %s\n", left.n, left.what)
		}
	}
	if len(s.Changes) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\n\tHOW MANY\tFROM\tTO\tCHANNEL\tROLE\tEXAMPLES")
	for _, c := range s.Changes {
		to := plain(c.ToReason)
		if c.Differs != "" {
			to += " (" + c.Differs + ")"
		}
		fmt.Fprintf(t, "%s\t%d\t%s %s\t%s %s\t%s\t%s\t%s\n",
			mark(c.Change), c.Count, c.From, plain(c.FromReason), c.To, to, plain(c.Channel), plain(c.Role), examples(c.Examples))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i, c := range s.Changes {
		if len(c.Accounts) > 0 {
			fmt.Fprintf(w, "\nchange %d, %d accounts:\n", i+1, len(c.Accounts))
		}
		for _, name := range c.Accounts {
			fmt.Fprintf(w, "  %s\n", plain(name))
		}
	}
	_, err := fmt.Fprintln(w, "\n! asked less   = ends the same, for another reason   Examples are records: nidan policy explain ID")
	return err
}

// printInexact writes how many sign-ins were not compared, and which facts their records lack.
func printInexact(w io.Writer, s replay.Summary) {
	if s.Inexact == 0 {
		return
	}
	var facts []string
	for _, fact := range slices.Sorted(maps.Keys(s.Lacking)) {
		facts = append(facts, fmt.Sprintf("%s (%d)", plain(fact), s.Lacking[fact]))
	}
	fmt.Fprintf(w, "%d are inexact, and not compared: facts are read that their records do not have, or have masked: %s\n  such as %s\n",
		s.Inexact, strings.Join(facts, ", "), examples(s.InexactExamples))
	for _, name := range s.InexactAccounts {
		fmt.Fprintf(w, "  %s\n", plain(name))
	}
}

func mark(c replay.Change) string {
	switch {
	case c.Loosens():
		return "!"
	case !c.EndsOtherwise():
		return "="
	}
	return ""
}

func examples(of []replay.Example) string {
	var shown []string
	for _, e := range of {
		one := fmt.Sprintf("%s (%s)", plain(cmp.Or(e.DecisionID, strconv.FormatInt(e.Record, 10))), plain(e.Account))
		if e.Error != "" {
			one += ": " + plain(strings.ReplaceAll(e.Error, "\n", " "))
		}
		shown = append(shown, one)
	}
	return strings.Join(shown, ", ")
}
