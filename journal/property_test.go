package journal_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"nidan/records"
)

// columns are all columns of a record except its ID.
var columns = []string{
	"at", "kind", "account_id", "account_name", "changed_by", "flow_id", "challenge_id", "state", "reason", "revision", "detail",
}

// meddled returns the statements of one manipulation of the tables. Each manipulation makes a difference.
func meddled(t *rapid.T, records int) []string {
	one := rapid.IntRange(1, records).Draw(t, "record")
	another := rapid.IntRange(1, records).Filter(func(n int) bool { return n != one }).Draw(t, "another")
	column := rapid.SampledFrom(columns).Draw(t, "column")
	swap := func(table, column string, a, b int) []string {
		return []string{
			fmt.Sprintf(`UPDATE %s SET %s = -99 WHERE %s = %d`, table, column, column, a),
			fmt.Sprintf(`UPDATE %s SET %s = %d WHERE %s = %d`, table, column, a, column, b),
			fmt.Sprintf(`UPDATE %s SET %s = %d WHERE %s = -99`, table, column, b, column),
		}
	}
	switch rapid.SampledFrom([]string{"change", "remove", "remove with leaf", "insert", "swap records", "swap leaves", "digest"}).Draw(t, "what") {
	case "change":
		value := map[string]string{"at": "at + 1", "detail": `CAST('{"other":' || id || '}' AS BLOB)`}[column]
		if value == "" {
			value = column + " || ' '"
		}
		return []string{fmt.Sprintf(`UPDATE records SET %s = %s WHERE id = %d`, column, value, one)}
	case "remove":
		return []string{fmt.Sprintf(`DELETE FROM records WHERE id = %d`, one)}
	case "remove with leaf":
		return []string{
			fmt.Sprintf(`DELETE FROM records WHERE id = %d`, one), fmt.Sprintf(`DELETE FROM journal_leaves WHERE record_id = %d`, one),
			fmt.Sprintf(`UPDATE journal_leaves SET leaf = -leaf WHERE leaf >= %d`, one), `UPDATE journal_leaves SET leaf = -leaf - 1 WHERE leaf < 0`,
		}
	case "insert":
		return []string{
			fmt.Sprintf(`INSERT INTO records (id, at, kind, account_id, flow_id, challenge_id, state, reason, revision)
				SELECT 1000, at, kind, account_id, flow_id, challenge_id, state, reason, revision FROM records WHERE id = %d`, one),
			fmt.Sprintf(`UPDATE journal_leaves SET leaf = -leaf WHERE leaf >= %d`, one), `UPDATE journal_leaves SET leaf = -leaf + 1 WHERE leaf < 0`,
			fmt.Sprintf(`INSERT INTO journal_leaves SELECT %d, 1000, record_at, digest FROM journal_leaves WHERE record_id = %d`, one, one),
		}
	case "swap records":
		return swap("records", "id", one, another)
	case "swap leaves":
		return swap("journal_leaves", "leaf", one-1, another-1)
	}
	return []string{fmt.Sprintf(`UPDATE journal_leaves SET digest = randomblob(32) WHERE record_id = %d`, one)}
}

// Verification finds every change, removal, insertion and reordering.
func TestAnyMeddlingWithRecordsIsFound(t *testing.T) {
	s := newScene(t)
	const records = 40
	for range 4 { // so that several checkpoints cover the records
		s.write(t, records/4)
		s.seal(t)
		s.clock = s.clock.Add(3600e9)
	}
	if r := s.verify(t); r.Found != 0 || r.Records != records {
		t.Fatalf("before: %+v", r)
	}
	save(t, s)
	rapid.Check(t, func(rt *rapid.T) {
		s.exec(t, "BEGIN; "+strings.Join(meddled(rt, records), ";")+"; COMMIT")
		if r := s.verify(t); r.Found == 0 {
			rt.Errorf("got %+v", r)
		}
		restore(t, s)
	})
}

func save(t *testing.T, s *scene) {
	t.Helper()
	for _, table := range []string{"records", "journal_leaves"} {
		s.exec(t, `CREATE TABLE saved_`+table+` AS SELECT * FROM `+table)
	}
}

func restore(t *testing.T, s *scene) {
	t.Helper()
	s.exec(t, `BEGIN; DELETE FROM records; INSERT INTO records SELECT * FROM saved_records;
		DELETE FROM journal_leaves; INSERT INTO journal_leaves SELECT * FROM saved_journal_leaves; COMMIT`)
}

// An export is verified by its own lines, in any order. Verification finds each altered line and each missing line.
func TestAnyMeddlingWithAnExportIsFound(t *testing.T) {
	s := newScene(t)
	for range 4 {
		s.write(t, 10)
		s.seal(t)
		s.clock = s.clock.Add(3600e9)
	}
	whole := strings.SplitAfter(strings.TrimSuffix(s.export(t, records.Filter{To: s.clock.Add(-3600e9 - 3e9)}), "\n"), "\n")
	if r := s.verifyExport(t, s.verifier(t, s.public), strings.Join(whole, "")); r.Found != 0 || r.Records != 36 {
		t.Fatalf("before: %+v", r)
	}
	rapid.Check(t, func(rt *rapid.T) {
		lines := slices.Clone(whole)
		i := rapid.IntRange(0, len(lines)-1).Draw(rt, "line")
		switch rapid.SampledFrom([]string{"change", "remove", "again", "cut off"}).Draw(rt, "what") {
		case "change":
			// Some bits of the last Base64 digit before "=" have no meaning, so this digit stays.
			at := rapid.SampledFrom(digits.FindAllStringIndex(lines[i], -1)).
				Filter(func(at []int) bool { return lines[i][at[1]] != '=' }).Draw(rt, "at")
			digit := (lines[i][at[0]]-'0'+byte(rapid.IntRange(1, 9).Draw(rt, "by")))%10 + '0'
			lines[i] = lines[i][:at[0]] + string(digit) + lines[i][at[1]:]
		case "remove":
			lines = slices.Delete(lines, i, i+1)
		case "again":
			i = rapid.IntRange(0, len(lines)-2).Draw(rt, "line of a leaf") // the line of the checkpoint may be there twice
			lines = slices.Insert(lines, 0, lines[i])
		case "cut off":
			lines = lines[:i]
		}
		if r := s.verifyExport(t, s.verifier(t, s.public), strings.Join(lines, "")); r.Found == 0 {
			rt.Errorf("got %+v", r)
		}
	})
}

var digits = regexp.MustCompile(`[0-9]`)
