package cmd

import (
	"testing"
	"time"

	"nidan/policies/live"
	"nidan/status"
)

func TestAControlPlaneIsToldWhatDecidesAndWhyNothingElseDoes(t *testing.T) {
	at := time.Date(2026, 4, 1, 18, 0, 0, 0, time.FixedZone("", 9*3600))
	active := &live.Active{Revision: "24905b094b254940", Since: at}
	refused := func(current bool) *live.Refusal {
		return &live.Refusal{Reason: "login/login.rego:1: it is wrong", Current: current}
	}
	for name, tc := range map[string]struct {
		of    live.Status
		want  status.Bundle
		state string
	}{
		"nothing yet": {live.Status{}, status.Bundle{}, "NOT_READY"},
		"a set":       {live.Status{Active: active}, status.Bundle{ActiveRevision: "24905b094b254940", LastSuccessfulActivation: at.UTC()}, "OK"},
		"a bundle": {
			live.Status{Active: active, Downloads: live.Downloads{Asked: at.Add(3 * time.Hour), Answered: at.Add(2 * time.Hour), Had: at.Add(time.Hour)}},
			status.Bundle{
				ActiveRevision: "24905b094b254940", LastSuccessfulActivation: at.UTC(), LastRequest: at.Add(3 * time.Hour).UTC(),
				LastSuccessfulRequest: at.Add(2 * time.Hour).UTC(), LastSuccessfulDownload: at.Add(time.Hour).UTC(),
			}, "OK",
		},
		"one that was refused": {
			live.Status{Active: active, Refused: refused(true)},
			status.Bundle{
				ActiveRevision: "24905b094b254940", LastSuccessfulActivation: at.UTC(), Code: "bundle_error", Message: "login/login.rego:1: it is wrong",
			}, "OK",
		},
		"one that was refused some time ago": {
			live.Status{Active: active, Refused: refused(false)},
			status.Bundle{ActiveRevision: "24905b094b254940", LastSuccessfulActivation: at.UTC()}, "OK",
		},
		"trouble": {
			live.Status{Trouble: &live.Trouble{Reason: "connection refused"}},
			status.Bundle{Code: "bundle_error", Message: "connection refused"}, "NOT_READY",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tc.want.Name, tc.want.Type = "nidan", "snapshot"
			u := told(map[string]string{"id": "one"}, tc.of)
			if u.Labels["id"] != "one" || len(u.Bundles) != 1 || u.Bundles["nidan"] != tc.want || u.Plugins["bundle"].State != tc.state {
				t.Errorf("got %+v, want %+v, %s", u, tc.want, tc.state)
			}
		})
	}
}
