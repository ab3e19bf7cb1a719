package main_test

import (
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

type verified struct {
	Good    bool
	Tenants []struct {
		Slug, Tenant               string
		Good                       bool
		Entries, Sealed            int64
		Checkpoints, Copies, Found int
		Problems                   []struct{ Kind, What string }
	}
}

// kinds are what was found of a tenant.
func (v verified) kinds(slug string) (out []string) {
	for _, r := range v.Tenants {
		if r.Slug == slug {
			for _, p := range r.Problems {
				if !slices.Contains(out, p.Kind) {
					out = append(out, p.Kind)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

// verify runs the command, whose exit status has to say what its answer says.
func verify(t *testing.T, data string, args ...string) (v verified) {
	t.Helper()
	out, errs, status := tryAdmin(t, data, "", append(args, "--json", "audit", "verify")...)
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	if v.Good != (status == 0) || status > 1 || errs != "" {
		t.Errorf("exit status %d, good %v: %s", status, v.Good, errs)
	}
	return v
}

// unguarded changes the audit's tables as somebody does who owns the database.
func unguarded(t *testing.T, where string, queries ...string) {
	t.Helper()
	d := dbtest.Open(t, where)
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		var again []string
		if d.Postgres() {
			for _, table := range []string{"entry", "chain", "checkpoint"} {
				queries = append([]string{"ALTER TABLE audit_" + table + " DISABLE TRIGGER USER"}, queries...)
				again = append(again, "ALTER TABLE audit_"+table+" ENABLE TRIGGER USER")
			}
		} else {
			rows, err := tx.Query("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'audit_%'")
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var name, text string
				if err := rows.Scan(&name, &text); err != nil {
					return err
				}
				queries, again = append([]string{"DROP TRIGGER " + name}, queries...), append(again, text)
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		for _, q := range append(queries, again...) {
			if _, err := tx.Exec(q); err != nil {
				return errors.Join(errors.New(q), err)
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
}

// An audit of two providers on each kind of database, and what somebody does to it who owns that: each time the command says so.
func TestAdminAuditTampered(t *testing.T) {
	t.Parallel()
	const none = "00000000-0000-4000-8000-000000000000"
	for name, one := range map[string]struct {
		queries []string // ONE and TWO are tenants
		lost    bool     // the file of copies is gone as well
		want    []string // of the first one
		second  []string
	}{
		"nothing":                  {},
		"a lost file of copies":    {lost: true, want: []string{"lost"}, second: []string{"lost"}},
		"a changed entry":          {queries: []string{"UPDATE audit_entry SET who = 'another' WHERE tenant = 'ONE' AND act = 'link'"}, want: []string{"changed"}},
		"a cut end":                {queries: []string{"DELETE FROM audit_entry WHERE tenant = 'ONE' AND id IN (SELECT id FROM audit_chain WHERE tenant = 'ONE' AND number > 2)", "DELETE FROM audit_chain WHERE tenant = 'ONE' AND number > 2", "DELETE FROM audit_checkpoint WHERE tenant = 'ONE'"}, want: []string{"cut"}},
		"a chain that was removed": {queries: []string{"UPDATE audit_entry SET who = 'another' WHERE tenant = 'ONE'", "DELETE FROM audit_chain WHERE tenant = 'ONE'", "DELETE FROM audit_checkpoint WHERE tenant = 'ONE'"}, want: []string{"rewritten"}},
		"one that lost its copies": {queries: []string{"UPDATE audit_entry SET who = 'another' WHERE tenant = 'ONE'", "DELETE FROM audit_chain WHERE tenant = 'ONE'"}, lost: true, want: []string{"lost", "rewritten"}, second: []string{"lost"}},
		"a provider gone":          {queries: []string{"DELETE FROM audit_entry WHERE tenant = 'ONE'", "DELETE FROM audit_chain WHERE tenant = 'ONE'", "DELETE FROM audit_checkpoint WHERE tenant = 'ONE'"}, want: []string{"cut"}},
		"swapped providers": {queries: []string{"UPDATE audit_entry SET tenant = '" + none + "' WHERE tenant = 'ONE'", "UPDATE audit_entry SET tenant = 'ONE' WHERE tenant = 'TWO'", "UPDATE audit_entry SET tenant = 'TWO' WHERE tenant = '" + none + "'",
			"UPDATE audit_chain SET tenant = '" + none + "' WHERE tenant = 'ONE'", "UPDATE audit_chain SET tenant = 'ONE' WHERE tenant = 'TWO'", "UPDATE audit_chain SET tenant = 'TWO' WHERE tenant = '" + none + "'"},
			want: []string{"changed", "cut"}, second: []string{"changed", "rewritten"}},
	} {
		for _, kind := range []string{"sqlite", "postgres"} {
			t.Run(name+" "+kind, func(t *testing.T) {
				t.Parallel()
				data := filepath.Join(t.TempDir(), "data")
				where := "sqlite:" + filepath.Join(data, "cardea.db")
				if kind == "postgres" {
					where = dbtest.PostgresURL(t)
				}
				ids := map[string]string{}
				for i, slug := range []string{"one", "two"} {
					ids[strings.ToUpper(slug)] = adminJSON[struct{ ID string }](t, data, "", "--db", where, "tenant", "create", slug, slug).ID
					admin(t, data, residentPassword, "--db", where, "staff", "create", "--tenant", slug, "--email", "s@"+slug+".example", "--name", "S")
					for range 3 - i {
						admin(t, data, "", "--db", where, "link", "--tenant", slug, "staff", "s@"+slug+".example", "--public", "https://x.example")
					}
					admin(t, data, "", "--db", where, "audit", "export", "--tenant", slug) // which makes a checkpoint
				}
				var queries []string
				for _, q := range one.queries {
					queries = append(queries, strings.NewReplacer("'ONE'", "'"+ids["ONE"]+"'", "'TWO'", "'"+ids["TWO"]+"'").Replace(q))
				}
				unguarded(t, where, queries...)
				if one.lost {
					if err := os.Remove(filepath.Join(data, "audit-checkpoints.jsonl")); err != nil {
						t.Fatal(err)
					}
				}
				v := verify(t, data, "--db", where)
				if got := v.kinds("one"); !slices.Equal(got, one.want) || len(v.Tenants) != 2 {
					t.Errorf("the first: %v, want %v: %+v", got, one.want, v)
				}
				if got := v.kinds("two"); !slices.Equal(got, one.second) {
					t.Errorf("the second: %v, want %v: %+v", got, one.second, v)
				}
			})
		}
	}
}

// A provider whom the accounts have forgotten is verified all the same.
func TestAdminAuditOfAForgottenTenant(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	id := adminJSON[struct{ ID string }](t, data, "", "tenant", "create", "one", "One").ID
	admin(t, data, residentPassword, "staff", "create", "--tenant", "one", "--email", "s@one.example", "--name", "S")
	admin(t, data, "", "audit", "export", "--tenant", "one")
	unguarded(t, "sqlite:"+filepath.Join(data, "cardea.db"), "DELETE FROM account_link", "DELETE FROM account_session", "DELETE FROM account_staff", "DELETE FROM account_person", "DELETE FROM account_tenant",
		"DELETE FROM audit_entry", "DELETE FROM audit_chain", "DELETE FROM audit_checkpoint")
	if v := verify(t, data); v.Good || len(v.Tenants) != 1 || v.Tenants[0].Tenant != id || !slices.Equal(v.kinds(""), []string{"cut"}) {
		t.Errorf("%+v", v)
	}
}

// What other programs read: entries of a time, as CSV and JSON lines; and the chain, which verifies without the cloud.
func TestAdminAuditExport(t *testing.T) {
	t.Parallel()
	data, dir := filepath.Join(t.TempDir(), "data"), t.TempDir()
	admin(t, data, "", "tenant", "create", "one", "One")
	admin(t, data, residentPassword, "staff", "create", "--tenant", "one", "--email", "s@one.example", "--name", "S")
	admin(t, data, "", "intel", "refuse", "--tenant", "one", "--why", `=HYPERLINK("x")`, "api.example.com")
	admin(t, data, "", "link", "--tenant", "one", "staff", "s@one.example", "--public", "https://x.example")
	rows := func(args ...string) [][]string {
		t.Helper()
		list, err := csv.NewReader(strings.NewReader(admin(t, data, "", append([]string{"audit", "export", "--tenant", "one", "--format", "csv"}, args...)...))).ReadAll()
		if err != nil || len(list) == 0 || list[0][0] != "number" || list[0][1] != "time" {
			t.Fatalf("%v, %v", list, err)
		}
		return list[1:]
	}
	all := rows()
	if len(all) != 4 || all[0][6] != "tenant-created" || all[3][6] != "link" {
		t.Fatalf("%v", all)
	}
	for _, r := range all {
		for _, cell := range r {
			if regexp.MustCompile(`^[=+@\t\r-]`).MatchString(cell) {
				t.Errorf("%q is a formula where the file is opened", cell)
			}
		}
	}
	if got := rows("--from", all[1][1]); len(got) != 3 || got[0][2] != all[1][2] {
		t.Errorf("from the second: %v", got)
	}
	if got := rows("--until", all[1][1]); len(got) != 1 || got[0][2] != all[0][2] {
		t.Errorf("until the second: %v", got)
	}
	if got := rows("--from", "2020-01-01", "--until", "2020-01-02"); len(got) != 0 {
		t.Errorf("of another time: %v", got)
	}
	for i, line := range slices.Collect(strings.Lines(admin(t, data, "", "audit", "export", "--tenant", "one", "--format", "jsonl"))) {
		var r struct {
			Number              int64
			ID, Act, Time, Hash string
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil || strconv.FormatInt(r.Number, 10) != all[i][0] || r.ID != all[i][2] || len(r.Hash) != 64 {
			t.Errorf("%s: %v", line, err)
		}
	}
	file, public := filepath.Join(dir, "one.jsonl"), filepath.Join(data, "audit-key.pub")
	admin(t, data, "", "audit", "export", "--tenant", "one", "--out", file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	nowhere := filepath.Join(dir, "nowhere")
	if s := admin(t, nowhere, "", "audit", "verify", "--file", file, "--key", public, "--copies", filepath.Join(data, "audit-checkpoints.jsonl")); !strings.Contains(s, "good") {
		t.Error(s)
	}
	text := read(t, file)
	if err := os.WriteFile(file, []byte(strings.Replace(text, `"act":"link"`, `"act":"lunk"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, status := tryAdmin(t, nowhere, "", "audit", "verify", "--file", file, "--key", public); status != 1 || !strings.Contains(out, "changed") {
		t.Errorf("%d: %s", status, out)
	}
	if err := os.WriteFile(file, []byte(text[:strings.LastIndex(strings.TrimSpace(text), "\n")+1]), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, status := tryAdmin(t, nowhere, "", "audit", "verify", "--file", file, "--key", public); status != 1 || !strings.Contains(out, "cut") {
		t.Errorf("%d: %s", status, out)
	}
	for args, says := range map[string]string{
		"audit export --tenant one --from 2026-01-01":                                 "--format",
		"audit export --tenant one --format csv --from yesterday":                     "yesterday",
		"audit export --tenant one --format csv --from 2026-01-02 --until 2026-01-01": "before",
		"audit export --tenant one --out " + file:                                     "exists",
		"audit export --tenant nobody":                                                `"nobody"`,
		"audit verify --tenant nobody":                                                `"nobody"`,
		"audit verify --file " + public + " --key " + public:                          "no export",
		"audit verify --file " + file + " --key " + file:                              "--key",
		"audit verify --copies " + public:                                             "--copies",
	} {
		if out, errs, status := tryAdmin(t, data, "", strings.Fields(args)...); status != 1 || out != "" || !strings.Contains(errs, says) {
			t.Errorf("%s: %d %s%s", args, status, out, errs)
		}
	}
}

// A folder that is not there is a mistake in typing: nothing is made there, and nothing is said to be good.
func TestAdminWithoutACloud(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "typo")
	for _, args := range []string{"audit verify", "tenant list", "staff list --tenant one", "intel status", "--json audit verify"} {
		out, errs, status := tryAdmin(t, data, "", strings.Fields(args)...)
		if status != 1 || out != "" || !strings.Contains(errs, "no cloud in "+data) {
			t.Errorf("%s: %d %s%s", args, status, out, errs)
		}
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("something was made there")
	}
	other := t.TempDir() // there, and not a cloud's
	list := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(list, []byte("bad.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"bundle", "sign"}, {"bundle", "verify", "lists"}, {"rollout", "status", "--json"}, {"intel", "dry-run", list}, {"admin", "audit", "verify"}} {
		for _, dir := range []string{data, other} {
			out, errs, status := cardea(t, me, append(args, "--data", dir)...)
			if status != 1 || out != "" || !strings.Contains(errs, "no cloud in "+dir) {
				t.Errorf("%v: %d %s%s", args, status, out, errs)
			}
		}
	}
	if made, err := os.ReadDir(other); err != nil || len(made) > 0 {
		t.Error(made, err)
	}
	if _, errs, status := cardea(t, me, "intel", "dry-run", list, "--class", "typo", "--data", data); status != 2 || !strings.Contains(errs, "--class") {
		t.Error(status, errs)
	}
}
