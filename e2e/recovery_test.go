package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"testing"

	"nidan/kratos"
)

// startKratos starts a Kratos of the test's own, which all that follows in the test talks to.
func startKratos(t *testing.T, dsn string) *ownKratos {
	t.Helper()
	return startKratosUnder(t, dsn, origin)
}

// ownKratos is a Kratos of a test's own.
type ownKratos struct {
	*kratos.Process
	run kratos.Run
	dir string
}

// again starts it once more, after it has ended.
func (k *ownKratos) again(t *testing.T) {
	t.Helper()
	var err error
	if k.Process, err = kratos.Start(t.Context(), kratosBinary, k.dir, k.run); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Process.Stop)
}

// startKratosUnder is startKratos for another origin of the pages.
func startKratosUnder(t *testing.T, dsn, origin string) *ownKratos {
	t.Helper()
	run := kratos.Run{
		PublicPort: freePort(), AdminPort: freePort(), BaseURL: origin, HookURL: theRelay.server.URL,
		HookToken: hookToken, DSN: dsn, Secret: rand.Text() + rand.Text(),
	}
	own := &ownKratos{run: run, dir: t.TempDir()}
	own.again(t)
	public, admin, adminURL := kratosPublic, kratosAdmin, kratosAdminURL
	kratosPublic = fmt.Sprintf("http://127.0.0.1:%d", run.PublicPort)
	kratosAdminURL = fmt.Sprintf("http://127.0.0.1:%d", run.AdminPort)
	kratosAdmin = kratos.NewAdmin(kratosAdminURL)
	t.Cleanup(func() { kratosPublic, kratosAdmin, kratosAdminURL = public, admin, adminURL })
	return own
}

// kratos/kratos.yml has no recovery. An operator's may, and what it lets in without Nidan is worth the least.
func TestASessionOfKratosRecovery(t *testing.T) {
	t.Setenv("SELFSERVICE_METHODS_CODE_ENABLED", "true")
	t.Setenv("SELFSERVICE_FLOWS_RECOVERY_ENABLED", "true")
	t.Setenv("SELFSERVICE_FLOWS_RECOVERY_USE", "code")
	startKratos(t, "sqlite://"+filepath.Join(t.TempDir(), "kratos.db")+"?_fk=true&mode=rwc")
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
