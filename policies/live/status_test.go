package live

import (
	"net/http"
	"testing"
)

func TestABundleThatCannotBeHadWasAskedForAllTheSame(t *testing.T) {
	s, url := serve(t, nil)
	s.put(nil, http.StatusInternalServerError)
	p, _, _ := downloading(t, BundleConfig{URL: url})
	if d := p.Status().Downloads; !d.Answered.IsZero() || !d.Had.IsZero() {
		t.Errorf("before: %+v", d)
	}
	until(t, "that it was asked for", func() bool { return !p.Status().Downloads.Asked.IsZero() })
	if d := p.Status().Downloads; !d.Answered.IsZero() || !d.Had.IsZero() {
		t.Errorf("got %+v", d)
	}
}
