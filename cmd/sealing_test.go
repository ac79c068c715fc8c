package cmd

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nidan/config"
	"nidan/doctor"
	"nidan/policies"
	"nidan/store"
)

func TestRecordsThatCannotBeSealedShowWhereOperatorsLook(t *testing.T) {
	cfg := config.Default()
	cfg.Database = "sqlite:" + filepath.Join(t.TempDir(), "nidan.db")
	cfg.Secrets, cfg.Hooks.Tokens = []string{strings.Repeat("s", 32)}, []string{strings.Repeat("t", 32)}
	n, err := newNidan(t.Context(), cfg, "", newLog(config.Log{Level: "error", Format: "text"}))
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	n.says(t, "/readyz", "ready\n", "not records:")
	n.says(t, "/metrics", "nidan_sealing_trouble 0\n")
	if since := notSealed(n.sealer)(); !since.IsZero() {
		t.Errorf("the console says that they are not sealed since %v", since)
	}
	if _, err := n.store.DB().ExecContext(t.Context(), `DROP TABLE journal_checkpoints`); err != nil {
		t.Fatal(err)
	}
	go func() { _ = n.sealer.Run(t.Context()) }()
	n.says(t, "/metrics", "nidan_sealing_trouble 1\n")
	n.says(t, "/readyz", "ready\n", "records: not sealed since ", "not journal_checkpoints") // 200: sign-ins go on
	n.signIn(t, cfg.Hooks.Tokens[0], false, http.StatusNoContent)
	if since := notSealed(n.sealer)(); since.IsZero() {
		t.Error("the console does not say it")
	}
}

func TestDoctorFindsRecordsThatAreNotSealed(t *testing.T) {
	kept(t, signIn("agent", func(in *policies.Input) { in.Now = in.Now.Add(-time.Hour) }))
	mailServer(t)
	t.Setenv("NIDAN_POLICIES_DIR", filepath.Join(t.TempDir(), "nowhere")) // the gate takes its time
	if got, _ := diagnosed(t); got["records_sealed"] != doctor.Warning {
		t.Errorf("records that nobody has sealed: %q", got["records_sealed"])
	}
	cfg, err := config.Load("", os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(t.Context(), cfg.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	sealer, err := newSealer(cfg.Records, st, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := sealer.Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := diagnosed(t); got["records_sealed"] != doctor.OK {
		t.Errorf("records that are sealed: %q", got["records_sealed"])
	}
}
