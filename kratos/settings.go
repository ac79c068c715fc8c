package kratos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	client "github.com/ory/kratos-client-go"
)

// SettingsFlow contains what a page needs from a settings flow, in which a person changes how to sign in.
type SettingsFlow struct {
	ID        string
	Action    string // where to submit it
	CSRFToken string
	Messages  []Message
	Methods   []Method // in Kratos' order
}

// NewSettingsFlow begins a flow for the browser with these cookies. It returns the id of the flow and the Set-Cookie headers of Kratos'
// answer. It returns [ErrGone] if nobody is signed in, [ErrAAL2Needed] if the session lacks its second factor, and [ErrRefused] if a hook of
// Kratos refuses.
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

// SettingsFlow returns the flow with this id if it belongs to the browser with this cookie. Otherwise it returns [ErrGone], or
// [ErrAAL2Needed] if the session lacks its second factor.
func (f *Frontend) SettingsFlow(ctx context.Context, id, cookie string) (SettingsFlow, error) {
	got, answer, err := f.api.GetSettingsFlow(ctx).Id(id).Cookie(cookie).Execute()
	if err != nil {
		return SettingsFlow{}, fmt.Errorf("get a settings flow: %w", settingsError(answer, err))
	}
	defer answer.Body.Close()
	flow := LoginFlow{} // its nodes are sorted in the same way
	for _, n := range got.Ui.Nodes {
		flow.add(n)
	}
	return SettingsFlow{
		ID: got.Id, Action: got.Ui.Action, CSRFToken: flow.CSRFToken, Messages: messages(got.Ui.Messages), Methods: flow.Methods,
	}, nil
}

// settingsError is answerError for settings flows: it also recognises a refusal by a hook. For a refusal while a flow begins, Kratos has no
// status of its own.
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

// shown converts a node that people only read: an image or a text.
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

// secrets returns the texts of a node: all texts of a list of secrets, or the node's only text.
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

// refusedByHook says whether a flow did not begin because a hook refused it. Kratos (v1.3.1) answers this with 500 and a message of its own,
// and drops the hook's message.
func refusedByHook(err error) bool {
	var said *client.GenericOpenAPIError
	return errors.As(err, &said) && strings.Contains(string(said.Body()), "a webhook target returned an error")
}
