package kratos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	client "github.com/ory/kratos-client-go"
)

// SettingsFlow is what a page has to know of a settings flow, in which somebody changes how to sign in.
type SettingsFlow struct {
	ID        string
	Action    string // where to submit it
	CSRFToken string
	Messages  []Message
	Methods   []Method // in Kratos' order
}

// NewSettingsFlow begins a flow for the browser with these cookies, and returns its id and the headers with the cookies that Kratos sets.
// It returns [ErrGone] where nobody is signed in, [ErrAAL2Needed] where the second factor is lacking, and [ErrRefused] where a hook of Kratos'
// is against it.
func (f *Frontend) NewSettingsFlow(ctx context.Context, cookie, returnTo string) (id string, cookies []string, err error) {
	ask := f.api.CreateBrowserSettingsFlow(ctx).Cookie(cookie)
	if returnTo != "" {
		ask = ask.ReturnTo(returnTo)
	}
	got, answer, err := ask.Execute()
	if err != nil {
		return "", nil, fmt.Errorf("begin a settings flow: %w", settingsError(answer, err))
	}
	defer answer.Body.Close()
	return got.Id, answer.Header.Values("Set-Cookie"), nil
}

// SettingsFlow returns the browser's flow of that id, or [ErrGone], or [ErrAAL2Needed].
func (f *Frontend) SettingsFlow(ctx context.Context, id, cookie string) (SettingsFlow, error) {
	got, answer, err := f.api.GetSettingsFlow(ctx).Id(id).Cookie(cookie).Execute()
	if err != nil {
		return SettingsFlow{}, fmt.Errorf("get a settings flow: %w", settingsError(answer, err))
	}
	defer answer.Body.Close()
	flow := LoginFlow{} // whose nodes are alike
	for _, n := range got.Ui.Nodes {
		flow.add(n)
	}
	return SettingsFlow{
		ID: got.Id, Action: got.Ui.Action, CSRFToken: flow.CSRFToken, Messages: messages(got.Ui.Messages), Methods: flow.Methods,
	}, nil
}

// settingsError is answerError, and knows a refusal by a hook: Kratos has no status of its own for that while a flow begins.
func settingsError(answer *http.Response, err error) error {
	if answer == nil {
		return err
	}
	if refusedByHook(err) {
		answer.Body.Close()
		return ErrRefused
	}
	return answerError(answer, err)
}

// shown is a node that is only read: an image, or a text.
func shown(n client.UiNode) (Node, bool) {
	var node Node
	switch a := n.Attributes; {
	case a.UiNodeImageAttributes != nil:
		node = Node{Name: a.UiNodeImageAttributes.Id, Type: "image", Src: a.UiNodeImageAttributes.Src}
	case a.UiNodeTextAttributes != nil:
		node = Node{Name: a.UiNodeTextAttributes.Id, Type: "shown", Texts: secrets(a.UiNodeTextAttributes.Text)}
	default:
		return Node{}, false
	}
	if label := n.Meta.Label; label != nil {
		node.Label = messages([]client.UiText{*label})[0]
	}
	return node, true
}

// secrets are the texts of a node that holds several, or the one that it holds.
func secrets(t client.UiText) []Message {
	list, _ := t.Context["secrets"].([]any)
	if list == nil {
		return messages([]client.UiText{t})
	}
	var all []Message
	for _, s := range list {
		one, _ := s.(map[string]any)
		text, _ := one["text"].(string)
		id, _ := one["id"].(float64)
		context, _ := one["context"].(map[string]any)
		all = append(all, Message{ID: int64(id), Text: text, Context: context})
	}
	return all
}

// refusedByHook says whether that is why a flow did not begin. Kratos (v1.3.1) answers 500 then, and keeps none of the hook's words, but
// for its own.
func refusedByHook(err error) bool {
	var said *client.GenericOpenAPIError
	return errors.As(err, &said) && strings.Contains(string(said.Body()), "a webhook target returned an error")
}
