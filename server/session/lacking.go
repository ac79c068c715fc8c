package session

import (
	"context"
	"net/http"
)

// Lacking is where the session that r proves gets the second factor without which the session is worth nothing, and goes on to returnTo
// from there. It is empty where the session lacks none. The same is said at /capabilities, for a page's script.
func (h *Handler) Lacking(ctx context.Context, r *http.Request, returnTo string) (string, error) {
	v, err := h.Visitors.Of(ctx, r)
	if err != nil {
		return "", err
	}
	if len(v.Allowed.Capabilities) > 0 {
		return "", nil
	}
	for _, named := range v.Allowed.StepUp {
		if named.ACR == authAAL2.ACR {
			return h.of(named, returnTo).Location, nil
		}
	}
	return "", nil
}
