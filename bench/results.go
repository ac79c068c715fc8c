package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// results contains the parts of RESULTS.md.
type results struct {
	note string
	head string
	text strings.Builder
	// bounds says what limits the figures, as a person found with a profile. This text comes from bench/bounds.md, and goes at the end.
	bounds string
	reach  map[string]string // results for the goals, by name
}

func (r *results) add(format string, args ...any) { fmt.Fprintf(&r.text, format, args...) }

// reached records the result for a goal.
func (r *results) reached(goal, format string, args ...any) {
	r.reach[goal] = fmt.Sprintf(format, args...)
}

// cell contains the figures of one subject with one number of callers, over the rounds.
type cell struct {
	perSec, p50, p99, cpu, allocated []float64 // calls per second, milliseconds, milliseconds, microseconds a call, objects a call
}

type table struct{ cells map[string]*cell }

func newTable() *table { return &table{make(map[string]*cell)} }

func (t *table) at(subject string, callers int) *cell {
	key := fmt.Sprint(subject, callers)
	if t.cells[key] == nil {
		t.cells[key] = &cell{}
	}
	return t.cells[key]
}

func (t *table) add(subject string, callers int, f figures, cpu time.Duration, allocated float64) {
	c := t.at(subject, callers)
	c.perSec = append(c.perSec, f.perSec)
	c.p50, c.p99 = append(c.p50, ms(f.p50)), append(c.p99, ms(f.p99))
	c.cpu, c.allocated = append(c.cpu, float64(cpu.Microseconds())), append(c.allocated, allocated)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// spread returns a median with its range.
func spread(all []float64, format string) string {
	if len(all) == 0 {
		return "–"
	}
	return fmt.Sprintf(format+" ["+format+"–"+format+"]", median(all), slices.Min(all), slices.Max(all))
}

// quotients returns the quotients of two cells, round by round: the state of the machine in a round affects both.
func quotients(a, b []float64) (all []float64) {
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			all = append(all, a[i]/b[i])
		}
	}
	return all
}

// table writes the table of the calls, the same figures as ratios, and the results for the goals.
func (r *results) table(t *table, all []subject) {
	r.add("## Calls\n\nCalls per second: the median of the rounds, and their range.\n\n")
	r.add("| subject | 1 caller | 16 | 64 | p50 / p99 at 1 | at 16 | at 64 | CPU a call at 64 |\n|---|---|---|---|---|---|---|---|\n")
	for _, s := range all {
		r.add("| %s |", s.name)
		for _, n := range callers {
			r.add(" %s |", spread(t.at(s.name, n).perSec, "%.0f"))
		}
		for _, n := range callers {
			c := t.at(s.name, n)
			r.add(" %.2f / %.2f ms |", median(c.p50), median(c.p99))
		}
		r.add(" %.0f µs |\n", median(t.at(s.name, 64).cpu))
	}
	r.add("\nThe same as ratios, round by round: what the row does, divided by\n\n| subject | callers |")
	peers := []string{opaServer, echoEach, echoGrouped, echoAllowed, echoNothing}
	for _, p := range peers {
		r.add(" %s |", p)
	}
	r.add("\n|---|---|%s\n", strings.Repeat("---|", len(peers)))
	for _, s := range []string{nidanAllowed, nidanRight, nidanIssued} {
		for _, n := range callers {
			r.add("| %s | %d |", s, n)
			for _, p := range peers {
				r.add(" %s |", spread(quotients(t.at(s, n).perSec, t.at(p, n).perSec), "%.2f"))
			}
			r.add("\n")
		}
	}
	r.add("\n")
	r.goals(t)
}

func (r *results) goals(t *table) {
	allowed := t.at(nidanAllowed, 64)
	r.reached(goalOPA, "%s", spread(quotients(allowed.perSec, t.at(opaServer, 64).perSec), "%.2f"))
	r.reached(goalEcho, "%s (of three rows, as Nidan writes: %s)",
		spread(quotients(allowed.perSec, t.at(echoGrouped, 64).perSec), "%.2f"),
		spread(quotients(allowed.perSec, t.at(echoAllowed, 64).perSec), "%.2f"))
	twoCores := t.at(nidanTwoCores, 64)
	r.reached(goalFair, "%s; %s", spread(quotients(allowed.p99, allowed.p50), "%.1f"), spread(quotients(twoCores.p99, twoCores.p50), "%.1f"))
	r.reached(goalAllocations, "%s (the whole program's, HTTP and background included)", spread(allowed.allocated, "%.0f"))
	var both []float64 // sign-ins with a code per second: one call that issues and one that verifies
	issued, right := t.at(nidanIssued, 64).perSec, t.at(nidanRight, 64).perSec
	for i := range min(len(issued), len(right)) {
		both = append(both, 1/(1/issued[i]+1/right[i]))
	}
	r.reached(goalCodes, "%s", spread(quotients(both, t.at(echoWithCode, 64).perSec), "%.2f"))
}

// The names of the goals.
const (
	goalOPA         = "hook, allowed and recorded, 64 callers ÷ OPA server with decision log"
	goalEcho        = "÷ Echo, group commit of the same record (the limit)"
	goalFair        = "p99 ÷ p50 at 64 callers: one core; two cores"
	goalDisk        = "with a 2 ms fsync, 64 callers ÷ 1 caller"
	goalCodes       = "codes issued (mail queued) and verified ÷ the same database's grouped inserts in as many rows"
	goalAllocations = "allocations per allowed call, repeated facts"
	goalSize        = "calls per second at 10⁶ records and devices ÷ at 10³"
	goalMail        = "mail handed over after the answer, p99 at 100 a second"
	goalStart       = "start to ready ÷ OPA server; memory after 10⁵ calls ÷ OPA server"
	goalKratos      = "Nidan's CPU per allowed sign-in ÷ Kratos' own, cheap hashing (bcrypt 4)"
)

var goals = []struct{ name, goal string }{
	{goalOPA, "≥ 5"}, {goalEcho, "≥ 0.85"}, {goalFair, "≤ 20"}, {goalDisk, "≥ 20"}, {goalCodes, "≥ 0.8"}, {goalAllocations, "≤ 150"},
	{goalSize, "≥ 0.9"}, {goalMail, "≤ 250 ms"}, {goalStart, "≤ 1; ≤ 1"}, {goalKratos, "≤ 0.1"},
}

// begin writes down the machine and the versions, while this program may still use all cores.
func (r *results) begin(b *bench) {
	r.reach = make(map[string]string)
	if said, err := os.ReadFile(filepath.Join(b.root, "bench/bounds.md")); err == nil {
		r.bounds = string(said)
	}
	output := func(name string, args ...string) string {
		out, _ := exec.Command(name, args...).Output()
		return strings.TrimSpace(string(out))
	}
	model := "unknown processor"
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			model = strings.TrimSpace(strings.TrimLeft(name, "\t: "))
			break
		}
	}
	version := func(module string) string {
		return output("go", "-C", b.root, "list", "-m", "-f", "{{.Version}}", module)
	}
	r.head = fmt.Sprintf(`- **When**: %s; %d rounds, %s a load.
- **Machine**: %s, %d cores, %s; load average at the start %s. Linux %s.
- **Versions**: %s, OPA %s (Nidan's and the server's), SQLite driver %s (Nidan's and Echo's), Kratos v1.3.1.
- **Disk**: SQLite on a disk, WAL, synchronous=FULL; a durable 4 KiB append takes %s here (median of 200).
`, time.Now().UTC().Format("2006-01-02 15:04 UTC"), b.rounds, b.each,
		model, runtime.NumCPU(), runtime.GOARCH, loadAverage(), output("uname", "-r"),
		runtime.Version(), version("github.com/open-policy-agent/opa"), version("modernc.org/sqlite"), durableAppend(b.work))
}

func loadAverage() string {
	said, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(said))[:3], " ")
}

// durableAppend returns the median time that the disk takes to keep 4 KiB.
func durableAppend(dir string) string {
	f, err := os.CreateTemp(dir, "append-")
	if err != nil {
		return "an unknown time"
	}
	defer os.Remove(f.Name())
	defer f.Close()
	var took []float64
	for range 200 {
		begin := time.Now()
		_, err := f.Write(make([]byte, 4096))
		if err != nil || f.Sync() != nil {
			return "an unknown time"
		}
		took = append(took, float64(time.Since(begin).Microseconds()))
	}
	return fmt.Sprintf("%.0f µs", median(took))
}

func (r *results) markdown() string {
	var out strings.Builder
	out.WriteString("# Nidan and its peers, measured\n\nWritten by `make bench`. Figures are comparable within this one run only; what counts are the ratios.\n\n")
	out.WriteString(r.head)
	if pinning {
		out.WriteString("- **Cores**: what serves has one core, what asks has the other, unless a row says otherwise.\n")
	} else {
		out.WriteString("- **Cores**: shared by what serves and what asks.\n")
	}
	if r.note != "" {
		out.WriteString("- **Note**: " + r.note + "\n")
	}
	out.WriteString("\n## Goals\n\n| figure | goal | this run |\n|---|---|---|\n")
	for _, g := range goals {
		got := r.reach[g.name]
		if got == "" {
			got = "not measured"
		}
		fmt.Fprintf(&out, "| %s | %s | %s |\n", g.name, g.goal, got)
	}
	out.WriteString("\n" + r.text.String() + r.bounds)
	return strings.TrimRight(out.String(), "\n") + "\n"
}
