package api

import "testing"

// TestOnlyAnOwnerTakesTheHomeAlong: an export has the devices of everybody at home, with whom they talked to, so nobody else gets one.
func TestOnlyAnOwnerTakesTheHomeAlong(t *testing.T) {
	c := newCloud()
	s := testServer(t, c, Config{})
	for _, path := range []string{"/export", "/export.json"} {
		for role, code := range map[Role]int{Viewer: 403, Member: 403, Owner: 200} {
			c.become("resident-a", role)
			if w := request(s, "GET", "/v1/homes/"+homeA+path, "resident-a", ""); w.Code != code {
				t.Errorf("%s as %s: %d %s", path, role, w.Code, w.Body)
			}
		}
	}
}
