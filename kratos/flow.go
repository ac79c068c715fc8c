package kratos

import (
	"context"
	"fmt"
	"strings"

	client "github.com/ory/kratos-client-go"
)

// LoginFlow contains what a sign-in page needs from a login flow.
type LoginFlow struct {
	ID         string    `json:"id"`
	Action     string    `json:"action"` // where to submit it
	CSRFToken  string    `json:"csrf_token"`
	ReturnTo   string    `json:"return_to"` // empty: the flow names no address
	Refresh    bool      `json:"refresh"`   // a person who is signed in already proves it again
	SecondStep bool      `json:"-"`         // the password was right, and Kratos asks for one of its own second factors (aal2)
	Active     string    `json:"active"`    // the method that was last submitted; empty: none yet
	Messages   []Message `json:"messages"`
	Identifier string    `json:"-"` // the identifier that was last submitted; empty: none yet
	Methods    []Method  `json:"-"` // in Kratos' order
}

// Message is a message that Kratos shows above its form or at a field.
type Message struct {
	ID      int64          `json:"id"`
	Text    string         `json:"text"`
	Type    string         `json:"type"`
	Context map[string]any `json:"context"`
}

// Used says whether a message stands for a recovery code that somebody has already used.
func (m Message) Used() bool { return m.Context["used_at"] != nil }

// Method is a way to sign in that Kratos offers on a flow: one of its groups of nodes, such as password, oidc, passkey or code.
type Method struct {
	Name  string
	Nodes []Node
}

// Node is a field, a button or a script of a method.
type Node struct {
	Name     string // the name of the field
	Type     string // as in HTML: text, hidden, submit, button, …; "script" for a script
	Value    string
	Required bool
	Label    Message // empty: none
	Trigger  string  // the function of the method's script that a button calls; empty: none
	Src      string  // the address of a script or an image
	Messages []Message
	Texts    []Message // the texts of a node that people only read, of the type "shown"
}

// LoginFlow returns the flow with this id if it belongs to the browser with this cookie. Otherwise it returns [ErrGone].
func (f *Frontend) LoginFlow(ctx context.Context, id, cookie string) (LoginFlow, error) {
	got, answer, err := f.api.GetLoginFlow(ctx).Id(id).Cookie(cookie).Execute()
	if err != nil {
		return LoginFlow{}, fmt.Errorf("get a login flow: %w", answerError(answer, err))
	}
	defer answer.Body.Close()
	flow := LoginFlow{
		ID: got.Id, Action: got.Ui.Action, ReturnTo: got.GetReturnTo(), Refresh: got.GetRefresh(), Active: got.GetActive(), Messages: messages(got.Ui.Messages),
		SecondStep: got.GetRequestedAal() == client.AUTHENTICATORASSURANCELEVEL_AAL2,
	}
	for _, n := range got.Ui.Nodes {
		flow.add(n)
	}
	return flow, nil
}

// add puts a node into the field or the method that it belongs to. A node of the group "default" belongs to all methods, and to none of them.
func (flow *LoginFlow) add(n client.UiNode) {
	node, ok := nodeOf(n)
	switch {
	case !ok:
	case strings.HasPrefix(node.Name, "transient_payload."): // Nidan's own fields, for pages that do not know Nidan
	case node.Name == "csrf_token":
		flow.CSRFToken = node.Value
	case node.Name == "identifier":
		flow.Identifier = node.Value
	case n.Group == "default":
	case len(flow.Methods) > 0 && flow.Methods[len(flow.Methods)-1].Name == n.Group:
		last := &flow.Methods[len(flow.Methods)-1]
		last.Nodes = append(last.Nodes, node)
	default:
		flow.Methods = append(flow.Methods, Method{Name: n.Group, Nodes: []Node{node}})
	}
}

// nodeOf converts a node. It reports false for a link: no method contains links.
func nodeOf(n client.UiNode) (Node, bool) {
	if script := n.Attributes.UiNodeScriptAttributes; script != nil {
		return Node{Type: "script", Src: script.Src}, true
	}
	input := n.Attributes.UiNodeInputAttributes
	if input == nil {
		return shown(n)
	}
	node := Node{
		Name: input.Name, Type: input.Type, Required: input.GetRequired(), Trigger: input.GetOnclickTrigger(), Messages: messages(n.Messages),
	}
	if input.Value != nil {
		node.Value = fmt.Sprint(input.Value)
	}
	if label := n.Meta.Label; label != nil {
		node.Label = messages([]client.UiText{*label})[0]
	}
	return node, true
}

func messages(texts []client.UiText) (all []Message) {
	for _, m := range texts {
		all = append(all, Message{ID: m.Id, Text: m.Text, Type: m.Type, Context: m.Context})
	}
	return all
}
