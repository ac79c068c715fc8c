package hooks

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"nidan/policies"
)

// BenchmarkAllowed measures an allowed and recorded sign-in, with several numbers of callers.
func BenchmarkAllowed(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			s := newScene(b, policies.Shipped())
			template := s.body(object{
				"flow/id": "FLOW", "identity/id": "ACCOUNT", "session/authenticated_at": "2026-04-01T09:00:00.AT",
				"identity/metadata_public": object{"role": "user"},
			})
			var n atomic.Int64
			b.SetParallelism(callers)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := n.Add(1)
					body := bytes.ReplaceAll(template, []byte("FLOW"), fmt.Appendf(nil, "flow-%d", i))
					body = bytes.ReplaceAll(body, []byte("ACCOUNT"), fmt.Appendf(nil, "account-%d", i%1000))
					body = bytes.ReplaceAll(body, []byte("00.AT"), fmt.Appendf(nil, "00.%09dZ", i*1000))
					r := httptest.NewRequest(http.MethodPost, "/hooks/login/after-password", bytes.NewReader(body))
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Authorization", "Bearer "+token)
					w := httptest.NewRecorder()
					s.echo.ServeHTTP(w, r)
					if w.Code != http.StatusNoContent {
						b.Errorf("got %d %s", w.Code, w.Body)
					}
				}
			})
		})
	}
}
