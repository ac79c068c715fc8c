package console

import (
	"context"
	"slices"
	"strings"
	"time"

	"nidan/kratos"
	"nidan/policies"
	"nidan/server/session"
)

// Account is an account in Kratos, as the console shows it.
type Account struct {
	ID         string
	State      string // Kratos' state of the identity
	Person     kratos.Person
	Unreadable string // why the account's data cannot be read, so that nobody can sign in with it; else empty
	// Factors are the enrolled second factors, by Kratos' names: totp, webauthn, lookup_secret. Empty: the account has only codes by
	// e-mail; nil: not known.
	Factors []string

	identity kratos.Identity
}

func (c *Console) account(id kratos.Identity) Account {
	a := Account{ID: id.ID, State: id.State, Factors: factorsOf(id.Factors), identity: id}
	who, err := c.Identity.Read(id)
	if err != nil {
		a.Unreadable = err.Error()
		return a
	}
	a.Person = who
	return a
}

// NoFactor is the filter value for the accounts that rely on mail: they have enrolled no second factor that can be used any number of
// times.
const NoFactor = "mail"

// RelyOnMail says whether the account has only codes by e-mail. Recovery codes do not count, because they are used up.
func (a Account) RelyOnMail() bool {
	return a.Factors != nil && !slices.Contains(a.Factors, "totp") && !slices.Contains(a.Factors, "webauthn")
}

// Unreachable says whether the account has to enter a code, but has no address to which a code can be mailed.
func (a Account) Unreachable() bool { return a.Person.TwoFactor && a.Person.Email == "" }

func (a Account) relies(on string) bool {
	if on == NoFactor {
		return a.RelyOnMail()
	}
	return slices.Contains(a.Factors, on)
}

func factorsOf(f *kratos.Factors) []string {
	if f == nil {
		return nil
	}
	enrolled := []string{}
	for _, of := range []struct {
		name string
		has  bool
	}{{"totp", f.TOTP}, {"webauthn", f.WebAuthn}, {"lookup_secret", f.LookupSecret}} {
		if of.has {
			enrolled = append(enrolled, of.name)
		}
	}
	return enrolled
}

// AccountFilter says which accounts are searched for. An empty field does not limit the search.
type AccountFilter struct {
	Prefix string // beginning of the sign-in name
	Text   string // part of the sign-in name, the name or the e-mail address
	Role   string
	State  string // Kratos' state of the identity
	Factor string // an enrolled factor, as in [Account], or [NoFactor]
	From   string // the Next of the page before
}

// AccountPage is a page of accounts.
type AccountPage struct {
	Accounts []Account
	Next     string // the From of the next page; empty: this is the last page
	Searched int    // how many accounts were read to find these
}

const (
	// PageSize is how many accounts are on a page, if there are that many. A page of a search may have some more.
	PageSize = 50
	// searchFor is how long a search goes on before it shows the accounts that it has found. Kratos cannot search by role or name, so
	// the search has to read each account.
	searchFor  = 2 * time.Second
	searchSize = 250
)

// Accounts returns a page of the accounts that match the filter, in Kratos' order.
func (c *Console) Accounts(ctx context.Context, who session.Visitor, f AccountFilter) (AccountPage, error) {
	if err := c.May(ctx, who, policies.ViewAccounts, nil); err != nil {
		return AccountPage{}, err
	}
	size := PageSize
	if f.Text != "" || f.Role != "" || f.State != "" || f.Factor != "" {
		size = searchSize
	}
	page := AccountPage{Next: f.From}
	for until := c.Now().Add(searchFor); ; {
		found, next, err := c.Kratos.Accounts(ctx, f.Prefix, page.Next, size)
		if err != nil {
			return AccountPage{}, err
		}
		page.Searched += len(found)
		for _, id := range found {
			if a := c.account(id); f.matches(a) {
				page.Accounts = append(page.Accounts, a)
			}
		}
		page.Next = next
		if next == "" || len(page.Accounts) >= PageSize || c.Now().After(until) {
			return page, nil
		}
	}
}

func (f AccountFilter) matches(a Account) bool {
	if f.Role != "" && f.Role != a.Person.Role || f.State != "" && f.State != a.State || f.Factor != "" && !a.relies(f.Factor) {
		return false
	}
	text := strings.ToLower(f.Text)
	for _, in := range []string{a.Person.Account, a.Person.Name, a.Person.Email} {
		if strings.Contains(strings.ToLower(in), text) {
			return true
		}
	}
	return false
}
