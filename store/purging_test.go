package store_test

import (
	"testing"
	"time"
)

// If sign-ins had to wait for the whole purge, nobody could sign in while it runs.
func TestPeopleSignInWhileOldRecordsAreForgotten(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := opened(t, url)
		if err := s.Prepare(t.Context(), initial); err != nil {
			t.Fatal(err)
		}
		exec(t, s, `INSERT INTO records (at, kind, account_id, flow_id, challenge_id, state, reason, revision)
			WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
			SELECT -i, 'sign_in', 'agent', '', '', '', '', '' FROM n`)
		signIns, stop := signingIn(t, s)
		defer stop()
		for signIns.Load() == 0 && !t.Failed() {
			time.Sleep(time.Millisecond)
		}
		before := signIns.Load()
		if err := s.PurgeRecords(t.Context(), time.UnixMicro(0)); err != nil {
			t.Fatal(err)
		}
		if during := signIns.Load() - before; during < 50 {
			t.Errorf("%d people signed in meanwhile, in a hundred steps", during)
		}
		stop()
		if old := texts(t, s, `SELECT CAST(count(*) AS TEXT) FROM records WHERE at < 0`); old[0] != "0" {
			t.Errorf("%s old records are left", old[0])
		}
	})
}
