package main_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Whatever support reads of a home, by each route that there is, is one more line of the audit with the reason that they gave, and is
// refused to who gave none.
func TestEachLookIsInTheAudit(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tenant := adminJSON[struct{ ID string }](t, s.data, "", "tenant", "create", "one", "One").ID
	place := adminJSON[struct{ ID string }](t, s.data, "", "home", "create", "--tenant", "one", "1").ID
	admin(t, s.data, residentPassword, "staff", "create", "--tenant", "one", "--email", "s@one.example", "--name", "S", "--role", "tier2", "--role", "privacy")
	who := front{url: s.url}
	_, who.cookie = who.ask(t, "POST", "/sessions", `{"email":"s@one.example","password":"`+residentPassword+`"}`)
	var document struct {
		Paths map[string]map[string]any
	}
	status, text := get(t, s.url+"/openapi.json")
	if err := json.Unmarshal([]byte(text), &document); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	var routes []string
	for path, has := range document.Paths {
		if in, ok := strings.CutPrefix(path, "/v1/staff"); ok && has["get"] != nil && strings.HasPrefix(in, "/homes/{home}") {
			in = strings.Replace(in, "{home}", place, 1)
			routes = append(routes, regexp.MustCompile(`\{\w+\}`).ReplaceAllString(in, "01900000-0000-7000-8000-000000000000"))
		}
	}
	if len(routes) < 20 {
		t.Fatalf("%d routes only", len(routes))
	}
	for _, route := range routes {
		if status, text := who.ask(t, "GET", route, ""); status != http.StatusForbidden || !strings.Contains(text, "/problems/look-required") {
			t.Errorf("%s without a reason: %d %s", route, status, text)
		}
	}
	if status, text := who.ask(t, "POST", "/homes/"+place+"/looks", `{"reason":"the customer called"}`); status != http.StatusCreated {
		t.Fatalf("%d %s", status, text)
	}
	for _, route := range routes {
		who.ask(t, "GET", route, "")
	}
	lines := map[string]int{}
	for line := range strings.Lines(admin(t, s.data, "", "audit", "export", "--tenant", tenant, "--format", "jsonl")) {
		var r struct{ Home, Act, What, Reason string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Home == place && r.Reason == "the customer called" {
			lines[r.Act+" "+r.What]++
		}
	}
	for _, route := range routes {
		if what := "get " + strings.TrimPrefix(route, "/homes/"+place); lines[what] != 1 {
			t.Errorf("%s: %d lines", what, lines[what])
		}
	}
	if lines["look "] != 1 {
		t.Errorf("%v", lines)
	}
}
