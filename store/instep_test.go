package store_test

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nidan/store"
	"nidan/store/postgrestest"
)

// The queries describe the tables of both databases in the same format: columns as "table.name kind [null] [default]", keys and
// indexes as "table index [unique] columns [condition]".
const (
	columnsOfSQLite = `SELECT m.name || '.' || c.name || ' ' || CASE c.type WHEN 'BLOB' THEN 'bytes' WHEN 'TEXT' THEN 'text' WHEN 'INTEGER' THEN 'number' END
			|| CASE WHEN c."notnull" = 0 AND c.pk = 0 THEN ' null' ELSE '' END || CASE WHEN c.dflt_value IS NULL THEN '' ELSE ' default' END
		FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'goose%'`
	columnsOfPostgreSQL = `SELECT table_name || '.' || column_name || ' ' ||
			CASE data_type WHEN 'bytea' THEN 'bytes' WHEN 'text' THEN 'text' WHEN 'bigint' THEN 'number' WHEN 'boolean' THEN 'number' END
			|| CASE is_nullable WHEN 'YES' THEN ' null' ELSE '' END || CASE WHEN column_default IS NULL THEN '' ELSE ' default' END
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%'`

	keysOfSQLite = `SELECT m.name || ' key ' || (SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info(m.name) WHERE pk > 0 ORDER BY pk))
		FROM sqlite_master m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE 'goose%'
			AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) WHERE pk > 0)`
	indexesOfSQLite = `SELECT m.name || ' ' || i.name || CASE i."unique" WHEN 1 THEN ' unique ' ELSE ' ' END
			|| (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno))
			|| COALESCE((SELECT substr(sql, instr(sql, ' WHERE ')) FROM sqlite_master WHERE name = i.name AND instr(sql, ' WHERE ') > 0), '')
		FROM sqlite_master m JOIN pragma_index_list(m.name) i WHERE m.type = 'table' AND i.origin = 'c'`
	indexesOfPostgreSQL = `SELECT t.relname || ' ' || CASE WHEN x.indisprimary THEN 'key' ELSE i.relname END
			|| CASE WHEN x.indisunique AND NOT x.indisprimary THEN ' unique ' ELSE ' ' END
			|| (SELECT string_agg(pg_get_indexdef(x.indexrelid, n, true), ',' ORDER BY n) FROM generate_series(1, x.indnatts) n)
			|| COALESCE(' WHERE ' || pg_get_expr(x.indpred, x.indrelid), '')
		FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
		JOIN pg_namespace s ON s.oid = t.relnamespace WHERE s.nspname = 'public' AND t.relname NOT LIKE 'goose%'`
)

func TestBothKindsOfDatabasesAreMigratedInStep(t *testing.T) {
	lite, post := opened(t, "sqlite:"+filepath.Join(t.TempDir(), "nidan.db")), opened(t, postgrestest.Start(t).New("nidan"))
	for _, s := range []*store.Store{lite, post} {
		if err := s.Migrate(t.Context(), initial); err != nil {
			t.Fatal(err)
		}
	}
	compare(t, texts(t, lite, columnsOfSQLite), texts(t, post, columnsOfPostgreSQL))
	compare(t, append(texts(t, lite, keysOfSQLite), inSubstance(texts(t, lite, indexesOfSQLite))...), inSubstance(texts(t, post, indexesOfPostgreSQL)))

	// From version 9 on, both databases have each migration.
	names := map[string][]string{}
	for _, s := range []*store.Store{lite, post} {
		files, err := fs.ReadDir(store.Migrations, s.MigrationsFolder())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if version, _, _ := strings.Cut(f.Name(), "_"); version >= "00010" {
				names[s.MigrationsFolder()] = append(names[s.MigrationsFolder()], f.Name())
			}
		}
	}
	compare(t, names[lite.MigrationsFolder()], names[post.MigrationsFolder()])
}

func compare(t *testing.T, lite, post []string) {
	t.Helper()
	if len(lite) == 0 || len(post) == 0 {
		t.Fatalf("nothing to compare: %d, %d", len(lite), len(post))
	}
	for _, have := range lite {
		if !slices.Contains(post, have) {
			t.Errorf("SQLite alone has %q", have)
		}
	}
	for _, have := range post {
		if !slices.Contains(lite, have) {
			t.Errorf("PostgreSQL alone has %q", have)
		}
	}
}

var quoted = regexp.MustCompile(`'[^']*'`)

// inSubstance reduces the conditions of indexes to the parts that both databases write alike: the column and the texts it is compared
// with.
func inSubstance(indexes []string) (plain []string) {
	for _, index := range indexes {
		what, condition, partial := strings.Cut(index, " WHERE ")
		if partial {
			column := regexp.MustCompile(`\w+`).FindString(condition)
			what += " where " + column + " is " + strings.Join(quoted.FindAllString(condition, -1), " or ")
		}
		plain = append(plain, what)
	}
	return plain
}

// Deadlock: a PostgreSQL migration holds the locks of two tables, and a sign-in holds the lock of one of them and waits for the
// other. PostgreSQL then ends one of the two transactions, and it would end the sign-in.
func TestAMigrationChangesOneTableThatSignInsUse(t *testing.T) {
	changes := regexp.MustCompile(`(?m)^(?:ALTER TABLE|DROP TABLE|UPDATE|DELETE FROM|CREATE (?:UNIQUE )?INDEX \w+ ON) (\w+)`)
	makes := regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)
	files, err := fs.Glob(store.Migrations, "migrations/postgres/*.sql")
	if err != nil || len(files) < 2 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files[1:] {
		text, err := fs.ReadFile(store.Migrations, file)
		if err != nil {
			t.Fatal(err)
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		made, changed := makes.FindAllStringSubmatch(up, -1), map[string]bool{}
		for _, found := range changes.FindAllStringSubmatch(up, -1) {
			if table := found[1]; !slices.ContainsFunc(made, func(m []string) bool { return m[1] == table }) {
				changed[table] = true
			}
		}
		if len(changed) > 1 {
			t.Errorf("%s changes %v: make it several migrations", file, changed)
		}
	}
}
