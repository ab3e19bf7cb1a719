package main_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// An indicator is refused, listed with the reason, and taken back; what names no endpoint, or no reason, is refused itself.
func TestAdminRefusesAnIndicator(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	admin(t, data, "", "tenant", "create", "hinge", "Hinge")
	if s := admin(t, data, "", "intel", "refused"); !strings.Contains(s, "Nothing is refused") {
		t.Error(s)
	}
	if s := admin(t, data, "", "intel", "refuse", "--tenant", "hinge", "--why", "Its maker's own.", "api.example.com 443 tcp"); !strings.Contains(s, "no indicator") {
		t.Error(s)
	}
	if s := admin(t, data, "", "intel", "refused"); !strings.Contains(s, "api.example.com 443 tcp: Its maker's own.") {
		t.Error(s)
	}
	for _, args := range [][]string{
		{"intel", "refuse", "--tenant", "hinge", "api.example.com"},
		{"intel", "refuse", "--tenant", "hinge", "--why", "x", "nowhere"},
		{"intel", "refuse", "--tenant", "other", "--why", "x", "api.example.com"},
		{"intel", "unrefuse", "--tenant", "hinge", "other.example.com"},
	} {
		if out, errs, status := tryAdmin(t, data, "", args...); status == 0 || errs == "" {
			t.Errorf("%v: exit status %d\n%s", args, status, out)
		}
	}
	admin(t, data, "", "intel", "unrefuse", "--tenant", "hinge", "api.example.com 443 tcp")
	if v := adminJSON[[]struct{ Endpoint string }](t, data, "", "intel", "refused"); len(v) != 0 {
		t.Error(v)
	}
}
