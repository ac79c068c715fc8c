package kratos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// AskPublic asks the public API at url whether it is ready, and returns the time of Kratos' clock, to the second.
func AskPublic(ctx context.Context, url string) (time.Time, error) {
	header, _, err := get(ctx, strings.TrimSuffix(url, "/")+"/health/ready")
	if err != nil {
		return time.Time{}, fmt.Errorf("ask Kratos' public API whether it is ready: %w", err)
	}
	at, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return time.Time{}, errors.New("ask Kratos' public API what time it is: it does not say")
	}
	return at, nil
}

// AskAdmin asks the admin API at url whether it is ready, and returns Kratos' version, such as "v1.3.1". A Kratos that somebody has built
// may name a branch in the place of a version. The public API does not tell its version.
func AskAdmin(ctx context.Context, url string) (version string, err error) {
	url = strings.TrimSuffix(url, "/") + "/admin"
	if _, _, err := get(ctx, url+"/health/ready"); err != nil {
		return "", fmt.Errorf("ask Kratos' admin API whether it is ready: %w", err)
	}
	_, body, err := get(ctx, url+"/version")
	if err != nil {
		return "", fmt.Errorf("ask Kratos for its version: %w", err)
	}
	var said struct{ Version string }
	if err := json.Unmarshal(body, &said); err != nil || said.Version == "" {
		return "", errors.New("ask Kratos for its version: what answers there is no Kratos")
	}
	return said.Version, nil
}

// get follows no redirects: the admin API redirects a path of the public API to its own path below /admin. So an admin API would pass for
// the public API.
func get(ctx context.Context, url string) (http.Header, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, nil, err
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("%s answers with status %d", url, answer.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	return answer.Header, body, err
}
