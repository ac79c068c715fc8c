//go:build measure

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	many  = 100_000
	batch = 1000 // identities in one call of Kratos' admin API, which takes 2000
	times = 9    // how often each page is asked for; the median counts
)

// TestMeasureAccounts is a measurement and no test: make measure-accounts runs it. It measures how long the accounts' page takes with a
// hundred thousand accounts in Kratos.
func TestMeasureAccounts(t *testing.T) {
	for name, dsn := range map[string]string{"SQLite": kratosOnSQLite(t), "PostgreSQL": kratosDatabase()} {
		t.Run(name, func(t *testing.T) {
			startKratosOn(t, dsn, origin)
			n := started(t)
			began := time.Now()
			importMany(t)
			t.Logf("%d accounts imported in %s", many, time.Since(began).Round(time.Second))
			l := &listing{t, n, consoleSession(t, n, account(t, administrator))}

			l.measure("the first page", "")
			l.measure("the first page, to be edited", "?edit=1")
			at := ""
			for range 499 {
				at = l.next(l.page(at))
			}
			l.measure("the 500th page", at)
			l.measure("by a part of every name", "?in=text&q=member")
			l.searchAll("?in=text&q=077777")
			// These come last: if Kratos is too slow to answer one of them in time, it goes on working on it, and slows down what follows.
			l.measure("by how a thousand names begin", "?q=member-077")
			l.measure("by how one name begins", "?q=member-077777")
		})
	}
}

// importMany makes the accounts. None of them can sign in: it would take hours to hash so many passwords.
func importMany(t *testing.T) {
	t.Helper()
	for first := 0; first < many; first += batch {
		var identities []string
		for i := first; i < first+batch; i++ {
			name := fmt.Sprintf("member-%06d", i)
			identities = append(identities, fmt.Sprintf(`{"create": {"schema_id": "account", "state": "active",
				"traits": {"account": %q, "name": %[1]q, "email": "%[1]s@example.com"},
				"metadata_public": {"role": "user", "two_factor": {"enabled": true}},
				"credentials": {"password": {"config": {"hashed_password": %[2]q}}}}}`, name, nobodysHash))
		}
		body := `{"identities": [` + strings.Join(identities, ",") + `]}`
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, kratosAdminURL+"/admin/identities", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || strings.Count(string(said), `"action":"create"`) != batch {
			t.Fatalf("identities from %d on were not imported: %d, %v: %.300s", first, answer.StatusCode, err, said)
		}
	}
}

// nobodysHash has the form of a password's hash. Nobody knows a password with this hash.
const nobodysHash = "$2a$12$0123456789012345678901uKxQqE8bT0a5b1C2d3E4f5G6h7I8j9K"

// listing is the list of the accounts, as an administrator sees it.
type listing struct {
	t       *testing.T
	n       *nidan
	session http.Header
}

// ask returns the console's answer.
func (l *listing) ask(query string) (status int, page string) {
	l.t.Helper()
	answer := l.n.get("/console/accounts"+query, l.session)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// page returns a page, and fails the test if there is none.
func (l *listing) page(query string) string {
	l.t.Helper()
	status, page := l.ask(query)
	if status != http.StatusOK {
		l.t.Fatalf("%s: %d: %.300s", query, status, page)
	}
	return page
}

var nextButton = regexp.MustCompile(`id="next" href="/console/accounts([^"]*)"`)

// next returns the link from a page to the next one, "" on the last page.
func (l *listing) next(page string) string {
	found := nextButton.FindStringSubmatch(page)
	if found == nil {
		return ""
	}
	return strings.ReplaceAll(found[1], "&amp;", "&")
}

// rows returns how many accounts a page shows.
func rows(page string) int { return strings.Count(page, `<td><a href="/console/accounts/`) }

// measure asks several times. If there is no answer, it asks only once: the time of a failure is worth knowing too.
func (l *listing) measure(what, query string) {
	l.t.Helper()
	var took []time.Duration
	shown := 0
	for range times {
		began := time.Now()
		status, page := l.ask(query)
		took = append(took, time.Since(began))
		if status != http.StatusOK {
			l.t.Logf("%-30s %d after %s", what, status, ms(took[len(took)-1]))
			return
		}
		shown = rows(page)
	}
	slices.Sort(took)
	l.t.Logf("%-30s median %s, %s to %s, %d accounts", what, ms(took[times/2]), ms(took[0]), ms(took[times-1]), shown)
	if shown == 0 {
		l.t.Errorf("%s: nothing was shown", what)
	}
}

// searchAll follows a search through all accounts, page by page.
func (l *listing) searchAll(query string) {
	l.t.Helper()
	began, pages, found, longest := time.Now(), 0, 0, time.Duration(0)
	var foundAfter time.Duration
	for at, more := query, true; more; pages++ {
		asked := time.Now()
		page := l.page(at)
		longest = max(longest, time.Since(asked))
		if found += rows(page); found > 0 && foundAfter == 0 {
			foundAfter = time.Since(began)
		}
		at = l.next(page)
		more = at != ""
	}
	l.t.Logf("%-30s %s on %d pages of %s at most; %d found, after %s", "by a part of one name, all",
		ms(time.Since(began)), pages, ms(longest), found, ms(foundAfter))
	if found != 1 {
		l.t.Errorf("%d were found", found)
	}
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
