package main_test

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/history"
	"cardea/internal/platform/db/dbtest"
)

// A simulated fleet is gone on with where it was: no home is twice in the store and nothing is missing, also where the fill was killed between the homes and their heartbeats. It
// goes on with the same fleet only, and into no store in which people's homes are.
func TestFillGoesOn(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(dir string) string{
		"SQLite":     func(dir string) string { return "sqlite:" + filepath.Join(dir, "cardea.db") },
		"PostgreSQL": func(string) string { return dbtest.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			url := where(dir)
			args := func(more ...string) []string {
				return append([]string{"simulate", "--fill", "--data", dir, "--db", url}, more...)
			}
			killed := exec.CommandContext(t.Context(), filepath.Join(bin, "cardea"), args("--homes=600")...)
			said, err := killed.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := killed.Start(); err != nil {
				t.Fatal(err)
			}
			if !bufio.NewScanner(said).Scan() { // the homes are there, and nothing of what follows
				t.Error("it was not told how far the fill is")
			}
			_ = killed.Process.Kill() // Wait tells
			_ = killed.Wait()         // on a machine that is very busy it may have been through
			for _, homes := range []string{"600", "700"} {
				stdout, stderr, status := cardea(t, me, args("--homes="+homes)...)
				if status != 0 || !strings.Contains(stdout, "Every screen of the console says so") || !strings.Contains(stderr, " of "+homes+" homes") {
					t.Fatalf("%d: %s%s", status, stdout, stderr)
				}
			}
			rooms, err := cloud.Open(t.Context(), cloud.Config{Data: dir, DB: url})
			if err != nil {
				t.Fatal(err)
			}
			tenants, err := rooms.Accounts.Tenants(t.Context())
			if err != nil || len(tenants) != 1 || !tenants[0].Simulated {
				t.Fatalf("%+v, %v", tenants, err)
			}
			n, deeds := 0, 0
			for after := ""; ; {
				page, err := rooms.Accounts.Homes(t.Context(), tenants[0].ID, account.Query{After: after})
				if err != nil {
					t.Fatal(err)
				}
				if len(page) == 0 {
					break
				}
				n, after = n+len(page), page[len(page)-1].ID
			}
			counts, err := rooms.History.Counts(t.Context(), tenants[0].ID)
			if err != nil || n != 700 || counts.Homes < 680 || counts.Homes > 700 || counts.Online < 660 {
				t.Errorf("%d homes, %+v, %v", n, counts, err)
			}
			list, err := rooms.Audit.List(t.Context(), tenants[0].ID, "", "", 500)
			seen := map[string]bool{}
			for _, e := range list {
				key := e.Home + e.Who + e.Act + e.What + e.Reason
				if seen[key] {
					t.Errorf("%+v is twice in the audit", e)
				}
				seen[key], deeds = true, deeds+1
			}
			if err != nil || deeds == 0 {
				t.Errorf("%d deeds, %v", deeds, err)
			}
			faces, err := rooms.History.Faces(t.Context(), tenants[0].ID, history.FaceQuery{Limit: 1})
			if err != nil || len(faces) != 1 {
				t.Errorf("%v, %v", faces, err)
			}
			real, err := rooms.Accounts.CreateTenant(t.Context(), "north", "North")
			if err != nil {
				t.Fatal(err)
			}
			if _, _, status := cardea(t, me, args("--homes=700", "--seed=2")...); status == 0 {
				t.Error("another fleet went into the same tenant")
			}
			if _, _, status := cardea(t, me, args("--homes=100")...); status == 0 {
				t.Error("a smaller fleet went into the same tenant")
			}
			if _, err := rooms.Accounts.CreateHome(t.Context(), real.ID, "Mill Lane 4", "A-17"); err != nil {
				t.Fatal(err)
			}
			if err := rooms.Close(); err != nil {
				t.Fatal(err)
			}
			if _, stderr, status := cardea(t, me, args("--homes=700")...); status == 0 || !strings.Contains(stderr, "not made up") {
				t.Errorf("a store with people's homes took a simulated fleet: %s", stderr)
			}
		})
	}
}
