package e2e

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"

	"nidan/kratos"
)

// kratosDatabase returns a new PostgreSQL database for a Kratos, as in production. On SQLite, Kratos itself answers some sign-ins with 500
// "database is locked" if several people sign in at once.
func kratosDatabase() string { return thePostgres().New(fmt.Sprint("kratos_", databases.Add(1))) }

// kratosOnSQLite returns a new SQLite database for a Kratos, as in the demo.
func kratosOnSQLite(t *testing.T) string {
	return "sqlite://" + filepath.Join(t.TempDir(), "kratos.db") + "?_fk=true&mode=rwc"
}

// ownKratos is a Kratos for one test.
type ownKratos struct {
	*kratos.Process
	run kratos.Run
	dir string
}

// startKratos starts a Kratos for one test. From then on, the test talks to this Kratos.
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

// again starts this Kratos once more, after it has ended.
func (k *ownKratos) again(t *testing.T) {
	t.Helper()
	var err error
	if k.Process, err = kratos.Start(t.Context(), kratosBinary, k.dir, k.run); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Process.Stop)
}

// kratosRun returns the settings of a Kratos on free ports, whose hook leads to the relay.
func kratosRun(dsn, origin string) kratos.Run {
	return kratos.Run{
		PublicPort: freePort(), AdminPort: freePort(), BaseURL: origin, HookURL: theRelay.server.URL,
		HookToken: hookToken, DSN: dsn, Secret: rand.Text() + rand.Text(),
	}
}

// talkTo makes the tests talk to this Kratos.
func talkTo(run kratos.Run) {
	kratosPublic = fmt.Sprintf("http://127.0.0.1:%d", run.PublicPort)
	kratosAdminURL = fmt.Sprintf("http://127.0.0.1:%d", run.AdminPort)
	kratosAdmin = kratos.NewAdmin(kratosAdminURL)
}
