package api

import (
	"context"
	"io"
	"strings"
	"testing"

	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"
)

type fakeCodes struct{ *cloud }

func (c fakeCodes) Case(_ context.Context, by Session, code, reason string) (view.CodeCase, error) {
	return view.CodeCase{Code: "marked:" + by.Tenant, Kind: code + reason}, nil
}

func (c fakeCodes) Undo(_ context.Context, by Session, code, _ string, u view.CodeUndo) (view.CodeCase, error) {
	fakeDesk(c).act("undo " + code)
	return view.CodeCase{Code: "marked:" + by.Tenant, Undoing: u.Deed}, nil
}

func (c fakeCodes) TakeExport(_ context.Context, by Session, approval string) (func(context.Context, io.Writer) error, error) {
	return func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "marked:"+by.Tenant+approval)
		return err
	}, nil
}

// TestOneBlockByItsCode: who may, with a reason, without having opened the home.
func TestOneBlockByItsCode(t *testing.T) {
	for role, may := range map[rights.Role]bool{rights.Tier1: true, rights.Tier2: true, rights.SOC: true, rights.Engineer: false, rights.Privacy: false, rights.Admin: false} {
		c := newCloud()
		c.hire("staff-a", role)
		s := testServer(t, c, Config{})
		for path, code := range map[string]int{"/v1/staff/codes/K7QM": 200, "/v1/staff/codes/K7QM/undo": 202} {
			if !may {
				code = 403
			}
			if w := request(s, "POST", path, "staff-a", `{"reason":"they called: 4711"}`); w.Code != code {
				t.Errorf("%s at %s: %d %s", role, path, w.Code, w.Body)
			}
			if w := request(s, "POST", path, "staff-a", `{}`); w.Code != 422 && may {
				t.Errorf("%s without a reason: %d %s", path, w.Code, w.Body)
			}
		}
		w := request(s, "POST", "/v1/staff/approvals/a1/archive", "staff-a", "")
		if officer := role == rights.Privacy; officer != (w.Code == 200 && strings.Contains(w.Body.String(), "a1")) || !officer && w.Code != 403 {
			t.Errorf("%s fetches an export: %d %s", role, w.Code, w.Body)
		}
	}
}
