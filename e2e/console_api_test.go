package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"nidan/kratos"
)

// api is a client of the console's API with one session. It checks each answer against the description of the API.
type api struct {
	n       *nidan
	session http.Header
	doc     any // the description
	schemas *jsonschema.Compiler
}

const apiBase = "/console/api/v1"

func newAPI(t *testing.T, n *nidan, session http.Header) *api {
	t.Helper()
	answer := n.get(apiBase+"/openapi.json", nil)
	doc, err := jsonschema.UnmarshalJSON(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	schemas := jsonschema.NewCompiler()
	if err := schemas.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return &api{n: n, session: session, doc: doc, schemas: schemas}
}

// call makes a call and returns its status, its ETag and its body. The route is the path as the description writes it.
func (a *api) call(t *testing.T, method, route, path, body string, header http.Header) (int, string, map[string]any) {
	t.Helper()
	h := a.session.Clone()
	for name, values := range header {
		h[name] = values
	}
	answer := a.n.send(method, apiBase+path, h, body)
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	a.described(t, method, route, answer, raw)
	var value map[string]any
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &value); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, raw)
		}
	}
	return answer.StatusCode, answer.Header.Get("ETag"), value
}

// described checks that the description has this answer.
func (a *api) described(t *testing.T, method, route string, answer *http.Response, body []byte) {
	t.Helper()
	at := "#/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(route) + "/" + strings.ToLower(method) + "/responses/"
	status := "default"
	operation := a.doc.(map[string]any)["paths"].(map[string]any)[route].(map[string]any)[strings.ToLower(method)].(map[string]any)
	responses := operation["responses"].(map[string]any)
	if _, named := responses[answer.Status[:3]]; named {
		status = answer.Status[:3]
	}
	response := responses[status].(map[string]any)
	if ref, ok := response["$ref"].(string); ok {
		at = ref
		name := ref[strings.LastIndex(ref, "/")+1:]
		response = a.doc.(map[string]any)["components"].(map[string]any)["responses"].(map[string]any)[name].(map[string]any)
	} else {
		at += status
	}
	content, has := response["content"].(map[string]any)
	if !has {
		if len(body) != 0 {
			t.Errorf("%s %s: %d comes with a body: %s", method, route, answer.StatusCode, body)
		}
		return
	}
	media, _, _ := strings.Cut(answer.Header.Get("Content-Type"), ";")
	if content[media] == nil {
		t.Fatalf("%s %s: %d is %s, which is not described: %s", method, route, answer.StatusCode, media, body)
	}
	schema, err := a.schemas.Compile("openapi.json" + at + "/content/" + strings.ReplaceAll(media, "/", "~1") + "/schema")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s %s: %d is not as described: %v", method, route, answer.StatusCode, err)
	}
}

// consoleSession returns a browser's session of an account, which was opened with a code and is good for the console.
func consoleSession(t *testing.T, n *nidan, name string) http.Header {
	t.Helper()
	f := newForm(t, name)
	f.submit(`{}`)
	return f.in(f.submitCode(n.newestCode()))
}

func TestTheAPIChangesSettings(t *testing.T) {
	n := started(t)
	admin := account(t, administrator)
	a := newAPI(t, n, consoleSession(t, n, admin))
	status, tag, now := a.call(t, "GET", "/settings", "/settings", "", nil)
	if status != http.StatusOK || tag == "" || now["remember_days"] != 30.0 || now["changed_by"] != "" {
		t.Fatalf("got %d %s %v", status, tag, now)
	}
	const nine = `{"two_factor": true, "admin_console": true, "softphone": false, "remember": true, "remember_days": 9}`
	put := func(body, match string) (int, string, map[string]any) {
		t.Helper()
		header := http.Header{}
		if match != "" {
			header.Set("If-Match", match)
		}
		return a.call(t, "PUT", "/settings", "/settings", body, header)
	}
	for name, tc := range map[string]struct {
		body, match string
		want        int
	}{
		"without an ETag":        {nine, "", http.StatusPreconditionRequired},
		"with any ETag":          {nine, "*", http.StatusUnprocessableEntity},
		"with another ETag":      {nine, `"99"`, http.StatusPreconditionFailed},
		"days out of range":      {strings.Replace(nine, "9", "366", 1), tag, http.StatusUnprocessableEntity},
		"a setting missing":      {`{"two_factor": true}`, tag, http.StatusUnprocessableEntity},
		"a setting more":         {strings.Replace(nine, "{", `{"all": true, `, 1), tag, http.StatusUnprocessableEntity},
		"a setting as a string":  {strings.Replace(nine, "false", `"off"`, 1), tag, http.StatusUnprocessableEntity},
		"no JSON":                {"two_factor=on", tag, http.StatusUnprocessableEntity},
		"more after the JSON":    {nine + "{}", tag, http.StatusUnprocessableEntity},
		"nothing":                {"", tag, http.StatusUnprocessableEntity},
		"more than is ever sent": {nine + strings.Repeat(" ", 2<<20), tag, http.StatusUnprocessableEntity},
	} {
		if status, _, got := put(tc.body, tc.match); status != tc.want {
			t.Errorf("%s: %d %v, want %d", name, status, got, tc.want)
		}
	}
	status, next, now := put(nine, tag)
	if status != http.StatusOK || next == tag || now["remember_days"] != 9.0 || now["softphone"] != false || now["changed_by"] != admin {
		t.Fatalf("got %d %s %v", status, next, now)
	}
	status, shown, now := put(nine, tag) // the second of two administrators
	if status != http.StatusPreconditionFailed || shown != next || now["changed_by"] != admin {
		t.Errorf("got %d %s %v", status, shown, now)
	}
}

func TestTheAPIAndAccounts(t *testing.T) {
	n := started(t)
	admin, name, nomail := account(t, administrator), account(t, off), account(t, func(a *kratos.Account) { a.Email, a.TwoFactor = "", false })
	a := newAPI(t, n, consoleSession(t, n, admin))
	id, without := accountID(t, name), accountID(t, nomail)

	if status, _, got := a.call(t, "GET", "/accounts", "/accounts?prefix="+name, "", nil); status != http.StatusOK || len(got["accounts"].([]any)) == 0 {
		t.Errorf("got %d %v", status, got)
	}
	status, _, got := a.call(t, "GET", "/accounts/{id}", "/accounts/"+id, "", nil)
	if status != http.StatusOK || got["account"] != name || got["two_factor"] != false {
		t.Errorf("got %d %v", status, got)
	}
	two := func(id, body string) int {
		t.Helper()
		status, _, _ := a.call(t, "PUT", "/accounts/{id}/two-step", "/accounts/"+id+"/two-step", body, nil)
		return status
	}
	for _, step := range []struct {
		what, id, body string
		want           int
	}{
		{"not as it was", id, `{"enabled": false, "was": true}`, http.StatusConflict},
		{"not said what it was", id, `{"enabled": true}`, http.StatusUnprocessableEntity},
		{"switched on", id, `{"enabled": true, "was": false}`, http.StatusNoContent},
		{"no address", without, `{"enabled": true, "was": false}`, http.StatusForbidden},
		{"nobody", "nobody", `{"enabled": true, "was": false}`, http.StatusNotFound},
	} {
		if got := two(step.id, step.body); got != step.want {
			t.Errorf("%s: %d, want %d", step.what, got, step.want)
		}
	}
	status, _, got = a.call(t, "POST", "/accounts/two-step", "/accounts/two-step", `[
		{"id": "`+id+`", "enabled": false, "was": true}, {"id": "`+without+`", "enabled": true, "was": false},
		{"id": "nobody", "enabled": true, "was": false}]`, nil)
	raw, _ := json.Marshal(got["results"])
	want := `[{"error":"","id":"` + id + `"},{"error":"no_email","id":"` + without + `"},{"error":"not_found","id":"nobody"}]`
	if status != http.StatusOK || string(raw) != want {
		t.Errorf("got %d %s, want %s", status, raw, want)
	}
	if got := flagOf(t, name); got != "false" {
		t.Errorf("Kratos has %s", got)
	}

	n.device(id, 1)
	n.device(id, 2)
	for path, want := range map[string]int{"01": http.StatusNoContent, "03": http.StatusNotFound, "zz": http.StatusNotFound} {
		if status, _, _ := a.call(t, "DELETE", "/accounts/{id}/devices/{device}", "/accounts/"+id+"/devices/"+path, "", nil); status != want {
			t.Errorf("device %s: %d, want %d", path, status, want)
		}
	}
	if status, _, got := a.call(t, "DELETE", "/accounts/{id}/devices", "/accounts/"+id+"/devices", "", nil); status != http.StatusOK || got["forgotten"] != 1.0 {
		t.Errorf("got %d %v", status, got)
	}
	n.triedBy(id, 100)
	if status, _, _ := a.call(t, "DELETE", "/accounts/{id}/wrong-codes", "/accounts/"+id+"/wrong-codes", "", nil); status != http.StatusNoContent {
		t.Errorf("got %d", status)
	}
	if status, _, got := a.call(t, "GET", "/accounts/{id}", "/accounts/"+id, "", nil); got["wrong_codes"] != 0.0 || len(got["records"].([]any)) < 5 {
		t.Errorf("got %d %v", status, got)
	}
	if status, _, got := a.call(t, "GET", "/records", "/records?account="+name+"&kind=account_switched", "", nil); status != http.StatusOK || len(got["records"].([]any)) != 4 {
		t.Errorf("got %d %v", status, got)
	}
	for query, want := range map[string]int{"?reason=none": 0, "?channel=softphone": 0, "?state=requested&state=none&account=" + name: 2, "?flow=none": 0} {
		if status, _, got := a.call(t, "GET", "/records", "/records"+query, "", nil); status != http.StatusOK || len(got["records"].([]any)) != want {
			t.Errorf("%s: got %d %v", query, status, got)
		}
	}
	for _, query := range []string{"?from=yesterday", "?before=x"} {
		if status, _, _ := a.call(t, "GET", "/records", "/records"+query, "", nil); status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", query, status)
		}
	}
}

func TestTheOverviewForPrograms(t *testing.T) {
	n := started(t)
	newSignIn(t, account(t, off)).expectIn(nil)
	a := newAPI(t, n, consoleSession(t, n, account(t, administrator)))
	for _, period := range []string{"", "?period=day", "?period=week", "?period=month"} {
		status, _, got := a.call(t, "GET", "/overview", "/overview"+period, "", nil)
		results, ok := got["results"].(map[string]any)
		if status != http.StatusOK || !ok || got["whole"] != true || results["without_code"] != 1.0 || results["with_code"] != 1.0 {
			t.Errorf("%s: got %d %v", period, status, got)
		}
	}
	if status, _, _ := a.call(t, "GET", "/overview", "/overview?period=year", "", nil); status != http.StatusUnprocessableEntity {
		t.Errorf("a period that there is not: %d", status)
	}
}

func TestWhoMayUseTheAPI(t *testing.T) {
	n := started(t)
	user := account(t, nil)
	s := newSignIn(t, account(t, administrator))
	s.expect("code_sent", 1990001, nil)
	softphone := s.expectIn(code(n.newestCode()))
	for name, tc := range map[string]struct {
		session http.Header
		status  int
		reason  string
	}{
		"nobody":                       {http.Header{}, http.StatusUnauthorized, "no_session"},
		"a user":                       {consoleSession(t, n, user), http.StatusForbidden, "role_may_not"},
		"an administrator's softphone": {softphone, http.StatusForbidden, "sign_in_again"},
	} {
		a := newAPI(t, n, tc.session)
		for route, method := range map[string]string{
			"/settings": "GET", "/accounts": "GET", "/accounts/{id}": "GET", "/records": "GET", "/records/export": "GET", "/policies": "GET", "/overview": "GET",
		} {
			path := strings.ReplaceAll(route, "{id}", accountID(t, user))
			if status, _, got := a.call(t, method, route, path, "", nil); status != tc.status || got["error"] != tc.reason {
				t.Errorf("%s, %s %s: %d %v", name, method, route, status, got)
			}
		}
		body := `{"two_factor": false, "admin_console": false, "softphone": false, "remember": false, "remember_days": 1}`
		if status, _, got := a.call(t, "PUT", "/settings", "/settings", body, http.Header{"If-Match": {`"1"`}}); status != tc.status {
			t.Errorf("%s: %d %v", name, status, got)
		}
	}
	t.Run("who may not does not learn which accounts there are", func(t *testing.T) { learnsNothing(t, n, accountID(t, user)) })
	mine := newAPI(t, n, consoleSession(t, n, account(t, nil)))
	for route, want := range map[string]int{"GET /me": http.StatusOK, "DELETE /me/devices": http.StatusOK, "PUT /me/two-step": http.StatusForbidden} {
		method, path, _ := strings.Cut(route, " ")
		if status, _, got := mine.call(t, method, path, path, `{"enabled": false, "was": true}`, nil); status != want {
			t.Errorf("%s: %d %v, want %d", route, status, got, want)
		}
	}
	if status, _, _ := mine.call(t, "DELETE", "/me/devices/{device}", "/me/devices/01", "", nil); status != http.StatusNotFound {
		t.Errorf("a device that is not there: %d", status)
	}
}

// learnsNothing checks that the API and the pages answer the same about an account that exists and about one that does not.
func learnsNothing(t *testing.T, n *nidan, there string) {
	t.Helper()
	session := consoleSession(t, n, account(t, func(a *kratos.Account) { a.Role = "supervisor" }))
	form := session.Clone()
	form.Set("Content-Type", "application/x-www-form-urlencoded")
	const missing = "01234567-89ab-cdef-0123-456789abcdef"
	for _, ask := range []struct {
		method, path, body string
		header             http.Header
	}{
		{"GET", apiBase + "/accounts/{id}", "", session},
		{"PUT", apiBase + "/accounts/{id}/two-step", `{"enabled": false, "was": true}`, session},
		{"POST", apiBase + "/accounts/two-step", `[{"id": "{id}", "enabled": false, "was": true}]`, session},
		{"DELETE", apiBase + "/accounts/{id}/wrong-codes", "", session},
		{"DELETE", apiBase + "/accounts/{id}/devices", "", session},
		{"DELETE", apiBase + "/accounts/{id}/devices/01", "", session},
		{"GET", "/console/accounts/{id}", "", session},
		{"POST", "/console/accounts", "was_on={id}", form},
		{"POST", "/console/accounts", "was_on={id}&confirmed=yes", form},
		{"POST", "/console/accounts/{id}/two-step", "was=on&two_factor=off&confirmed=yes", form},
		{"POST", "/console/accounts/{id}/devices", "confirmed=yes", form},
		{"POST", "/console/accounts/{id}/wrong-codes", "confirmed=yes", form},
	} {
		var answers []string
		for _, id := range []string{there, missing} {
			answer := n.send(ask.method, strings.ReplaceAll(ask.path, "{id}", id), ask.header, strings.ReplaceAll(ask.body, "{id}", id))
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != http.StatusForbidden {
				t.Errorf("%s %s of %s: %d %s, %v", ask.method, ask.path, id, answer.StatusCode, body, err)
			}
			answers = append(answers, strings.ReplaceAll(string(body), id, "{id}"))
		}
		if answers[0] != answers[1] {
			t.Errorf("%s %s: of an account that is there\n%s\nof one that is not\n%s", ask.method, ask.path, answers[0], answers[1])
		}
	}
}
