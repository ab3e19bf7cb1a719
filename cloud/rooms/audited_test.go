package rooms

import (
	"strings"
	"testing"

	"cardea/cloud/account"
	"cardea/cloud/audit"
	"cardea/home"
	"cardea/internal/platform/db"
)

// home makes a home of the desk's tenant.
func (d *desk) home(number string) home.Place {
	d.t.Helper()
	h, _, err := d.Accounts.Provision(d.t.Context(), account.Subscriber{Tenant: d.tenant, Account: number, Name: "Mill Lane 4"}, d.one)
	d.good(err)
	return h.Place().OfHome()
}

func (d *desk) acts(p home.Place, act string) (out []audit.Entry) {
	d.t.Helper()
	list, err := d.Audit.List(d.t.Context(), p.Tenant, p.Home, "", 100)
	d.good(err)
	for _, e := range list {
		if e.Act == act {
			out = append(out, e)
		}
	}
	return out
}

// Whatever ends it in the middle: who had a home erased is in the audit as soon as anything of it is gone.
func TestAnErasureThatIsCutShortIsInTheAudit(t *testing.T) {
	d := newDesk(t, "")
	ctx := t.Context()
	p := d.home("A-1")
	d.good(d.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`ALTER TABLE webhook_delivery RENAME TO webhook_gone`)
		return err
	}))
	if _, err := d.EraseHome(ctx, p, d.one); err == nil {
		t.Fatal("it is erased from a table that is not there")
	}
	if got := d.acts(p, "erase"); len(got) != 1 || got[0].Who != d.one {
		t.Errorf("%+v", got)
	}
	d.good(d.DB.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`ALTER TABLE webhook_gone RENAME TO webhook_delivery`)
		return err
	}))
	if _, err := d.EraseHome(ctx, p, d.two); err != nil {
		t.Error(err)
	}
	if _, err := d.EraseDevice(ctx, p, "device-1", d.two); err != nil {
		t.Error(err)
	}
	if got := d.acts(p, "erase"); len(got) != 3 || got[0].Who != d.two || got[0].What != "what a device did" || got[1].What != "what the home told" {
		t.Errorf("%+v", got)
	}
}

// A home's people see all that was blocked there by an agreed act, not the first of it.
func TestABulkBlockIsInEachHomesAuditWhole(t *testing.T) {
	d := newDesk(t, "")
	ctx := t.Context()
	homes := []home.Place{d.home("A-1"), d.home("A-2")}
	id, err := d.Staff.Propose(ctx, d.tenant, "bulk.block", []byte(`{"endpoints":["bad.example.com","worse.example.com","198.51.100.7"],"all":true}`), d.one, "seen at another provider")
	d.good(err)
	d.good(d.Staff.Decide(ctx, d.tenant, id, d.two, true, "It looks good"))
	for _, p := range homes {
		got := d.acts(p, "bulk-block")
		if len(got) != 1 || got[0].Who != d.two {
			t.Fatalf("%+v", got)
		}
		for _, want := range []string{"bad.example.com", "worse.example.com", "198.51.100.7", id} {
			if !strings.Contains(got[0].What, want) {
				t.Errorf("nothing of %s in %q", want, got[0].What)
			}
		}
	}
}

// A search in homes' pasts is in the audit as what it is, whichever way two persons agreed on it.
func TestAnAgreedSearchIsInTheAudit(t *testing.T) {
	d := newDesk(t, "")
	ctx := t.Context()
	what := []byte(`{"of":[{"kind":"domain","value":"c2.badexample.com","family":"mirai"}],"why":"seen at another provider"}`)
	id, err := d.Staff.Propose(ctx, d.tenant, "hunt", what, d.one, "seen at another provider")
	d.good(err)
	d.good(d.Staff.Decide(ctx, d.tenant, id, d.two, true, "It looks good"))
	if a, err := d.Staff.Approval(ctx, d.tenant, id); err != nil || !strings.HasPrefix(a.Result, "Started as ") {
		t.Errorf("%+v, %v", a, err)
	}
	got := d.acts(home.Place{Tenant: d.tenant}, "begin a search in homes' pasts")
	if len(got) != 1 || got[0].Who != d.two || !strings.Contains(got[0].What, "1 indicators, asked for by "+d.one) || got[0].Reason != "seen at another provider" {
		t.Errorf("%+v", got)
	}
}
