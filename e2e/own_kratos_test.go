package e2e

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"

	"nidan/kratos"
)

// kratosDatabase is a new database for a Kratos, on PostgreSQL, as Kratos has it in production. On SQLite Kratos itself answers some
// sign-ins with 500 "database is locked" where several people sign in at once.
func kratosDatabase() string { return thePostgres().New(fmt.Sprint("kratos_", databases.Add(1))) }

// kratosOnSQLite is one on SQLite, as the demo's Kratos has it.
func kratosOnSQLite(t *testing.T) string {
	return "sqlite://" + filepath.Join(t.TempDir(), "kratos.db") + "?_fk=true&mode=rwc"
}

// ownKratos is a Kratos of a test's own.
type ownKratos struct {
	*kratos.Process
	run kratos.Run
	dir string
}

// startKratos starts a Kratos of the test's own, which all that follows in the test talks to.
func startKratos(t *testing.T) *ownKratos {
	t.Helper()
	return startKratosOn(t, kratosDatabase(), origin)
}

// startKratosOn is startKratos on a database that the test chooses, for an origin of the pages.
func startKratosOn(t *testing.T, dsn, origin string) *ownKratos {
	t.Helper()
	own := &ownKratos{run: kratosRun(dsn, origin), dir: t.TempDir()}
	own.again(t)
	public, admin, adminURL := kratosPublic, kratosAdmin, kratosAdminURL
	talkTo(own.run)
	t.Cleanup(func() { kratosPublic, kratosAdmin, kratosAdminURL = public, admin, adminURL })
	return own
}

// again starts it once more, after it has ended.
func (k *ownKratos) again(t *testing.T) {
	t.Helper()
	var err error
	if k.Process, err = kratos.Start(t.Context(), kratosBinary, k.dir, k.run); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Process.Stop)
}

// kratosRun is a Kratos on ports that are free, whose hook leads to the relay.
func kratosRun(dsn, origin string) kratos.Run {
	return kratos.Run{
		PublicPort: freePort(), AdminPort: freePort(), BaseURL: origin, HookURL: theRelay.server.URL,
		HookToken: hookToken, DSN: dsn, Secret: rand.Text() + rand.Text(),
	}
}

// talkTo makes a Kratos the one that tests talk to.
func talkTo(run kratos.Run) {
	kratosPublic = fmt.Sprintf("http://127.0.0.1:%d", run.PublicPort)
	kratosAdminURL = fmt.Sprintf("http://127.0.0.1:%d", run.AdminPort)
	kratosAdmin = kratos.NewAdmin(kratosAdminURL)
}
