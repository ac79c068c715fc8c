package journal_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nidan/journal"
	"nidan/records"
)

// verifyExport verifies an export with this content.
func (s *scene) verifyExport(t *testing.T, v *journal.Verifier, content string) journal.Report {
	t.Helper()
	r, err := v.VerifyExport(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnExportIsVerifiedWithoutTheDatabase(t *testing.T) {
	s := newScene(t)
	s.write(t, 100)
	s.seal(t)
	s.clock = s.clock.Add(2 * time.Hour)
	between := s.clock
	s.write(t, 100)
	s.seal(t)
	s.clock = s.clock.Add(2 * time.Hour)
	after := s.clock
	s.write(t, 100)
	s.seal(t)
	s.write(t, 2)
	for name, tc := range map[string]struct {
		filter             records.Filter
		records, notSealed int64
	}{
		"of all":                     {records.Filter{}, 300, 2},
		"of a time in the middle":    {records.Filter{From: between, To: after}, 100, 0},
		"of the beginning":           {records.Filter{To: between}, 100, 0},
		"of some here and there":     {records.Filter{Account: "agent-7"}, 3, 0},
		"of none":                    {records.Filter{Account: "nobody"}, 0, 0},
		"of those not sealed yet":    {records.Filter{From: s.clock}, 0, 1},
		"of the last and the newest": {records.Filter{Limit: 5}, 3, 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.verifyExport(t, s.verifier(t, s.public), s.export(t, tc.filter))
			if r.Found != 0 || r.Records != tc.records || r.NotSealed != tc.notSealed || r.Checkpoints != 1 || r.Signed != 1 {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// The newest checkpoint does not cover leaves that came after it.
func TestWhatIsUnderNoCheckpointYetIsNotProven(t *testing.T) {
	s := newScene(t)
	s.write(t, 5)
	s.seal(t)
	s.write(t, 2)
	unsealed, err := s.UnsealedRecords(t.Context(), 0, 100, 100)
	if err != nil || len(unsealed) != 2 {
		t.Fatal(unsealed, err)
	}
	if ok, err := s.AddLeaves(t.Context(), []journal.Leaf{journal.LeafOf(5, unsealed[0]), journal.LeafOf(6, unsealed[1])}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if r := s.verifyExport(t, s.verifier(t, s.public), s.export(t, records.Filter{})); r.Found != 0 || r.NotSealed != 2 || r.Leaves != 5 {
		t.Errorf("got %+v", r)
	}
}

func TestWhatWasDoneToAnExportIsSaid(t *testing.T) {
	s := newScene(t)
	s.write(t, 3)
	s.clock = s.clock.Add(2 * time.Hour)
	s.write(t, 17)
	s.seal(t)
	whole := strings.SplitAfter(s.export(t, records.Filter{From: s.clock.Add(-9 * time.Second)}), "\n") // the newest record comes first
	record := func(id int64) int {
		return slices.IndexFunc(whole, func(line string) bool { return strings.HasPrefix(line, fmt.Sprintf(`{"id":%d,`, id)) })
	}
	for name, tc := range map[string]struct {
		change func([]string) []string
		kind   string
		record int64
	}{
		"a record was altered": {func(l []string) []string {
			l[record(15)] = strings.Replace(l[record(15)], `"allowed"`, `"refused"`, 1)
			return l
		}, journal.Altered, 15},
		"its digest was altered with it": {func(l []string) []string {
			var line journal.Line
			if err := json.Unmarshal([]byte(l[record(15)]), &line); err != nil {
				t.Fatal(err)
			}
			line.State = "refused"
			other := journal.LeafOf(*line.Leaf, records.Record{
				ID: line.ID, At: line.At, Kind: line.Kind, Account: line.AccountID, Name: line.Account, By: line.By, Flow: line.Flow,
				Challenge: line.Challenge, State: line.State, Reason: line.Reason, Revision: line.Revision, Detail: line.Detail,
			})
			line.Digest = other.Digest
			raw, _ := json.Marshal(line)
			l[record(15)] = string(raw) + "\n"
			return l
		}, journal.Rewritten, 0},
		"a record was taken out": {func(l []string) []string { return slices.Delete(l, record(15), record(15)+1) }, journal.Removed, 0},
		"the end was cut off":    {func(l []string) []string { return l[:record(15)] }, journal.CutBack, 0},
		"a record stands there twice": {func(l []string) []string {
			return slices.Insert(l, 0, l[record(15)])
		}, journal.Inserted, 15},
		"a record was put in": {func(l []string) []string {
			return slices.Insert(l, 0, `{"id":99,"at":"2026-04-01T09:00:00Z","kind":"sign_in","detail":null}`+"\n")
		}, journal.Inserted, 99},
		"a record was moved behind the checkpoint": {func(l []string) []string {
			l[record(15)] = strings.Replace(l[record(15)], `"leaf":14`, `"leaf":1400`, 1)
			return l
		}, journal.Removed, 0},
		"the hashes were altered": {func(l []string) []string {
			i := slices.IndexFunc(l, func(line string) bool { return strings.Contains(line, "journal_leaves") })
			l[i] = strings.Replace(l[i], `"hashes":["`, `"hashes":["AAAA`, 1)
			return l
		}, journal.Rewritten, 0},
		"the checkpoint is another one": {func(l []string) []string {
			l[len(l)-2] = strings.Replace(l[len(l)-2], `\n20\n`, `\n19\n`, 1)
			return l
		}, journal.NotSigned, 0},
		"a line is none": {func(l []string) []string { return append(l, "x\n") }, journal.Unreadable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := s.verifyExport(t, s.verifier(t, s.public), strings.Join(tc.change(slices.Clone(whole)), ""))
			if !has(r, tc.kind, tc.record) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// Somebody has altered a record in the database. The verification of an export reports it.
func TestAnExportOfARecordThatWasAlteredSaysSo(t *testing.T) {
	for name, detail := range map[string]string{"what is JSON": `{"a":1}`, "what is none": `{"a`, "nothing": ``} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.write(t, 20)
			s.seal(t)
			s.exec(t, `UPDATE records SET detail = $1 WHERE id = 7`, []byte(detail))
			r := s.verifyExport(t, s.verifier(t, s.public), s.export(t, records.Filter{}))
			if !has(r, journal.Altered, 7) || r.Found != 1 || r.Records != 19 {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestACheckpointKeptElsewhereIsComparedWithAnExport(t *testing.T) {
	s := newScene(t)
	s.write(t, 20)
	s.seal(t)
	kept, err := s.NewestCheckpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.exec(t, `UPDATE records SET account_name = 'another' WHERE id = 7`)
	s.exec(t, `DELETE FROM journal_leaves`)
	s.exec(t, `DELETE FROM journal_checkpoints`)
	s.sealer = &journal.Sealer{Store: s.Store, Key: s.sealer.Key, Now: s.sealer.Now, Log: s.sealer.Log}
	s.seal(t)
	v := s.verifier(t, s.public)
	if r := s.verifyExport(t, v, s.export(t, records.Filter{})); r.Found != 0 {
		t.Errorf("the export alone: %+v", r)
	}
	v.Elsewhere = []string{kept.Text}
	if r := s.verifyExport(t, v, s.export(t, records.Filter{})); !has(r, journal.Rewritten, 0) {
		t.Errorf("got %+v", r)
	}
}
