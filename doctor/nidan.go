package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"nidan/config"
	"nidan/hooks"
)

// Nidan calls the hook at the address in Nidan's own configuration. It is the check when Kratos' configuration is not given.
func Nidan(cfg config.Config) Check {
	const check = "hooks_call"
	return func(ctx context.Context) []Finding {
		own := ownHook(cfg)
		if _, err := own.call(ctx); err != nil {
			return []Finding{notCalled(check, own.shown(), err)}
		}
		return []Finding{ok(check, "Nidan answers at "+own.shown()+", and accepts the token")}
	}
}

// ownHook returns a hook to the address in Nidan's own configuration.
func ownHook(cfg config.Config) webHook {
	w := webHook{URL: "http://" + cfg.Hooks.Listen + "/hooks/login"}
	w.Auth.Config.Value = "Bearer " + cfg.Hooks.Tokens[0]
	return w
}

// NidanClock returns a function that reads the clock of the running Nidan: the Nidan that Kratos calls or, without Kratos' configuration,
// the Nidan at the address in its own configuration.
func NidanClock(cfg config.Config, k *KratosConfig) func(context.Context) (time.Time, error) {
	hook := ownHook(cfg)
	if k != nil {
		if places := k.places(); len(places) > 0 {
			hook = places[0].webHook
		}
	}
	return hook.call
}

// notCalled makes the finding about a call that Nidan did not answer as expected.
func notCalled(check, at string, err error) Finding {
	todo := "Start nidan serve. If it runs, and only Kratos' machine can reach this address, run nidan doctor on that machine."
	switch {
	case errors.Is(err, errToken):
		todo = "Give Kratos one of Nidan's hooks.tokens. If it has one, make Nidan read its configuration again (SIGHUP), or restart Nidan."
	case errors.Is(err, errStranger):
		todo = "Correct the url of the hook: it must lead to Nidan's hooks.listen, and nothing in between may answer."
	}
	return problem(check, at+": "+err.Error(), todo)
}

var (
	errToken    = errors.New("the Nidan that runs there does not accept the token, so nobody gets in")
	errStranger = errors.New("the program that answers there is not Nidan's hook")
)

// call calls the hook as Kratos does, with a header that marks the call as a call of doctor: Nidan decides and records nothing for it.
// It returns the time of the Nidan that answers.
func (w webHook) call(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, strings.NewReader("ctx="))
	if err != nil {
		return time.Time{}, errors.New("the url cannot be read") // err contains the URL, which may contain a password
	}
	r.Header.Set("Content-Type", form)
	r.Header.Set("Authorization", w.Auth.Config.Value)
	r.Header.Set(hooks.DoctorHeader, "1")
	// The client follows no redirect: the token must not go to another server.
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return time.Time{}, withoutURL(err)
	}
	defer answer.Body.Close()
	at, err := time.Parse(time.RFC3339Nano, answer.Header.Get(hooks.DoctorHeader))
	switch {
	case err == nil && answer.StatusCode == http.StatusBadRequest:
		return at, nil
	case answer.StatusCode == http.StatusUnauthorized:
		return time.Time{}, errToken
	case answer.StatusCode < http.StatusBadRequest:
		return time.Time{}, fmt.Errorf("%w: status %d, and with this status Kratos lets everybody in", errStranger, answer.StatusCode)
	}
	return time.Time{}, fmt.Errorf("%w: status %d", errStranger, answer.StatusCode)
}

// withoutURL removes the URL from an error of the HTTP client, because the URL may contain a password.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// shown returns the URL of the hook without the parts that may be secret: user, password, and query parameters other than Nidan's own.
func (w webHook) shown() string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return "an address that cannot be read"
	}
	said := u.Scheme + "://" + u.Host + u.Path
	if method := u.Query().Get("method"); slices.Contains(append(settingsMethods, "any"), method) {
		said += "?method=" + method
	}
	return said
}
