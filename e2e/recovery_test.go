package e2e

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"

	"nidan/kratos"
)

// kratos/kratos.yml has no recovery. An operator may switch it on. Its sessions did not pass Nidan, and are worth the least.
func TestASessionOfKratosRecovery(t *testing.T) {
	t.Setenv("SELFSERVICE_METHODS_CODE_ENABLED", "true")
	t.Setenv("SELFSERVICE_FLOWS_RECOVERY_ENABLED", "true")
	t.Setenv("SELFSERVICE_FLOWS_RECOVERY_USE", "code")
	startKratos(t)
	n := started(t)
	id, err := kratosAdmin.CreateAccount(t.Context(), kratos.Account{
		Account: "lost", Name: "lost", Email: "lost@example.com", Role: "owner", TwoFactor: true, Password: password,
	})
	if err != nil {
		t.Fatal(err)
	}
	var recovery struct {
		Link string `json:"recovery_link"`
		Code string `json:"recovery_code"`
	}
	s := newSignIn(t, "lost")
	s.expect("code_sent", 1990001, nil)
	older := s.expectIn(code(n.newestCode()))
	s.json(http.MethodPost, kratosAdminURL+"/admin/recovery/code", map[string]string{"identity_id": id}, nil, &recovery)
	link, err := url.Parse(recovery.Link)
	if err != nil || recovery.Code == "" {
		t.Fatalf("Kratos gave %v, %v", recovery.Link, err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.PostForm(kratosPublic+"/self-service/recovery?flow="+link.Query().Get("flow"),
		url.Values{"method": {"code"}, "code": {recovery.Code}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	base, err := url.Parse(kratosPublic)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range jar.Cookies(base) {
		if c.Name == "ory_kratos_session" {
			n.expectWorth(http.Header{"Cookie": {c.Name + "=" + c.Value}}, "unknown unknown")
			if active(t, older) {
				t.Error("a session from before the recovery goes on")
			}
			return
		}
	}
	t.Fatal("the recovery gave no session, so this test proves nothing")
}
