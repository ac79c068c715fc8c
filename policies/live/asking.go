package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/open-policy-agent/opa/v1/logging"
	"github.com/open-policy-agent/opa/v1/plugins/rest"

	"nidan/policies"
)

func (b *Bundle) client() (rest.Client, string, error) {
	at, err := url.Parse(b.config.URL)
	if err != nil {
		return rest.Client{}, "", errors.New("the address of the policies' bundle cannot be read")
	}
	raw, err := json.Marshal(map[string]any{
		"url": at.Scheme + "://" + at.Host, "credentials": map[string]any{"plugin": "bounded"},
	})
	if err != nil {
		return rest.Client{}, "", fmt.Errorf("configure the download of the policies: %w", err)
	}
	client, err := rest.New(raw, nil, rest.Logger(logging.NewNoOpLogger()),
		rest.AuthPluginLookup(func(string) rest.HTTPAuthPlugin { return asking{b.config.Token} }))
	if err != nil {
		return rest.Client{}, "", fmt.Errorf("configure the download of the policies: %w", err)
	}
	return client, at.RequestURI(), nil
}

// asking tells OPA's client how to ask for a bundle: with the token, and through [boundedTransport]. OPA then gets no answer that
// was not found to be within bounds.
type asking struct{ token string }

// NewClient implements [rest.HTTPAuthPlugin].
func (a asking) NewClient(c rest.Config) (*http.Client, error) {
	t, err := rest.DefaultTLSConfig(c)
	if err != nil {
		return nil, err
	}
	client := rest.DefaultRoundTripperClient(t, *c.ResponseHeaderTimeoutSeconds)
	client.Transport = boundedTransport{client.Transport}
	return client, nil
}

// Prepare implements [rest.HTTPAuthPlugin].
func (a asking) Prepare(r *http.Request) error {
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	return nil
}

// boundedTransport returns answers that are within bounds, see [policies.Archive].
type boundedTransport struct{ http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.RoundTripper.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	defer answer.Body.Close()
	archive, err := policies.Archive(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(archive))
	return answer, nil
}
