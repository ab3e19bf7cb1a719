package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"cardea/cloud/api/view"
)

func TestAddressesOfMembersAreForOwners(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	for role, want := range map[Role]string{Owner: "a@example.org b@example.org", Member: "a@example.org ", Viewer: "a@example.org "} {
		c.become("resident-a", role)
		var list view.List[view.Member]
		w := request(s, "GET", "/v1/homes/"+homeA+"/members", "resident-a", "")
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || len(list.Items) != 2 {
			t.Fatalf("%v %s", err, w.Body)
		}
		if got := list.Items[0].Email + " " + list.Items[1].Email; got != want || !list.Items[0].You || list.Items[1].You {
			t.Errorf("as %s: %+v", role, list.Items)
		}
	}
}

func TestWhoeverLeavesTakesNobodyAlong(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	c.become("resident-a", Viewer)
	if w := request(s, "DELETE", "/v1/homes/"+homeA+"/members/another", "resident-a", ""); w.Code != 403 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := request(s, "POST", "/v1/homes/"+homeA+"/leave", "resident-a", ""); w.Code != 204 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !slices.Equal(c.recorded, []string{"resident-a removes resident-a"}) {
		t.Errorf("%v", c.recorded)
	}
}

func TestSecretsAreMadeForWhoConfirms(t *testing.T) {
	s := testServer(t, newCloud(), Config{})
	for _, path := range []string{"/v1/account/recovery-codes", "/v1/account/passkeys/challenge"} {
		if w := request(s, "POST", path, "resident-a", `{}`); w.Code != 403 || !strings.Contains(w.Body.String(), "/problems/confirm-required") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestEveryDoorGivesASession(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	for _, path := range []string{"/v1/sign-in/passkey", "/v1/recovery/link", "/v1/recovery/code", "/v1/invitations/accept", "/v1/labels/claim"} {
		c.agents = nil
		w := request(s, "POST", path, "", bodies["POST "+path], "User-Agent: A browser")
		cookie := w.Header().Get("Set-Cookie")
		if w.Code != 201 || !strings.HasPrefix(cookie, "cardea_resident=new-token; ") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") {
			t.Errorf("%s: %d %q %s", path, w.Code, cookie, w.Body)
		}
		if !slices.Equal(c.agents, []string{"new-token by A browser"}) {
			t.Errorf("%s: %v", path, c.agents)
		}
	}
}

func TestKnocking(t *testing.T) {
	s := testServer(t, newCloud(), Config{})
	for i := range knockBurst + 1 {
		w := request(s, "POST", "/v1/labels/look", "", `{"code":"c"}`)
		if limited := w.Code == http.StatusTooManyRequests; limited != (i == knockBurst) {
			t.Fatalf("try %d: %d", i, w.Code)
		}
	}
	if w := requestFrom(s, "192.0.2.8:1", "POST", "/v1/labels/look", "", `{"code":"c"}`); w.Code != 200 {
		t.Errorf("from elsewhere: %d", w.Code)
	}
}

func TestToTheProviderAndBack(t *testing.T) {
	s := testServer(t, newCloud(), Config{Secure: true})
	w := request(s, "GET", "/v1/sign-in/provider?provider=north", "", "")
	if w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), "https://idp.example/") || w.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	away := w.Header().Get("Set-Cookie")
	for _, want := range []string{awayCookie + "=kept; ", "Path=" + awayPath, "HttpOnly", "SameSite=Lax", "Secure"} {
		if !strings.Contains(away, want) {
			t.Errorf("%q has no %q", away, want)
		}
	}
	for _, one := range []struct{ query, cookie, where string }{
		{"state=x&code=c&iss=https://idp.example&session_state=y", "kept", "/"},
		{"state=x&code=c&iss=https://idp.example", "another", "/?sign-in=again"},
		{"state=y&code=c&iss=https://idp.example", "kept", "/?sign-in=again"},
		{"state=x&code=owned&iss=https://idp.example", "kept", "/?sign-in=owned"},
		{"state=x&error=access_denied", "kept", "/?sign-in=refused"},
		{"state=x&code=c&iss=https://idp.example", "", "/?sign-in=refused"},
		{"", "kept", "/?sign-in=refused"},
	} {
		w := request(s, "GET", awayPath+"/back?"+one.query, "", "", "Cookie: "+awayCookie+"="+one.cookie)
		cookies := w.Header().Values("Set-Cookie")
		in := len(cookies) == 2 && strings.HasPrefix(cookies[1], "cardea_resident=new-token; ")
		if w.Code != 303 || w.Header().Get("Location") != one.where || in != (one.where == "/") || len(cookies) == 0 || !strings.HasPrefix(cookies[0], awayCookie+"=; ") {
			t.Errorf("%s: %d %v", one.query, w.Code, w.Header())
		}
	}
	if w := request(s, "GET", "/v1/sign-in/provider?provider=none", "", ""); w.Header().Get("Location") != "/?sign-in=failed" {
		t.Errorf("%v", w.Header())
	}
}
