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

// Nidan calls the hook where this configuration has it listen, for those who give no configuration of Kratos'.
func Nidan(cfg config.Config) Check {
	const check = "hooks_call"
	return func(ctx context.Context) []Finding {
		own := ownHook(cfg)
		if _, err := own.call(ctx); err != nil {
			return []Finding{notCalled(check, own.shown(), err)}
		}
		return []Finding{ok(check, "Nidan answers at "+own.shown()+", and takes the token")}
	}
}

// ownHook is the hook as this configuration has it.
func ownHook(cfg config.Config) webHook {
	w := webHook{URL: "http://" + cfg.Hooks.Listen + "/hooks/login"}
	w.Auth.Config.Value = "Bearer " + cfg.Hooks.Tokens[0]
	return w
}

// NidanClock asks the Nidan that runs what time it is: the one that Kratos calls or, without Kratos' configuration, the one of this
// configuration.
func NidanClock(cfg config.Config, k *KratosConfig) func(context.Context) (time.Time, error) {
	hook := ownHook(cfg)
	if k != nil {
		if places := k.places(); len(places) > 0 {
			hook = places[0].webHook
		}
	}
	return hook.call
}

// notCalled is the finding of a call that Nidan did not answer.
func notCalled(check, at string, err error) Finding {
	todo := "Start nidan serve; if it runs, and only Kratos' machine reaches this address, run nidan doctor there."
	switch {
	case errors.Is(err, errToken):
		todo = "Have Nidan read its configuration again (SIGHUP) or start it anew, and give Kratos one of its hooks.tokens."
	case errors.Is(err, errStranger):
		todo = "Correct the url of the hook: it leads to hooks.listen of Nidan, and nothing in between may answer."
	}
	return problem(check, at+": "+err.Error(), todo)
}

var (
	errToken    = errors.New("the Nidan that runs there does not take the token")
	errStranger = errors.New("what answers there is not Nidan's hook")
)

// call makes the call that Kratos would make, marked as one that does nothing. It returns the time of the Nidan that answers.
func (w webHook) call(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, strings.NewReader("ctx="))
	if err != nil {
		return time.Time{}, errors.New("the url cannot be read") // the error would repeat it
	}
	r.Header.Set("Content-Type", form)
	r.Header.Set("Authorization", w.Auth.Config.Value)
	r.Header.Set(hooks.DoctorHeader, "1")
	// Where it is sent on, the token is not to go along.
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
		return time.Time{}, fmt.Errorf("%w: status %d, by which Kratos lets everybody in", errStranger, answer.StatusCode)
	}
	return time.Time{}, fmt.Errorf("%w: status %d", errStranger, answer.StatusCode)
}

// withoutURL drops the address from the error of a client: it may hold a password.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// shown is the address of a hook without what may be secret in it.
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
