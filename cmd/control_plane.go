package cmd

import (
	"log/slog"
	"time"

	"nidan/config"
	"nidan/policies/live"
	"nidan/status"
)

// lookForNews is the longest time until Nidan reports that other policies decide.
const lookForNews = time.Second

func newReporter(cfg config.Status, labels map[string]string, of *live.Policies, log *slog.Logger) *status.Reporter {
	return status.New(status.Config{URL: cfg.URL, Token: cfg.Token, Interval: cfg.Interval, Look: lookForNews},
		func() status.Update { return told(labels, of.Status()) }, log)
}

// told returns the status update, in the format of OPA's status API. The bundle has the same name and revision as in the decision log.
func told(labels map[string]string, s live.Status) status.Update {
	b := status.Bundle{
		Name: "nidan", Type: status.Snapshot, LastRequest: s.Downloads.Asked.UTC(), LastSuccessfulRequest: s.Downloads.Answered.UTC(),
		LastSuccessfulDownload: s.Downloads.Had.UTC(),
	}
	state := status.NotReady
	if s.Active != nil {
		b.ActiveRevision, b.LastSuccessfulActivation = s.Active.Revision, s.Active.Since.UTC()
		state = status.OK
	}
	switch {
	case s.Refused != nil && s.Refused.Current:
		b.Code, b.Message = status.Failed, s.Refused.Reason
	case s.Trouble != nil:
		b.Code, b.Message = status.Failed, s.Trouble.Reason
	}
	return status.Update{
		Labels: labels, Bundles: map[string]status.Bundle{b.Name: b},
		Plugins: map[string]status.Plugin{"bundle": {State: state}, "status": {State: status.OK}},
	}
}
