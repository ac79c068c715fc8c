package kratos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/go-openapi/jsonpointer"
	client "github.com/ory/kratos-client-go"
)

// ErrChanged is returned for a change that was not made, because what it was to change is no longer as it was.
var ErrChanged = errors.New("the account has changed meanwhile")

// Accounts returns up to size accounts, in Kratos' own order, from where the page before ended ("" begins), and where the next
// one begins ("" where there is none). A prefix narrows them down to those whose sign-in name begins so.
func (a *Admin) Accounts(ctx context.Context, prefix, from string, size int) (page []Identity, next string, err error) {
	ask := a.api.ListIdentities(ctx).PageSize(int64(size))
	if from != "" {
		ask = ask.PageToken(from)
	}
	if prefix != "" {
		ask = ask.PreviewCredentialsIdentifierSimilar(prefix)
	}
	got, answer, err := ask.Execute()
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
	got, answer, err := a.api.GetIdentity(ctx, id).Execute()
	if err != nil {
		return Identity{}, fmt.Errorf("get an identity: %w", answerError(answer, err))
	}
	defer answer.Body.Close()
	return identityOf(got), nil
}

// SetFlag sets the boolean at a pointer of an account that was read a moment ago. Kratos makes the change only if nothing has
// changed on the way down to it since: otherwise it is [ErrChanged], and nothing is lost.
func (a *Admin) SetFlag(ctx context.Context, as Identity, pointer string, on bool) error {
	patch, err := flagPatch(as, pointer, on)
	if err != nil {
		return err
	}
	_, answer, err := a.api.PatchIdentity(ctx, as.ID).JsonPatch(patch).Execute()
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

// flagPatch is a JSON Patch (RFC 6902): what stands there is tested, then replaced. Where nothing stands, that is tested at
// the nearest thing above, and what is missing is added below it.
func flagPatch(as Identity, pointer string, on bool) ([]client.JsonPatch, error) {
	p, err := jsonpointer.New(pointer)
	if err != nil {
		return nil, fmt.Errorf("the pointer %q is not valid: %w", pointer, err)
	}
	tokens := p.DecodedTokens()
	var at any = map[string]any{"traits": as.Traits, "metadata_public": anyOf(as.MetadataPublic)}
	path, depth := "", 0
	for ; depth < len(tokens); depth++ {
		members, ok := at.(map[string]any)
		if !ok {
			break
		}
		next, there := members[tokens[depth]]
		if !there {
			break
		}
		at, path = next, path+"/"+jsonpointer.Escape(tokens[depth])
	}
	tested, err := json.Marshal(at)
	if err != nil {
		return nil, fmt.Errorf("encode what is to be tested: %w", err)
	}
	test := client.JsonPatch{Op: "test", Path: path, Value: json.RawMessage(tested)}
	if at == nil { // a null is replaced as a whole; "add" does so too, and does not mind where Kratos leaves nulls out
		return []client.JsonPatch{test, {Op: "add", Path: path, Value: nest(tokens[depth:], on)}}, nil
	}
	if depth == len(tokens) {
		return []client.JsonPatch{test, {Op: "replace", Path: path, Value: on}}, nil
	}
	added := path + "/" + jsonpointer.Escape(tokens[depth])
	return []client.JsonPatch{test, {Op: "add", Path: added, Value: nest(tokens[depth+1:], on)}}, nil
}

// nest puts a value below the names.
func nest(names []string, value any) any {
	for i := len(names) - 1; i >= 0; i-- {
		value = map[string]any{names[i]: value}
	}
	return value
}

// anyOf is nil for a nil map: in an interface, it would not be.
func anyOf(m map[string]any) any {
	if m == nil {
		return nil
	}
	return m
}

func identityOf(i *client.Identity) Identity {
	id := Identity{ID: i.Id, State: i.GetState()}
	id.Traits, _ = i.Traits.(map[string]any)
	id.MetadataPublic, _ = i.MetadataPublic.(map[string]any)
	return id
}
