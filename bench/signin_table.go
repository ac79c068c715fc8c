package main

// wholeSignIns writes the table of the sign-ins, and what follows from it.
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
	allowed, alone := measured[wayAllowed], measured[wayAlone]
	r.add("\nSign-ins per second, allowed by Nidan ÷ password alone: %s. Kratos' own `code` as a second factor is not measured here.\n\n",
		spread(quotients(allowed.perSec, alone.perSec), "%.2f"))
	r.reached(goalKratos, "%s (%.2f of %.2f ms)", spread(quotients(allowed.nidan, allowed.kratos), "%.2f"), median(allowed.nidan), median(allowed.kratos))
}

// orNone is a median, where there was something to measure.
func orNone(all []float64, format, unit string) string {
	if median(all) == 0 {
		return "–"
	}
	return spread(all, format) + unit
}
