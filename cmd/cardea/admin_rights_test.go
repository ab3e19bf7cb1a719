package main_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The appendix of the requirements, word by word: what `cardea admin rights --json` has to say, role by role.
var appendix = map[string]string{
	"Search home":     "✓ ✓ pseudonym ✓ ✓ ✓ –",
	"Names contacted": "– consent case only – audit – –",
	"Look up and undo one block by the resident's code": "✓ ✓ ✓ – – – –",
	"Release quarantine":      "1 h ✓ ✓ – – – –",
	"Bulk block":              "– – two persons – – two persons –",
	"Rollouts":                "– – view ✓ – approve propose",
	"Intelligence lists":      "– – ✓ – – ✓ propose",
	"Export/erase for a home": "request request – – ✓ – –",
	"Users, sign-on":          "– – – – – ✓ –",
	"Audit log":               "own own own own ✓ read –",
}

// tries has for each right something that wants it, and nothing that is there already: what is allowed is then not found, or not right.
var tries = map[string][3]string{
	"fleet.view":      {"GET", "/overview"},
	"home.search":     {"GET", "/homes"},
	"home.look":       {"POST", "/homes/HOME/looks", `{"reason":"the customer called"}`},
	"home.names":      {"GET", "/homes/HOME/devices/NONE/contacts"},
	"home.code":       {"POST", "/codes/ZZZZ", `{"reason":"the customer called"}`},
	"home.release":    {"POST", "/homes/HOME/orders", `{"verb":"release","device":"NONE","why":"the customer called"}`},
	"home.act":        {"POST", "/homes/HOME/orders", `{"verb":"check","device":"NONE","why":"the customer called"}`},
	"home.people":     {"GET", "/homes/HOME/people"},
	"bulk.block":      {"POST", "/approvals", `{"kind":"bulk.block","what":{},"reason":"as agreed with support"}`},
	"rollout.view":    {"GET", "/rollouts"},
	"rollout.propose": {"POST", "/approvals", `{"kind":"rollout.start","what":{},"reason":"as agreed with support"}`},
	"rollout.change":  {"GET", "/pins"},
	"rollout.approve": {}, // to decide wants a proposal of somebody else: cloud/api tests it
	"intel.view":      {"GET", "/intel/lists"},
	"intel.propose":   {"POST", "/approvals", `{"kind":"intel.list","what":{},"reason":"as agreed with support"}`},
	"intel.change":    {"PUT", "/intel/exceptions", `{"remove":["nowhere.example"],"why":"nobody needs it"}`},
	"model.name":      {"POST", "/clusters/NONE/name", `{"vendor":"V","model":"M","class":"camera","why":"have one here"}`},
	"home.export":     {"POST", "/approvals", `{"kind":"home.export","what":{"home":"NONE"},"reason":"as agreed with support"}`},
	"home.erase":      {"POST", "/approvals", `{"kind":"home.erase","what":{"home":"NONE"},"reason":"as agreed with support"}`},
	"staff.manage":    {"GET", "/people"},
	"audit.own":       {"GET", "/audit"},
	"audit.read":      {}, // more lines at the same route
	"hunt.start":      {"POST", "/approvals", `{"kind":"hunt","what":{},"reason":"as agreed with support"}`},
	"home.provision":  {"GET", "/provisioning/homes/000-0"},
	"plan.view":       {"GET", "/plans"},
	"plan.change":     {"DELETE", "/plans/none"},
	"webhook.manage":  {"GET", "/webhooks"},
	"approval.see":    {"GET", "/approvals"},
	"session.own":     {"GET", "/session"},
}

// front asks the API's staff door, as somebody with a cookie or a token.
type front struct{ url, cookie, bearer string }

func (f front) ask(t *testing.T, method, path, body string) (status int, text string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.url+"/v1/staff"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if f.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+f.bearer)
	}
	if f.cookie != "" {
		r.Header.Set("Cookie", f.cookie)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, resp.Body); err != nil {
		t.Fatal(err)
	}
	if c := resp.Header.Get("Set-Cookie"); path == "/sessions" && c != "" {
		return resp.StatusCode, strings.Split(c, ";")[0]
	}
	return resp.StatusCode, b.String()
}

// The table that the program prints is the appendix, and what the running cloud does: somebody of each role signs in and tries what wants
// each right. Who has it in no way is refused for it, and nobody else is.
func TestAdminRightsAreWhatTheCloudDoes(t *testing.T) {
	t.Parallel()
	s := serve(t)
	table := adminJSON[struct {
		Roles []struct{ Role string }
		Table []struct {
			What  string
			Words map[string]string
		}
		Rights []struct {
			Right         string
			Grants, Words map[string]string
		}
	}](t, s.data, "", "rights")
	if len(table.Table) != len(appendix) || len(table.Roles) != 7 {
		t.Errorf("%d lines for %d roles", len(table.Table), len(table.Roles))
	}
	for _, row := range table.Table {
		var said []string
		for _, role := range table.Roles {
			said = append(said, row.Words[role.Role])
		}
		if got := strings.Join(said, " "); got != appendix[row.What] {
			t.Errorf("%s: %s, want %s", row.What, got, appendix[row.What])
		}
	}
	admin(t, s.data, "", "tenant", "create", "one", "One")
	place := adminJSON[struct{ ID string }](t, s.data, "", "home", "create", "--tenant", "one", "1").ID
	automation := []string{"staff", "token", "make", "--tenant", "one", "build"}
	for _, r := range table.Rights {
		if r.Words["automation"] != "–" && r.Right != "session.own" {
			automation = append(automation, "--scope", r.Right)
		}
	}
	tried := 0
	for _, role := range table.Roles {
		who := front{url: s.url}
		if role.Role == "automation" {
			who.bearer = adminJSON[struct{ Secret string }](t, s.data, "", automation...).Secret
		} else {
			admin(t, s.data, residentPassword, "staff", "create", "--tenant", "one", "--email", role.Role+"@one.example", "--name", role.Role, "--role", role.Role)
			status, cookie := who.ask(t, "POST", "/sessions", `{"email":"`+role.Role+`@one.example","password":"`+residentPassword+`"}`)
			if who.cookie = cookie; status/100 != 2 {
				t.Fatalf("sign in as %s: %d %s", role.Role, status, cookie)
			}
		}
		words := map[string]string{}
		for _, r := range table.Rights {
			words[r.Right] = r.Words[role.Role]
		}
		if words["home.look"] == "✓" {
			who.ask(t, "POST", "/homes/"+place+"/looks", `{"reason":"the customer called"}`)
		}
		for _, r := range table.Rights {
			one, known := tries[r.Right]
			if !known {
				t.Errorf("nothing tries %s", r.Right)
			}
			if one[0] == "" {
				continue
			}
			path := strings.NewReplacer("HOME", place, "NONE", "01900000-0000-7000-8000-000000000000", "START", "01900000-0000-7000-8000-000000000000").Replace(one[1])
			status, text := who.ask(t, one[0], path, strings.ReplaceAll(one[2], "NONE", "01900000-0000-7000-8000-000000000000"))
			refused := status == http.StatusForbidden && strings.Contains(text, "/problems/right-required")
			want := slices.Contains([]string{"–", "audit"}, words[r.Right]) || strings.Contains(path, place) && words["home.look"] != "✓" // the home has no case
			tried++
			if refused != want {
				t.Errorf("%s as %s (%s): refused %v: %d %s", r.Right, role.Role, r.Words[role.Role], refused, status, text)
			}
			if status >= 500 || status == http.StatusUnauthorized {
				t.Errorf("%s as %s: %d %s", r.Right, role.Role, status, text)
			}
		}
	}
	if want := (len(tries) - 2) * 7; tried != want || len(tries) != len(table.Rights) {
		t.Errorf("%d tried, want %d; %d rights", tried, want, len(table.Rights))
	}
	var any json.RawMessage
	if err := json.Unmarshal([]byte(admin(t, s.data, "", "rights", "--json")), &any); err != nil {
		t.Errorf("--json after the command: %v", err)
	}
}
