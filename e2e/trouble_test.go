package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestTroublesAreTold(t *testing.T) {
	nobody := fmt.Sprintf("http://127.0.0.1:%d", freePort())
	for name, tc := range map[string]struct {
		path    string
		changes []string
		status  int
		ja, en  string
	}{
		"Kratos away, on the way to a flow":  {"/login", []string{"NIDAN_KRATOS_PUBLIC_URL=" + nobody}, 502, "現在ログインを受け付けられません", "Signing in is not possible at the moment"},
		"Kratos away, in the midst of one":   {"/login?flow=1", []string{"NIDAN_KRATOS_PUBLIC_URL=" + nobody}, 502, "現在ログインを受け付けられません", "Signing in is not possible at the moment"},
		"Kratos away, for whoever signed in": {"/", []string{"NIDAN_KRATOS_PUBLIC_URL=" + nobody}, 502, "現在ログインを受け付けられません", "Signing in is not possible at the moment"},
		"an address that there is not":       {"/no/such", nil, 404, "ページが見つかりません", "There is no such page"},
		"below the console, too":             {"/console/no/such", nil, 404, "ページが見つかりません", "There is no such page"},
		"an error without a number":          {"/error", nil, 200, "問題が発生しました", "Something went wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			forBrowsers(t, tc.changes...)
			w := newBrowser(t)
			for language, want := range map[string]string{"ja": tc.ja, "en": tc.en} {
				w.prefers(language)
				w.open(tc.path)
				w.reads("h1", want)
				if lang := eval[string](w, "document.documentElement.lang"); lang != language {
					t.Errorf("the page is in %s, want %s", lang, language)
				}
				if got := eval[int](w, `performance.getEntriesByType("navigation")[0].responseStatus`); got != tc.status {
					t.Errorf("%d, want %d", got, tc.status)
				}
				if eval[bool](w, `Boolean(document.querySelector("code")) || document.body.innerText.includes("番号")`) {
					t.Errorf("it speaks of a number that there is not:\n%s", w.look())
				}
				accessible(t, w)
			}
		})
	}
}

// An error that is a page for a browser is JSON for a program.
func TestProgramsAreToldOfTroublesInJSON(t *testing.T) {
	n := started(t, fmt.Sprintf("NIDAN_KRATOS_PUBLIC_URL=http://127.0.0.1:%d", freePort()))
	for path, want := range map[string]int{"/self-service/login/api": 502, "/sessions/whoami": 502, "/no/such": 404, "/console/api/v1/no/such": 404} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, n.public+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != want || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d %s %s, %v", path, answer.StatusCode, answer.Header.Get("Content-Type"), body, err)
		}
	}
}
