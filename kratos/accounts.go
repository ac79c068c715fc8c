package kratos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/go-openapi/jsonpointer"
	client "github.com/ory/kratos-client-go"
)

// ErrChanged is returned for a change that was not made, because what it was to change is no longer as it was.
var ErrChanged = errors.New("the account has changed meanwhile")

// ErrSlow is returned for what Kratos did not answer in time.
var ErrSlow = errors.New("kratos takes too long to answer")

// withKeys has Kratos say what an account signs in with, and of that in full its security keys: their public halves. Nothing that is
// secret comes along. An account that may have keys has this kind of credential from the beginning, with no key in it, wherever the
// identity schema names an identifier for them (v1.3.1).
var withKeys = []string{"webauthn"}

// Accounts returns up to size accounts, in Kratos' own order, from where the page before ended ("" begins), and where the next
// one begins ("" where there is none). A prefix narrows them down to those whose sign-in name begins so.
//
// On SQLite, Kratos (v1.3.1) reads all sign-in names again for each account that it looks at, so the time that a prefix takes
// grows with the square of the accounts: with a hundred thousand, no answer comes in time. PostgreSQL has an index for it.
func (a *Admin) Accounts(ctx context.Context, prefix, from string, size int) (page []Identity, next string, err error) {
	ask := a.api.ListIdentities(ctx).PageSize(int64(size)).IncludeCredential(withKeys)
	if from != "" {
		ask = ask.PageToken(from)
	}
	if prefix != "" {
		ask = ask.PreviewCredentialsIdentifierSimilar(prefix)
	}
	got, answer, err := ask.Execute()
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, "", fmt.Errorf("list identities: %w", ErrSlow)
	}
	if err != nil {
		return nil, "", fmt.Errorf("list identities: %w", answerError(answer, err))
	}
	defer answer.Body.Close()
	for _, i := range got {
		page = append(page, identityOf(&i))
	}
	return page, nextPage(answer.Header), nil
}

// nextLink is where the next page is, as Kratos says it (RFC 8288).
var nextLink = regexp.MustCompile(`<([^>]*)>;\s*rel="next"`)

func nextPage(h http.Header) string {
	found := nextLink.FindStringSubmatch(h.Get("Link"))
	if found == nil {
		return ""
	}
	u, err := url.Parse(found[1])
	if err != nil {
		return ""
	}
	return u.Query().Get("page_token")
}

// Account returns one account, or [ErrGone].
func (a *Admin) Account(ctx context.Context, id string) (Identity, error) {
	got, answer, err := a.api.GetIdentity(ctx, id).IncludeCredential(withKeys).Execute()
	if err != nil {
		return Identity{}, fmt.Errorf("get an identity: %w", answerError(answer, err))
	}
	defer answer.Body.Close()
	return identityOf(got), nil
}

// SetFlag sets the boolean at a pointer of an account that was read a moment ago, and touches nothing else. It is [ErrChanged]
// where what the flag stands in has gone meanwhile.
//
// It cannot be made to depend on what the flag was: Kratos refuses the "test" operation of a JSON Patch (v1.3.1: "unsupported
// operation: test") and knows no If-Match. So whoever calls this reads the account, compares, and calls at once: of two who
// change the same flag within those milliseconds, the later one wins.
func (a *Admin) SetFlag(ctx context.Context, as Identity, pointer string, on bool) error {
	patch, err := flagPatch(as, pointer, on)
	if err != nil {
		return err
	}
	_, answer, err := a.api.PatchIdentity(ctx, as.ID).JsonPatch([]client.JsonPatch{patch}).Execute()
	if err == nil {
		answer.Body.Close()
		return nil
	}
	if answer != nil && (answer.StatusCode == http.StatusBadRequest || answer.StatusCode == http.StatusConflict) {
		answer.Body.Close()
		return fmt.Errorf("change an identity: %w", ErrChanged)
	}
	return fmt.Errorf("change an identity: %w", answerError(answer, err))
}

// flagPatch is a JSON Patch (RFC 6902) that adds the flag, or replaces it, and adds with it whatever is missing above it.
func flagPatch(as Identity, pointer string, on bool) (client.JsonPatch, error) {
	p, err := jsonpointer.New(pointer)
	if err != nil {
		return client.JsonPatch{}, fmt.Errorf("the pointer %q is not valid: %w", pointer, err)
	}
	tokens := p.DecodedTokens()
	at := map[string]any{"traits": as.Traits, "metadata_public": as.MetadataPublic}
	for depth, token := range tokens {
		below, ok := at[token].(map[string]any)
		if !ok || below == nil { // nothing can be added below it: it is replaced by what is missing
			var path strings.Builder
			for _, t := range tokens[:depth+1] {
				path.WriteString("/" + jsonpointer.Escape(t))
			}
			return client.JsonPatch{Op: "add", Path: path.String(), Value: nest(tokens[depth+1:], on)}, nil
		}
		at = below
	}
	return client.JsonPatch{}, fmt.Errorf("the pointer %q leads to something that is no flag", pointer)
}

// nest puts a value below the names.
func nest(names []string, value any) any {
	for i := len(names) - 1; i >= 0; i-- {
		value = map[string]any{names[i]: value}
	}
	return value
}

func identityOf(i *client.Identity) Identity {
	id := Identity{ID: i.Id, State: i.GetState()}
	id.Traits, _ = i.Traits.(map[string]any)
	id.MetadataPublic, _ = i.MetadataPublic.(map[string]any)
	if enrolled, known := i.GetCredentialsOk(); known {
		if f, err := factorsOf(*enrolled); err == nil {
			id.Factors = &f
		}
	}
	return id
}
