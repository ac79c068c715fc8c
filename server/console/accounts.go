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

// Account is an account of Kratos' as the console knows it.
type Account struct {
	ID         string
	State      string // Kratos' identity state
	Person     kratos.Person
	Unreadable string // what is wrong with it, where it cannot be read: nobody can sign in to it; else empty
	// Factors are those that Kratos names so: totp, webauthn, lookup_secret. Empty: codes by e-mail are all that there is; nil: not known.
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

// NoFactor, as a filter, is for the accounts that rely on mail: they have enrolled no second factor that can be asked for again and again.
const NoFactor = "mail"

// RelyOnMail says whether codes by e-mail are all that an account has. Recovery codes run out, so they do not count.
func (a Account) RelyOnMail() bool {
	return a.Factors != nil && !slices.Contains(a.Factors, "totp") && !slices.Contains(a.Factors, "webauthn")
}

// Unreachable says whether a code is asked of an account that has no address to mail it to.
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

// AccountFilter says which accounts are wanted. What is empty does not narrow them down.
type AccountFilter struct {
	Prefix string // the sign-in name begins so
	Text   string // stands in the sign-in name, the name or the e-mail address
	Role   string
	State  string // Kratos' identity state
	Factor string // one that is enrolled, as in [Account], or [NoFactor]
	From   string // where the page before ended
}

// AccountPage is some of the accounts.
type AccountPage struct {
	Accounts []Account
	Next     string // where to go on; empty: these were the last
	Searched int    // how many accounts were looked through to find these
}

const (
	// PageSize is how many accounts are on a page, if there are so many. A page of a search may hold some more.
	PageSize = 50
	// searchFor is how long a search goes on before it shows what it has found. Kratos knows nothing of roles and names, so
	// each account has to be looked at.
	searchFor  = 2 * time.Second
	searchSize = 250
)

// Accounts are the accounts that the filter asks for, in Kratos' own order.
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
