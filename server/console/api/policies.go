package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"nidan/policies/live"
	"nidan/policies/proof"
	"nidan/policies/replay"
	"nidan/server/session"
)

// The state of the policies as JSON.
type (
	policyStatus struct {
		Active  *set     `json:"active"`
		Refused *refusal `json:"refused"`
		Trouble *trouble `json:"trouble"`
	}
	deciding struct {
		policyStatus
		Waiting []waiting `json:"waiting"`
		Shadow  *shadow   `json:"shadow"`
	}
	waiting struct {
		Revision string    `json:"revision"`
		Source   string    `json:"source"`
		Since    time.Time `json:"since"`
		Against  string    `json:"against"`
		Digest   string    `json:"digest"`
		Files    []file    `json:"files"`
		live.Loosening
	}
	shadow struct {
		policyStatus
		Against string         `json:"against"`
		Summary replay.Summary `json:"summary"`
		Dropped int64          `json:"dropped"`
	}
	set struct {
		Revision  string    `json:"revision"`
		Source    string    `json:"source"`
		Since     time.Time `json:"since"`
		Files     []file    `json:"files"`
		Tests     []test    `json:"tests"`
		Coverage  float64   `json:"coverage"`
		Uncovered []string  `json:"uncovered"`
	}
	file struct {
		Path string `json:"path"`
		Text string `json:"text"`
	}
	test struct {
		Name     string `json:"name"`
		Location string `json:"location"`
		Failure  string `json:"failure"`
	}
	refusal struct {
		Revision string    `json:"revision"`
		Source   string    `json:"source"`
		At       time.Time `json:"at"`
		Reason   string    `json:"reason"`
		Current  bool      `json:"current"`
	}
	trouble struct {
		Since  time.Time `json:"since"`
		Reason string    `json:"reason"`
	}
)

func (h *Handler) policies(c echo.Context, who session.Visitor) error {
	s, err := h.Console.PolicyStatus(c.Request().Context(), who)
	if err != nil {
		return err
	}
	shown := deciding{policyStatus: statusOf(s), Waiting: []waiting{}}
	for _, w := range s.Waiting {
		one := waiting{w.Revision, w.Source.String(), w.Since, w.Against, w.Digest, []file{}, w.Loosening}
		for _, f := range w.Files {
			one.Files = append(one.Files, file(f))
		}
		if one.Differences == nil {
			one.Differences = []proof.Difference{}
		}
		shown.Waiting = append(shown.Waiting, one)
	}
	if s.Shadow != nil {
		shown.Shadow = &shadow{
			policyStatus: statusOf(s.Shadow.Status), Against: s.Shadow.Against, Summary: s.Shadow.Summary, Dropped: s.Shadow.Dropped,
		}
		if shown.Shadow.Summary.Changes == nil {
			shown.Shadow.Summary.Changes = []replay.Changed{}
		}
	}
	return c.JSON(http.StatusOK, shown)
}

func (h *Handler) answerPolicies(c echo.Context, who session.Visitor) error {
	var given struct {
		Revision string      `json:"revision"`
		Digest   string      `json:"digest"`
		Answer   live.Answer `json:"answer"`
	}
	if err := readJSON(c, &given); err != nil {
		return err
	}
	if err := h.Console.AnswerPolicies(c.Request().Context(), who, given.Revision, given.Digest, given.Answer); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func statusOf(s live.Status) (shown policyStatus) {
	if a := s.Active; a != nil {
		report := a.Report()
		of := set{
			Revision: a.Revision, Source: a.Source.String(), Since: a.Since, Files: []file{}, Tests: []test{},
			Coverage: report.Coverage, Uncovered: append([]string{}, report.Uncovered...),
		}
		for _, f := range a.Files() {
			of.Files = append(of.Files, file(f))
		}
		for _, t := range report.Tests {
			of.Tests = append(of.Tests, test{t.Package + "." + t.Name, t.Location, t.Failure})
		}
		shown.Active = &of
	}
	if s.Refused != nil {
		shown.Refused = &refusal{s.Refused.Revision, s.Refused.Source.String(), s.Refused.At, s.Refused.Reason, s.Refused.Current}
	}
	if s.Trouble != nil {
		shown.Trouble = &trouble{s.Trouble.Since, s.Trouble.Reason}
	}
	return shown
}
