package journal_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"nidan/journal"
)

func TestRecordsAreAsTheyWereSealed(t *testing.T) {
	s := newScene(t)
	if r := s.verify(t); r.Found != 0 || r.Leaves != 0 {
		t.Errorf("an empty database: %+v", r)
	}
	s.write(t, 450)
	s.seal(t)
	s.write(t, 3)
	if r := s.verify(t); r.Found != 0 || r.Records != 450 || r.Leaves != 450 || r.NotSealed != 3 || r.Checkpoints != 1 || r.Signed != 1 {
		t.Errorf("got %+v", r)
	}
	s.seal(t)
	s.seal(t)
	if r := s.verify(t); r.Found != 0 || r.Records != 453 || r.NotSealed != 0 || r.Covered != 453 || !r.Newest.Equal(s.clock) {
		t.Errorf("got %+v", r)
	}
	// The sealer of another process, or of the next start, has no key.
	s.sealer = s.newSealer(t, "")
	s.write(t, 10)
	s.seal(t)
	if r := s.verify(t); r.Records != 463 || !has(r, journal.NotSigned, 0) || r.Found != 1 {
		t.Errorf("a checkpoint that is not signed any more: %+v", r)
	}
}

// Each case is an attack by a person who may write to the database and knows how the journal works.
func TestWhatWasDoneToRecordsIsSaid(t *testing.T) {
	for name, tc := range map[string]struct {
		statements []string
		kind       string
		record     int64
	}{
		"a record was altered":             {[]string{`UPDATE records SET state = 'refused' WHERE id = 7`}, journal.Altered, 7},
		"its detail was":                   {[]string{`UPDATE records SET detail = CAST('{}' AS BLOB) WHERE id = 7`}, journal.Altered, 7},
		"its time was":                     {[]string{`UPDATE records SET at = at + 1 WHERE id = 7`}, journal.Altered, 7},
		"text was moved between two parts": {[]string{`UPDATE records SET flow_id = 'flowc', challenge_id = 'hallenge' WHERE id = 7`}, journal.Altered, 7},
		"a record was removed":             {[]string{`DELETE FROM records WHERE id = 8`}, journal.Removed, 8},
		"a record was removed as if it were old": {[]string{`DELETE FROM records WHERE id = 8`,
			`UPDATE journal_leaves SET record_at = 0 WHERE record_id = 8`}, journal.Rewritten, 0},
		"a record was removed with its leaf": {[]string{`DELETE FROM records WHERE id = 9`, `DELETE FROM journal_leaves WHERE record_id = 9`}, journal.Rewritten, 0},
		"the leaves behind it were moved up": {[]string{`DELETE FROM records WHERE id = 9`, `DELETE FROM journal_leaves WHERE record_id = 9`,
			`UPDATE journal_leaves SET leaf = -leaf WHERE leaf > 8`, `UPDATE journal_leaves SET leaf = -leaf - 1 WHERE leaf < 0`}, journal.CutBack, 0},
		"the leaf was altered with it": {[]string{`UPDATE records SET state = 'refused' WHERE id = 7`,
			`UPDATE journal_leaves SET digest = (SELECT digest FROM journal_leaves WHERE record_id = 8) WHERE record_id = 7`}, journal.Rewritten, 0},
		"two records were swapped": {[]string{`UPDATE records SET id = -7 WHERE id = 7`, `UPDATE records SET id = 7 WHERE id = 8`,
			`UPDATE records SET id = 8 WHERE id = -7`}, journal.Altered, 8},
		"two leaves were swapped": {[]string{`UPDATE journal_leaves SET leaf = -1 WHERE leaf = 3`, `UPDATE journal_leaves SET leaf = 3 WHERE leaf = 4`,
			`UPDATE journal_leaves SET leaf = 4 WHERE leaf = -1`}, journal.Rewritten, 0},
		"a record was put in that says it is old": {[]string{`INSERT INTO records (at, kind, account_id, flow_id, challenge_id, state, reason, revision)
			SELECT at - 7200000000, kind, account_id, flow_id, challenge_id, state, reason, revision FROM records WHERE id = 1`}, journal.Inserted, 21},
		"one with an ID that none has": {[]string{`INSERT INTO records (id, at, kind, account_id, flow_id, challenge_id, state, reason, revision)
			SELECT -5, at - 7200000000, kind, account_id, flow_id, challenge_id, state, reason, revision FROM records WHERE id = 1`}, journal.Inserted, -5},
		"the newest leaves were cut off":  {[]string{`DELETE FROM records WHERE id > 15`, `DELETE FROM journal_leaves WHERE record_id > 15`}, journal.CutBack, 0},
		"a signature was altered":         {[]string{`UPDATE journal_checkpoints SET text = replace(text, '— ', '— x')`}, journal.NotSigned, 0},
		"a checkpoint's time was altered": {[]string{`UPDATE journal_checkpoints SET text = replace(text, 'time 2026', 'time 2025')`}, journal.NotSigned, 0},
		"a checkpoint was altered":        {[]string{`UPDATE journal_checkpoints SET text = 'x'`}, journal.Unreadable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.keepDays = 400
			s.write(t, 20)
			s.seal(t)
			for _, statement := range tc.statements {
				s.exec(t, statement)
			}
			if r := s.verify(t); !has(r, tc.kind, tc.record) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// A record that was put in and sealed later looks like other records. Only its place in the journal shows the attack.
func TestARecordThatSaysItIsOldIsFoundAfterItWasSealed(t *testing.T) {
	s := newScene(t)
	s.write(t, 5)
	s.seal(t)
	s.clock = s.clock.Add(time.Hour)
	s.exec(t, `INSERT INTO records (at, kind, account_id, flow_id, challenge_id, state, reason, revision)
		SELECT at - 7200000000, kind, account_id, flow_id, challenge_id, state, reason, revision FROM records WHERE id = 1`)
	s.seal(t)
	if r := s.verify(t); !has(r, journal.Inserted, 6) || r.Found != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestARecordThatIsErasedBecauseItIsOldDoesNotMatter(t *testing.T) {
	s := newScene(t)
	s.write(t, 20)
	s.seal(t)
	s.clock = s.clock.AddDate(0, 0, 100)
	s.write(t, 3)
	s.seal(t)
	s.keepDays = 90
	if err := s.PurgeRecords(t.Context(), s.clock.AddDate(0, 0, -s.keepDays)); err != nil {
		t.Fatal(err)
	}
	if r := s.verify(t); r.Found != 0 || r.Past != 20 || r.Records != 3 || r.Checkpoints != 2 {
		t.Errorf("got %+v", r)
	}
	s.keepDays = 365
	if r := s.verify(t); r.Found != 20 || !has(r, journal.Removed, 20) {
		t.Errorf("kept for a year: %+v", r)
	}
}

// If an attacker rewrites the whole database, and the next start signs it, a checkpoint that was kept elsewhere shows it.
func TestARewrittenDatabaseIsFoundByACheckpointKeptElsewhere(t *testing.T) {
	s := newScene(t)
	s.write(t, 20)
	s.seal(t)
	kept, err := s.NewestCheckpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := s.verifier(t, s.public)
	elsewhere.Elsewhere = []string{kept.Text}
	s.write(t, 5)
	s.seal(t)
	if r := verified(t, elsewhere, s.Store); r.Found != 0 || r.Checkpoints != 2 {
		t.Errorf("before: %+v", r)
	}
	s.exec(t, `UPDATE records SET account_name = 'another' WHERE id = 7`)
	s.exec(t, `DELETE FROM journal_leaves`)
	s.exec(t, `DELETE FROM journal_checkpoints`)
	if err := s.sealer.Seal(t.Context()); err == nil || !strings.Contains(err.Error(), "records verify") {
		t.Errorf("the process that has sealed them: %v", err)
	}
	s.sealer = &journal.Sealer{Store: s.Store, Key: s.sealer.Key, Now: s.sealer.Now, Log: s.sealer.Log}
	s.seal(t)
	if r := s.verify(t); r.Found != 0 {
		t.Errorf("the database alone: %+v", r)
	}
	if r := verified(t, elsewhere, s.Store); !has(r, journal.Rewritten, 0) {
		t.Errorf("got %+v", r)
	}
	s.exec(t, `DELETE FROM journal_leaves WHERE leaf > 10`)
	if r := verified(t, elsewhere, s.Store); !has(r, journal.CutBack, 0) {
		t.Errorf("cut back: %+v", r)
	}
}

// If an attacker alters leaves while Nidan runs, no checkpoint is signed for the altered leaves.
func TestARunningSealerSignsNoLeavesThatWereAltered(t *testing.T) {
	s := newScene(t)
	s.write(t, 20)
	s.seal(t)
	s.exec(t, `UPDATE records SET account_name = 'another' WHERE id = 7`)
	s.exec(t, `UPDATE journal_leaves SET digest = zeroblob(32) WHERE record_id = 7`)
	s.exec(t, `DELETE FROM journal_checkpoints`)
	s.write(t, 5)
	s.seal(t)
	if r := s.verify(t); !has(r, journal.Rewritten, 0) {
		t.Errorf("got %+v", r)
	}
}

func TestTheNewestCheckpointThatWasAlteredIsNotGoneOnFrom(t *testing.T) {
	s := newScene(t)
	s.write(t, 20)
	s.seal(t)
	s.exec(t, `UPDATE journal_checkpoints SET hashes = zeroblob(length(hashes))`)
	s.write(t, 1)
	if err := s.newSealer(t, "").Seal(t.Context()); err == nil || !strings.Contains(err.Error(), "was altered") {
		t.Errorf("got %v", err)
	}
}

func TestAfterARotationBothKeysVerify(t *testing.T) {
	s := newScene(t)
	s.write(t, 5)
	s.seal(t)
	private, public, err := journal.GenerateKey(rand.Reader, "login.example.com")
	if err != nil {
		t.Fatal(err)
	}
	s.sealer = s.newSealer(t, private)
	s.clock = s.clock.Add(2 * time.Hour)
	s.write(t, 5)
	s.seal(t)
	if !strings.Contains(s.log.String(), "is not signed with this key") {
		t.Errorf("the log has no word of it: %s", s.log.String())
	}
	for name, tc := range map[string]struct {
		keys          []string
		signed, found int
	}{
		"both": {[]string{s.public, public}, 2, 0}, "the new one": {[]string{public}, 1, 0}, "the old one": {[]string{s.public}, 1, 1}, "none": {nil, 0, 0},
	} {
		if r := verified(t, s.verifier(t, tc.keys...), s.Store); r.Signed != tc.signed || r.Found != tc.found || r.Checkpoints != 2 {
			t.Errorf("with %s: %+v", name, r)
		}
	}
}

func TestTheLastCheckpointOfEachHourIsKept(t *testing.T) {
	s := newScene(t)
	for range 3 {
		for range 3 {
			s.write(t, 1)
			s.seal(t)
		}
		s.clock = s.clock.Add(time.Hour)
	}
	all, err := s.Checkpoints(t.Context())
	if err != nil || len(all) != 3 || all[0].Size != 3 || all[2].Size != 9 {
		t.Errorf("got %+v, %v", all, err)
	}
	if got := strings.Count(s.log.String(), "records are sealed"); got != 3 {
		t.Errorf("the log names %d checkpoints:\n%s", got, s.log.String())
	}
}

func TestAVerificationSaysHowFarItIs(t *testing.T) {
	s := newScene(t)
	s.write(t, 1200)
	s.seal(t)
	var told []int64
	v := s.verifier(t)
	v.Progress = func(n int64) { told = append(told, n) }
	if r := verified(t, v, s.Store); r.Found != 0 || len(told) != 3 || told[2] != 1200 {
		t.Errorf("%+v, %v", r, told)
	}
}
