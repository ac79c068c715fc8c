package session

import (
	"context"
	"net/http"
)

// Lacking returns the address where the session of r gets the second factor without which it has no capability. From there, the
// browser goes on to returnTo. The address is empty if the session lacks no factor. A page's script gets the same answer from
// /capabilities.
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
