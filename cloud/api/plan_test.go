package api

import (
	"net/http"
	"strings"
	"testing"

	"cardea/cloud/staff/rights"
)

// Without any extra a home is refused what the table says and nothing else: all that protects it, and all that is its people's own, is there.
func TestPlansKeepBackExtrasOnly(t *testing.T) {
	for _, extra := range []string{"people", "content", "reports", "support"} {
		c := newCloud()
		parts := c.parts()
		parts.Plans = fakePlans{c, extra}
		s := serverOf(t, parts)
		refused := map[string]bool{}
		for path, item := range s.huma.OpenAPI().Paths {
			for method, there := range map[string]bool{"GET": item.Get != nil, "POST": item.Post != nil, "PATCH": item.Patch != nil, "DELETE": item.Delete != nil, "PUT": item.Put != nil} {
				if !there || !strings.HasPrefix(path, inHome) || strings.HasSuffix(path, "/events") || strings.HasSuffix(path, "/live") {
					continue
				}
				w := request(s, method, fillPath(path, homeA), "resident-a", "")
				if strings.Contains(w.Body.String(), "/problems/not-in-plan") {
					refused[method+" "+path] = true
				}
			}
		}
		for route := range refused {
			if planNeeds[route] != extra {
				t.Errorf("without %s, %s is refused", extra, route)
			}
			if method, path, _ := strings.Cut(route, " "); method == "DELETE" || !strings.Contains(path, "/people") && !strings.Contains(path, "/schedules") && !strings.Contains(path, "/pauses") && !strings.Contains(path, "/reports") {
				t.Errorf("%s is in every plan", route)
			}
		}
		for route, needs := range planNeeds {
			if needs == extra && !refused[route] {
				t.Errorf("without %s, %s is not refused", extra, route)
			}
		}
	}
}

// A level needs content, and nothing else of a person does: it can be taken back in every plan.
func TestALevelNeedsContent(t *testing.T) {
	for _, r := range []struct {
		method, path, body string
		refused            bool
	}{
		{"POST", "/people", `{"name":"Kid","level":"family"}`, true},
		{"PATCH", "/people/p", `{"level":"family"}`, true},
		{"POST", "/people", `{"name":"Kid"}`, false},
		{"POST", "/people", `{"name":"Kid","level":"everything"}`, false},
		{"PATCH", "/people/p", `{"level":"everything"}`, false},
		{"PATCH", "/people/p", `{"name":"Kid"}`, false},
	} {
		for _, without := range []string{"content", "reports"} {
			c := newCloud()
			parts := c.parts()
			parts.Plans = fakePlans{c, without}
			w := request(serverOf(t, parts), r.method, "/v1/homes/"+homeA+r.path, "resident-a", r.body)
			refused := w.Code == 403 && strings.Contains(w.Body.String(), "/problems/not-in-plan")
			if refused != (r.refused && without == "content") || !refused && w.Code >= 400 {
				t.Errorf("without %s: %s %s: %d %s", without, r.body, r.path, w.Code, w.Body)
			}
		}
	}
}

// Plans and brand are shown to all of staff, and changed by administrators.
func TestWhoSeesPlansAndBrand(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	for _, role := range rights.Roles {
		c.hire("staff-a", role)
		for _, path := range []string{"/v1/staff/plans", "/v1/staff/brand"} {
			if w := request(s, "GET", path, "staff-a", ""); w.Code != http.StatusOK {
				t.Errorf("%s: GET %s: %d", role, path, w.Code)
			}
		}
		w := request(s, "PUT", "/v1/staff/brand", "staff-a", `{"name":"N","accent":"","phone":"","support":"","hint_en":"","hint_de":""}`)
		if (w.Code == http.StatusOK) != (role == rights.Admin) {
			t.Errorf("%s: PUT brand: %d %s", role, w.Code, w.Body)
		}
	}
}
