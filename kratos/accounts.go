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

// ErrChanged is returned when a change was not made because the account is no longer as the caller has read it.
var ErrChanged = errors.New("the account has changed meanwhile")

// ErrSlow is returned when Kratos did not answer before the timeout.
var ErrSlow = errors.New("kratos takes too long to answer")

// withKeys makes Kratos' answer contain the account's credentials: security keys in full (only their public halves), the other kinds
// without their content. The answer contains no secret. Where the identity schema names an identifier for security keys, each account has
// this kind of credential from the beginning, with no key in it (v1.3.1).
var withKeys = []string{"webauthn"}

// Accounts returns a page of up to size accounts, in Kratos' own order, and the token of the next page ("" after the last page). The page
// begins at the token from ("" is the first page). With a prefix, it contains only accounts whose sign-in name begins with the prefix.
//
// On SQLite, Kratos (v1.3.1) reads all sign-in names again for each account that it looks at. So the time for a prefix grows with the
// square of the number of accounts: with a hundred thousand accounts, no answer comes before the timeout. PostgreSQL has an index for it.
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

// nextLink finds the address of the next page in the Link header (RFC 8288).
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

// SetFlag sets the boolean at a pointer of an account, and changes nothing else. The account is as the caller read it a moment ago. SetFlag
// returns [ErrChanged] if Kratos cannot apply the change because the object that contained the flag is gone.
//
// Kratos cannot compare the flag with its old value: it refuses the "test" operation of a JSON Patch (v1.3.1: "unsupported operation:
// test") and knows no If-Match. So the caller reads the account, compares the flag, and calls SetFlag at once. If two callers change the
// same flag within these milliseconds, the later change wins.
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

// flagPatch returns a JSON Patch (RFC 6902) that adds or replaces the flag. If objects above the flag are missing, the patch adds them too.
func flagPatch(as Identity, pointer string, on bool) (client.JsonPatch, error) {
	p, err := jsonpointer.New(pointer)
	if err != nil {
		return client.JsonPatch{}, fmt.Errorf("the pointer %q is not valid: %w", pointer, err)
	}
	tokens := p.DecodedTokens()
	at := map[string]any{"traits": as.Traits, "metadata_public": as.MetadataPublic}
	for depth, token := range tokens {
		below, ok := at[token].(map[string]any)
		if !ok || below == nil { // no object to add to: the patch adds the rest of the path as one value
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

// nest wraps a value in one object for each name.
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
