package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A folder of lists is a source: it is fetched, published, told with what is left out of it, and asked before what it would touch.
func TestAdminSources(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data, lists := filepath.Join(dir, "data"), filepath.Join(dir, "lists")
	if err := os.MkdirAll(lists, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(lists, "bad.txt"), []byte("c2.example\n198.51.100.7\nnetflix.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	admin(t, data, "", "tenant", "create", "hinge", "Hinge")
	admin(t, data, "", "intel", "source", "add", "--tenant", "hinge", "--why", "a test", "ours", lists)
	if s := admin(t, data, "", "intel", "source", "fetch", "--tenant", "hinge", "--here", "ours"); !strings.Contains(s, "3 told, 2 in force") || !strings.Contains(s, "1 left out: a well-known service") {
		t.Error(s)
	}
	v := adminJSON[struct {
		Sources []struct{ Name, State string }
		Lists   struct{ Version, Entries int }
	}](t, data, "", "intel", "source", "list")
	if len(v.Sources) != 1 || v.Sources[0].State != "good" || v.Lists.Version != 1 || v.Lists.Entries != 2 {
		t.Errorf("%+v", v)
	}
	admin(t, data, "", "intel", "allow", "add", "--tenant", "hinge", "--why", "customers called", "good.example")
	if s := admin(t, data, "", "intel", "allow", "list"); !strings.Contains(s, "good.example: customers called (admin") {
		t.Error(s)
	}
	admin(t, data, "", "intel", "allow", "remove", "--tenant", "hinge", "good.example")
	for _, args := range [][]string{
		{"intel", "source", "add", "--tenant", "hinge", "--why", "a test", "web", "http://feeds.example/list"},
		{"intel", "source", "add", "--tenant", "hinge", "--why", "a test", "web", "https://127.0.0.1/list"},
		{"intel", "source", "add", "--tenant", "hinge", "--why", "a test", "../x", lists},
		{"intel", "source", "add", "--tenant", "hinge", "none", lists},
		{"intel", "source", "remove", "--tenant", "hinge", "none"},
		{"intel", "source", "agree", "--tenant", "hinge", "ours"},
		{"intel", "allow", "add", "--tenant", "hinge", "--why", "no", "com"},
	} {
		if out, errs, status := tryAdmin(t, data, "", args...); status == 0 || errs == "" {
			t.Errorf("%v: exit status %d\n%s", args, status, out)
		}
	}
	admin(t, data, "", "intel", "source", "remove", "--tenant", "hinge", "ours")
}
