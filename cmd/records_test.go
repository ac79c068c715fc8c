package cmd

import (
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nidan/challenge"
	"nidan/config"
	"nidan/policies"
	"nidan/records"
	"nidan/store"
	"nidan/store/postgrestest"
)

// sealing is a database with sealed records of sign-ins, and the key of their checkpoints.
type sealing struct {
	*store.Store
	database, private, public string
}

func sealed(t *testing.T, database string, ins ...policies.Input) *sealing {
	t.Helper()
	keptIn(t, database, ins, 1)
	s := &sealing{database: database, private: filepath.Join(t.TempDir(), "checkpoint.key")}
	public, err := run(t, "records", "key", "login.example.com", s.private)
	if err != nil {
		t.Fatal(err)
	}
	s.public = filepath.Join(t.TempDir(), "checkpoint.pub")
	if err := os.WriteFile(s.public, []byte(public), 0o600); err != nil {
		t.Fatal(err)
	}
	if s.Store, err = store.OpenExisting(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.seal(t)
	return s
}

func (s *sealing) seal(t *testing.T) {
	t.Helper()
	private, err := os.ReadFile(s.private)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := newSealer(config.Records{CheckpointKey: strings.TrimSpace(string(private))}, s.Store, slog.New(slog.DiscardHandler))
	if err == nil {
		err = sealer.Seal(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *sealing) exec(t *testing.T, statement string) {
	t.Helper()
	if _, err := s.DB().ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func manySignIns(n int) (all []policies.Input) {
	for range n {
		all = append(all, signIn("agent", func(in *policies.Input) {
			in.Request.IP, in.Request.UserAgent, in.Request.Method = "192.0.2.7", "softphone <3.5>", "password"
		}))
	}
	return all
}

// The test does the steps of an operator, from the key to the proof, and those of an attacker who can write to the database. It runs on both
// databases.
func TestRecordsAreVerified(t *testing.T) {
	for name, database := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "nidan.db") },
		"PostgreSQL": func(t *testing.T) string { return postgrestest.Start(t).New("nidan") },
	} {
		t.Run(name, func(t *testing.T) {
			s := sealed(t, database(t), manySignIns(700)...)
			verify := func(status int, want string, more ...string) {
				t.Helper()
				args := append([]string{"records", "verify", "--key", s.public, "--database", s.database}, more...)
				if out, err := run(t, args...); statusOf(err) != status || !strings.Contains(out, want) {
					t.Errorf("%v: %v, want status %d and %q:\n%s", more, err, status, want, out)
				}
			}
			verify(0, "as they were sealed: 700 records\ncheckpoints that agree with them: 1; the newest one is of ")
			verify(0, "signed with a key that was given: 1 of them")
			verify(0, `"records": 700`, "--json")

			elsewhere := filepath.Join(t.TempDir(), "kept.txt")
			text, err := run(t, "records", "checkpoint", "--database", s.database)
			if err == nil {
				err = os.WriteFile(elsewhere, []byte(text), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			verify(0, "checkpoints that agree with them: 2", "--checkpoint", elsewhere)

			export := filepath.Join(t.TempDir(), "export.jsonl")
			out, err := run(t, "records", "export", "--database", s.database)
			if err == nil {
				err = os.WriteFile(export, []byte(out), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			ofExport := func(status int, want string) {
				t.Helper()
				if out, err := run(t, "records", "verify", "--export", export, "--key", s.public); statusOf(err) != status || !strings.Contains(out, want) {
					t.Errorf("the export: %v, want status %d and %q:\n%s", err, status, want, out)
				}
			}
			ofExport(0, "as they were sealed: 700 records")
			if out, err := run(t, "policy", "replay", "--file", export, copied(t, "data.json", "", "")); err != nil || !strings.Contains(out, "700") {
				t.Errorf("the export is not replayed: %v\n%s", err, out)
			}
			if err := os.WriteFile(export, []byte(strings.Replace(out, `"allowed"`, `"refused"`, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			ofExport(statusPastLimit, "altered: record 1 was altered since it was sealed")

			s.exec(t, `UPDATE records SET state = 'refused' WHERE id = 600`)
			s.exec(t, `DELETE FROM records WHERE id = 17`)
			verify(statusPastLimit, "altered: record 600 was altered since it was sealed")
			verify(statusPastLimit, "removed: record 17, of ", "--keep-days", "400")
			verify(statusPastLimit, `"kind": "altered",`, "--json")
			s.exec(t, `DELETE FROM journal_leaves`)
			s.exec(t, `DELETE FROM journal_checkpoints`)
			verify(statusNotProven, "not sealed yet: 699 records")
			s.seal(t)
			verify(0, "as they were sealed: 699 records")
			verify(statusPastLimit, "cut_back: the checkpoint that was kept elsewhere, of ", "--checkpoint", elsewhere)
		})
	}
}

func TestEachRecordsCommandEndsWithADocumentedStatus(t *testing.T) {
	s := sealed(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"), manySignIns(1)...)
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	for line, want := range map[string]int{
		"verify":                              0, // with the configuration
		"verify --key x":                      statusNotFound,
		"verify --key " + s.private:           statusUsage, // the private key in place of the public one
		"verify --checkpoint " + nowhere:      statusNotFound,
		"verify --export " + nowhere:          statusNotFound,
		"verify --export - --database sqlite": statusUsage,
		"verify --keep-days few":              statusUsage,
		"verify a":                            statusUsage,
		"verify --database sqlite:" + nowhere: 1,
		"checkpoint":                          0,
		"export":                              0,
		"export --format yaml":                statusUsage,
		"export --since yesterday":            statusUsage,
		"key a b c":                           statusUsage,
		"key a+b " + nowhere:                  statusUsage,
		"key a " + s.private:                  1,
		"frobnicate":                          statusUsage,
		"":                                    0,
	} {
		if out, err := run(t, append([]string{"records"}, strings.Fields(line)...)...); statusOf(err) != want {
			t.Errorf("nidan records %s: status %d (%v), want %d\n%s", line, statusOf(err), err, want, out)
		}
	}
	if info, err := os.Stat(s.private); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v, %v", info, err)
	}
}

func TestTheKeyOfTheConfigurationVerifiesTheCheckpoints(t *testing.T) {
	s := sealed(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"), manySignIns(1)...)
	t.Setenv("NIDAN_RECORDS_CHECKPOINT_KEY_FILE", s.private)
	if out, err := run(t, "records", "verify"); err != nil || !strings.Contains(out, "signed with a key that was given: 1 of them") {
		t.Errorf("%v\n%s", err, out)
	}
	other := filepath.Join(t.TempDir(), "other.key")
	if _, err := run(t, "records", "key", "login.example.com", other); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NIDAN_RECORDS_CHECKPOINT_KEY_FILE", other)
	if out, err := run(t, "records", "verify"); statusOf(err) != statusPastLimit || !strings.Contains(out, "not_signed: ") {
		t.Errorf("with another key: %v\n%s", err, out)
	}
	private, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{other, strings.TrimSpace(string(private))} {
		if out, err := run(t, "records", "verify", "--key", key); statusOf(err) != statusUsage || strings.Contains(out+err.Error(), "PRIVATE") {
			t.Errorf("a private key is shown: %v\n%s", err, out)
		}
	}
}

func TestAnExportIsOfATimeAnAccountAndAKind(t *testing.T) {
	day := func(n int) func(*policies.Input) {
		return func(in *policies.Input) { in.Now = time.Date(2026, 4, n, 9, 0, 0, 0, time.UTC) }
	}
	sealed(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"), signIn("b", day(3)), signIn("a", day(1)), signIn("b", day(2)))
	for args, want := range map[string]string{
		"":                                      "2 3 1", // in the order of time
		"--since 2026-04-02":                    "3 1",
		"--until 2026-04-02T09:00:00Z":          "2",
		"--since 2026-04-02 --until 2026-04-03": "3",
		"--account b":                           "3 1",
		"--kind sign_in --account id-a":         "2",
		"--kind mail_sent":                      "",
		"--since 1h":                            "",
	} {
		out, err := run(t, append([]string{"records", "export"}, strings.Fields(args)...)...)
		var ids []string
		for line := range strings.Lines(out) {
			var l struct {
				ID   json.Number
				Kind string
			}
			if e := json.Unmarshal([]byte(line), &l); e != nil {
				t.Fatal(e)
			}
			if l.Kind == "sign_in" {
				ids = append(ids, l.ID.String())
			}
		}
		if got := strings.Join(ids, " "); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", args, got, err, want)
		}
		file := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := run(t, "records", "verify", "--export", file); err != nil {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
}

func TestASpreadsheetTakesNoCellForAFormula(t *testing.T) {
	s := sealed(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db"), signIn("=1+1", nil))
	out, err := run(t, "records", "export", "--format", "csv", "--database", s.database)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out, "\uFEFF"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[0][6] != "account" || rows[1][6] != "'=1+1" || rows[1][0] != "1" || !json.Valid([]byte(rows[1][14])) {
		t.Errorf("%v\n%s", err, out)
	}
}

var when = time.Date(2026, 4, 1, 9, 0, 0, 123456000, time.UTC)

func signInRecord(t *testing.T, state string) records.Record {
	t.Helper()
	e, err := policies.New(t.Context(), policies.Shipped())
	if err != nil {
		t.Fatal(err)
	}
	r := recordOf(t, e, manySignIns(1)[0])
	r.ID, r.At, r.Flow, r.State = 7, when, "flow-1", state
	return r
}

func TestARecordIsALineOfSyslog(t *testing.T) {
	var b strings.Builder
	to := syslogRecords{&b, "host"}
	for _, r := range []records.Record{
		signInRecord(t, "code_mismatch"),
		{ID: 8, At: when, Kind: "settings_changed", By: "ad\"min]\\\n<1>1 -", State: "changed"},
		{ID: 9, At: when, Kind: "a kind\nof attack", State: "x y"},
	} {
		if err := to.record(r, nil); err != nil {
			t.Fatal(err)
		}
	}
	revision := strings.SplitAfterN(strings.SplitAfterN(b.String(), `revision="`, 2)[1], `"`, 2)[0]
	want := `<84>1 2026-04-01T09:00:00.123456Z host nidan - sign_in [nidan@32473 id="7" account="agent" account_id="id-agent" flow="flow-1" ` +
		`state="code_mismatch" reason="code_required" revision="` + revision + ` ip="192.0.2.7" channel="softphone" method="password" ` +
		`user_agent="softphone <3.5>"] sign_in code_mismatch` + "\n" +
		`<86>1 2026-04-01T09:00:00.123456Z host nidan - settings_changed [nidan@32473 id="8" by="ad\"min\]\\\\u000a<1>1 -" state="changed"] settings_changed changed` + "\n" +
		`<86>1 2026-04-01T09:00:00.123456Z host nidan - - [nidan@32473 id="9" state="x y"] - -` + "\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// The test checks the required attributes of each OCSF 1.4.0 class, and the constraints of the attributes that Nidan fills in
// (https://schema.ocsf.io/1.4.0).
func TestARecordIsAnEventOfOCSF(t *testing.T) {
	required := []string{"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}
	ofClass := map[float64][]string{0: nil, 3001: {"user"}, 3002: {"user", "service"}, 3004: {"entity"}}
	for _, kind := range records.Kinds {
		r := records.Record{ID: 7, At: when, Kind: kind, Account: "id-agent", Name: "agent", By: "admin", State: "changed"}
		if kind == "sign_in" {
			r = signInRecord(t, "passed")
		}
		raw, err := json.Marshal(ocsfOf(r))
		var e map[string]any
		if err == nil {
			err = json.Unmarshal(raw, &e)
		}
		if err != nil {
			t.Fatal(err)
		}
		class := e["class_uid"].(float64)
		for _, name := range append(required, ofClass[class]...) {
			if _, there := e[name]; !there {
				t.Errorf("%s: the event has no %s: %s", kind, name, raw)
			}
		}
		if e["type_uid"] != class*100+e["activity_id"].(float64) || e["category_uid"] != float64(int(class)/1000) {
			t.Errorf("%s: the numbers do not go together: %s", kind, raw)
		}
		if _, known := ocsfKinds[kind]; !known && !strings.HasPrefix(kind, "mail_") {
			t.Errorf("%s has no class of its own", kind)
		}
	}
	e := ocsfOf(signInRecord(t, string(challenge.Passed)))
	if e.ClassUID != 3002 || e.ActivityID != 1 || e.TypeUID != 300201 || e.StatusID != 1 || e.User.Name != "agent" || e.Source.IP != "192.0.2.7" ||
		e.Request.UserAgent != "softphone <3.5>" || e.Service.Name != "softphone" || !*e.IsMFA || e.Time != when.UnixMilli() || e.Metadata.Version != "1.4.0" {
		t.Errorf("got %+v", e)
	}
	for state, status := range map[string]int{"allowed": 1, "code_sent": 99, "aal2_needed": 99, "code_mismatch": 2, "refused": 2, "unavailable": 2} {
		if e := ocsfOf(signInRecord(t, state)); e.StatusID != status {
			t.Errorf("%s: status %d", state, e.StatusID)
		}
	}
}

func TestTheHelpOfRecordsSaysEachStatus(t *testing.T) {
	out, err := run(t, "records", "--help")
	for _, status := range []string{"   0  ", "   1  ", "   2  ", "   3  ", "   5  ", "  64  "} {
		if err != nil || !strings.Contains(out, "\n"+status) {
			t.Errorf("%v, without %q:\n%s", err, status, out)
		}
	}
}
