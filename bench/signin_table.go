package main

// wholeSignIns writes the table of the sign-ins, and the ratios that follow from it.
func (r *results) wholeSignIns(all []way, measured map[string]*costs) {
	r.add("## Whole sign-ins, through a real Kratos\n\n")
	r.add("Native clients, %d at a time, Kratos on SQLite too, passwords hashed as cheaply as can be (bcrypt 4). Kratos and Nidan share a core. "+
		"Medians of the rounds, and their range; what one waits for its mail, and takes beside that, is each round's median.\n\n", atOnce)
	r.add("| sign-in | n | per second | waits for the mail | takes beside that | Kratos' CPU each | Nidan's CPU each | Nidan ÷ Kratos |\n|---|---|---|---|---|---|---|---|\n")
	for _, w := range all {
		c := measured[w.name]
		r.add("| %s | %d | %s | %s | %s | %s | %s | %s |\n", w.name, c.n, spread(c.perSec, "%.1f"), orNone(c.waited, "%.0f", " ms"),
			orNone(c.rest, "%.1f", " ms"), orNone(c.kratos, "%.2f", " ms"), orNone(c.nidan, "%.2f", " ms"), orNone(quotients(c.nidan, c.kratos), "%.2f", ""))
	}
	allowed, code, alone, own := measured[wayAllowed], measured[wayCode], measured[wayAlone], measured[wayOwnCode]
	r.add("\nSign-ins per second, Nidan with a code ÷ Kratos' own code: %s; without the waits for the mail: %s. CPU each, Kratos' and Nidan's "+
		"÷ that of Kratos with its own code: %s. Sign-ins per second, allowed by Nidan ÷ password alone: %s.\n\n",
		spread(quotients(code.perSec, own.perSec), "%.2f"), spread(quotients(own.rest, code.rest), "%.2f"),
		spread(quotients(sums(code.kratos, code.nidan), own.kratos), "%.2f"), spread(quotients(allowed.perSec, alone.perSec), "%.2f"))
	r.add("%s", aboutOwnCode)
	r.reached(goalKratos, "%s (%.2f of %.2f ms)", spread(quotients(allowed.nidan, allowed.kratos), "%.2f"), median(allowed.nidan), median(allowed.kratos))
}

// aboutOwnCode says what readers must know to compare the two codes.
const aboutOwnCode = `The wait for the mail is part of a sign-in with a code. Kratos' courier, which runs inside Kratos, sends what is there and then rests
for ` + "`courier.worker.pull_wait`" + `, which is left at its default (1s in v1.3.1). Each sign-in begins as the one before it ends, when the
courier has just begun to rest: people who come at any time wait half as long on average. The CPU includes what is used meanwhile.

Kratos' own code takes five requests, and one check of the password. Nidan's takes three, and two checks: with a dearer hash than here,
the second check counts against Nidan.

`

// orNone returns a median, or a dash if there was nothing to measure.
func orNone(all []float64, format, unit string) string {
	if median(all) == 0 {
		return "–"
	}
	return spread(all, format) + unit
}

// sums returns the sums of two cells, round by round.
func sums(a, b []float64) (all []float64) {
	for i := range min(len(a), len(b)) {
		all = append(all, a[i]+b[i])
	}
	return all
}
