package hooks

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/challenge"
	"nidan/policies"
)

func shippedSentences(t testing.TB) map[string]map[string]string {
	t.Helper()
	all, err := Sentences()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func shippedTexts(t testing.TB) *texts {
	t.Helper()
	texts, err := newTexts(shippedSentences(t))
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestASentenceInTheOperatorsWordsIsTheOneThatIsTold(t *testing.T) {
	s := newScene(t, policies.Shipped())
	s.hook.Sentences["ja"]["code_sent"] = "{{.SentTo}} をご覧ください。"
	s.echo = echo.New()
	if err := s.hook.Mount(s.echo); err != nil {
		t.Fatal(err)
	}
	if got := s.read(s.post(s.body(nil), nil)); got.state != "code_sent" || got.text != "a***@example.com をご覧ください。" {
		t.Errorf("got %s: %q", got.state, got.text)
	}
}

func TestEveryStateHasItsNumberItsKindAndASentence(t *testing.T) {
	sentences := shippedTexts(t)
	for state, want := range map[challenge.State]struct {
		id   int64
		kind string
		ja   string // the documented sentence, where there is one
	}{
		"code_sent":         {1990001, "info", ""},
		"code_resent":       {1990002, "info", ""},
		"cancelled":         {1990003, "info", ""},
		"code_mismatch":     {4990001, "error", "認証コードが間違っています。正しい認証コードを入力してください。"},
		"code_expired":      {4990002, "error", "認証コードの有効期限を超過しています。認証コードを再送信してください。"},
		"attempts_exceeded": {4990003, "error", "認証コードの試行回数を超過しています。認証コードを再送信してください。"},
		"sign_in_again":     {4990004, "error", "ログイン認証の設定が無効になっているか、アカウントの情報が更新されている可能性があります。ログイン画面から再度ログインしてください。"},
		"client_too_old":    {4990005, "error", "Two factor auth key required."},
		"too_many_codes":    {4990006, "error", ""},
		"refused":           {4990007, "error", ""},
		"unavailable":       {4990008, "error", ""},
	} {
		t.Run(string(state), func(t *testing.T) {
			if got := symbols[state]; got.id != want.id || got.kind != want.kind {
				t.Errorf("got %d %s", got.id, got.kind)
			}
			f := facts{SentTo: "a***@example.com", Length: 6, Seconds: 30}
			ja, en := sentences.say("ja", string(state), f), sentences.say("en", string(state), f)
			if want.ja != "" && ja != want.ja {
				t.Errorf("in Japanese: %q", ja)
			}
			for _, s := range []string{ja, en} {
				if s == string(state) || strings.Contains(s, "<no value>") {
					t.Errorf("no sentence: %q", s)
				}
			}
			if ja == en && state != "client_too_old" {
				t.Error("the English sentence is the Japanese one")
			}
		})
	}
	if len(symbols) != 11 {
		t.Errorf("%d states have a number, 11 are documented", len(symbols))
	}
}

// A page that does not know Nidan shows these messages at the field for the code. The first one can serve as the label.
func TestTheFieldForTheCodeSaysWhatToEnter(t *testing.T) {
	sentences := shippedTexts(t)
	now := time.Now()
	out := &challenge.Challenge{CodeLength: 8, MaxAttempts: 10, ExpiresAt: now.Add(time.Minute)}
	for locale, want := range map[string][]message{
		"en": {
			{1990000, "Enter the verification code (8 digits).", "info", struct{}{}},
			{1990009, "Enter your account and password again, too.", "info", struct{}{}},
		},
		"ja": {
			{1990000, "認証コード(8桁)を入力してください。", "info", struct{}{}},
			{1990009, "アカウントとパスワードも、もう一度入力してください。", "info", struct{}{}},
		},
	} {
		for _, state := range []challenge.State{challenge.CodeSent, challenge.CodeResent, challenge.CodeMismatch, challenge.TooManyCodes} {
			a, err := interrupt(sentences, interruption{state: state, challenge: out, locale: locale, now: now})
			if err != nil {
				t.Fatal(err)
			}
			atField, err := json.Marshal(entry{"#/transient_payload/two_factor/code", want})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(string(a.body), ","+string(atField)+"]}") {
				t.Errorf("%s in %s is answered with %s, which does not end with %s", state, locale, a.body, atField)
			}
		}
	}
}

func TestAnUndocumentedStateIsNotAnswered(t *testing.T) {
	sentences := shippedTexts(t)
	if _, err := interrupt(sentences, interruption{state: challenge.Passed}); err == nil {
		t.Error("it was answered")
	}
}

func TestLocale(t *testing.T) {
	for name, tc := range map[string]struct{ asked, accept, account, want string }{
		"nothing known: Japanese":              {"", "", "", "ja"},
		"what the client asks for":             {"en", "ja", "ja", "en"},
		"else what the browser prefers":        {"", "en-GB,en;q=0.9,ja;q=0.8", "ja", "en"},
		"in the browser's own order":           {"", "ja;q=0.5,en;q=0.4", "", "ja"},
		"else the account's":                   {"", "", "en", "en"},
		"a language there are no messages for": {"fr", "de", "en", "en"},
		"one of the browser's that there are":  {"", "fr,en;q=0.5", "ja", "en"},
		"nonsense is passed over":              {"\x00;;", "q=;;,", "en", "en"},
		"a very long word is passed over":      {"", strings.Repeat("de-", 5000), "", "ja"},
		"of a long list, its beginning counts": {"", "en," + strings.Repeat("de,", 5000) + "ja", "", "en"},
		"what comes after 200 bytes does not":  {"", strings.Repeat("de,", 70) + "en", "", "ja"},
		"nor what begins before and ends then": {"", strings.Repeat("de,", 66) + "en-US", "", "ja"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Locale(tc.asked, http.Header{"Accept-Language": {tc.accept}}, tc.account); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestSecondsToWaitAreRoundedUp(t *testing.T) {
	now := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	for left, want := range map[time.Duration]int{30 * time.Second: 30, 29*time.Second + 1: 30, time.Millisecond: 1, 0: 1} {
		i := interruption{challenge: &challenge.Challenge{ResendAt: now.Add(left)}, now: now}
		if got := i.facts().Seconds; got != want {
			t.Errorf("%v left: says %d seconds, want %d", left, got, want)
		}
	}
}
