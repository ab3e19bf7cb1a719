package main_test

import (
	"strings"
	"testing"
)

func TestAdminSaysWhatATenantShares(t *testing.T) {
	data := t.TempDir()
	admin(t, data, "", "tenant", "create", "north", "North Net")
	type tenant struct {
		Share   bool
		Helping string
	}
	if list := adminJSON[[]tenant](t, data, "", "tenant", "list"); len(list) != 1 || list[0] != (tenant{Helping: "ask"}) {
		t.Fatalf("a new tenant: %+v", list)
	}
	if s := admin(t, data, "", "tenant", "set", "north", "--share", "yes"); !strings.Contains(s, "north: shares") || !strings.Contains(s, "when they say so") {
		t.Errorf("%q", s)
	}
	admin(t, data, "", "tenant", "set", "north", "--helping", "on")
	if list := adminJSON[[]tenant](t, data, "", "tenant", "list"); list[0] != (tenant{true, "on"}) {
		t.Errorf("it is not kept: %+v", list)
	}
	if s := admin(t, data, "", "audit", "export", "--tenant", "north", "--format", "jsonl"); strings.Count(s, `"sharing"`) != 2 {
		t.Errorf("the audit has %s", s)
	}
}
