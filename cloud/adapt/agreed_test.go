package adapt

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/adapt/people"
	"cardea/cloud/api/view"
	intelligence "cardea/cloud/intel"
	"cardea/cloud/rooms"
	"cardea/cloud/staff"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// agreed has one person propose something and another agree.
func (w *town) agreed(tenant, kind, what string) (staff.Approval, error) {
	w.t.Helper()
	ctx := w.t.Context()
	id, err := w.rooms.Staff.Propose(ctx, tenant, kind, []byte(what), "ann", "because of 4711")
	if err != nil {
		return staff.Approval{}, err
	}
	decided := w.rooms.Staff.Decide(ctx, tenant, id, "bob", true, "it is right")
	a, err := w.rooms.Staff.Approval(ctx, tenant, id)
	if err != nil || (decided != nil) != (a.State == staff.StateFailed) {
		w.t.Fatalf("%v, %v: %+v", decided, err, a)
	}
	return a, nil
}

// TestWhoSteers: what is in force for all is changed by the operator's staff, or by the only provider's.
func TestWhoSteers(t *testing.T) {
	w := newTown(t)
	steers := func(tenant string) bool { return ok(w.rooms.Steers(t.Context(), tenant))(t) }
	a := w.settle("anna")
	if !steers(a.place.Tenant) || steers("") || steers(a.place.Home) {
		t.Error("the only provider steers")
	}
	b := w.settle("ben")
	if steers(a.place.Tenant) || steers(b.place.Tenant) {
		t.Error("of several nobody does")
	}
	rollout := func(as marked) int {
		return w.ask("POST", "/v1/staff/rollouts", `{"bundle":"lists","reason":"because of 4711"}`, as).Code
	}
	list := func(as marked) int {
		return w.ask("PUT", "/v1/staff/intel/exceptions", `{"value":"good.example","reason":"a test of it"}`, as).Code
	}
	pin := func(as marked, ring string) int {
		return w.ask("PUT", "/v1/staff/pins", `{"home":"`+as.place.Home+`","ring":"`+ring+`","reason":"because of 4711"}`, as).Code
	}
	told := func(as marked) bool { // what the console shows or hides its buttons by
		return strings.Contains(w.ask("GET", "/v1/staff/intel/lists", "", as).Body.String(), `"steers":true`)
	}
	for _, m := range []marked{a, b} {
		if told(m) {
			t.Error("who does not steer is told so")
		}
		if pin(m, "lab") != http.StatusForbidden || pin(m, "5") != http.StatusForbidden || pin(m, "all") >= 300 || pin(m, "none") >= 300 {
			t.Error("a home in an early ring decides for all homes, one in the last for itself")
		}
		out := w.ask("POST", "/v1/staff/rollouts", `{"bundle":"lists","reason":"because of 4711"}`, m)
		if out.Code != http.StatusForbidden || !strings.Contains(out.Body.String(), "Several providers share") || list(m) != http.StatusForbidden {
			t.Errorf("%d %s", out.Code, out.Body)
		}
		for kind, what := range map[string]string{"rollout.start": `{"bundle":"lists"}`, "rollout.undo": `{"rollout":"x"}`, "intel.list": `{"agree":"x"}`} {
			if _, err := w.agreed(m.place.Tenant, kind, what); err == nil || !strings.Contains(rooms.InWords(err), "Several providers share") {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
	w.rooms.Operator = "ben"
	if steers(a.place.Tenant) || !steers(b.place.Tenant) {
		t.Error("the operator steers")
	}
	if rollout(a) != http.StatusForbidden || list(a) != http.StatusForbidden || rollout(b) == http.StatusForbidden || list(b) >= 300 {
		t.Error("by the routes")
	}
	if told(a) || !told(b) {
		t.Error("the operator is told that it steers, and nobody else")
	}
	w.rooms.Operator = "nobody"
	if steers(a.place.Tenant) || steers(b.place.Tenant) {
		t.Error("an operator that is not there")
	}
}

// TestAHeldListIsAgreedToAsItWasSeen: what the source said since somebody looked at what waits stays held.
func TestAHeldListIsAgreedToAsItWasSeen(t *testing.T) {
	w := newTown(t)
	a, ctx := w.settle("anna"), t.Context()
	file := filepath.Join(t.TempDir(), "list.txt")
	says := func(n int, of string) view.IntelSource {
		t.Helper()
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "n%d.%s.example\n", i, of)
		}
		time.Sleep(2 * time.Millisecond) // times are kept in milliseconds
		if err := errors.Join(os.WriteFile(file, []byte(b.String()), 0o600), w.rooms.Intel.FetchNow(ctx, "feed", nil)); err != nil {
			t.Fatal(err)
		}
		ok(w.rooms.Intel.Turn(ctx))(t)
		var l view.List[view.IntelSource]
		if err := json.Unmarshal(w.ask("GET", "/v1/staff/intel/sources", "", a).Body.Bytes(), &l); err != nil || len(l.Items) != 1 {
			t.Fatalf("%v: %+v", err, l)
		}
		return l.Items[0]
	}
	agree := func(s view.IntelSource) *httptest.ResponseRecorder {
		return w.ask("POST", "/v1/staff/intel/sources/act", `{"name":"feed","act":"agree","seen":"`+s.Tried.Format(time.RFC3339Nano)+`","reason":"I looked at it"}`, a)
	}
	if err := w.rooms.Intel.SetSource(ctx, intelligence.Source{Name: "feed", Kind: intelligence.KindFolder, Place: file, Trust: 50, Why: "try it"}, nil); err != nil {
		t.Fatal(err)
	}
	says(100, "first")
	seen := says(30, "looked")
	if seen.Held != 30 {
		t.Fatalf("%+v", seen)
	}
	now := says(2, "unseen")
	if out := agree(seen); out.Code != http.StatusUnprocessableEntity || !strings.Contains(out.Body.String(), "something else since then") {
		t.Errorf("what nobody looked at: %d %s", out.Code, out.Body)
	}
	if out := agree(now); out.Code >= 300 {
		t.Errorf("what was looked at: %d %s", out.Code, out.Body)
	}
}

// TestBulkBlock: each home of the tenant is asked, once, and asked to end it again; another tenant's is not, and each is in the audit.
func TestBulkBlock(t *testing.T) {
	w := newTown(t)
	a, b := w.settle("anna"), w.settle("ben")
	ctx, tenant := t.Context(), a.place.Tenant
	for n := range 3 {
		ok(w.rooms.Accounts.CreateHome(ctx, tenant, fmt.Sprint("home ", n), fmt.Sprint("account ", n)))(t)
	}
	for _, bad := range []string{`{}`, `{"endpoints":["bad.example"]}`, `{"endpoints":["bad.example"],"all":true,"model":"x"}`, `{"endpoints":["no name"],"all":true}`, `{"endpoints":[],"all":true}`,
		`{"endpoints":["bad.example"],"model":"no such model"}`, `{"undo":"x"}`, `{"endpoints":["bad.example"],"all":true,"more":1}`, `{"undo":"` + uuidOf("x", 1) + `"}`} {
		if _, err := w.agreed(tenant, "bulk.block", bad); err == nil || rooms.InWords(err) == rooms.NotDone && !strings.Contains(bad, "undo") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	done, err := w.agreed(tenant, "bulk.block", `{"endpoints":["bad.example","198.51.100.7"],"all":true}`)
	if err != nil || done.State != staff.StateDone || !strings.Contains(done.Preview, "2 endpoints are blocked for everything in 4 homes") || !strings.Contains(done.Result, "Asked for 8 times") {
		t.Fatalf("%+v, %v", done, err)
	}
	asked := ok(w.rooms.Desired.Keyed(ctx, tenant, rooms.BulkKey(done.ID)))(t)
	if len(asked) != 8 || len(ok(w.rooms.Desired.Keyed(ctx, b.place.Tenant, rooms.BulkKey(done.ID)))(t)) != 0 {
		t.Fatalf("%d orders", len(asked))
	}
	for _, o := range asked {
		if o.Verb != "block" || o.By != "support" || o.Who != "bob" || o.Why != "because of 4711" {
			t.Errorf("%+v", o)
		}
	}
	if _, err := w.agreed(b.place.Tenant, "bulk.block", `{"undo":"`+done.ID+`"}`); err == nil {
		t.Error("another tenant takes it back")
	}
	undone, err := w.agreed(tenant, "bulk.block", `{"undo":"`+done.ID+`"}`)
	if err != nil || undone.State != staff.StateDone || !strings.Contains(undone.Preview, "8 blocks end again. Of 8 orders 0 are in force, 8 wait") {
		t.Fatalf("%+v, %v", undone, err)
	}
	back := ok(w.rooms.Desired.Keyed(ctx, tenant, rooms.BulkKey(undone.ID)))(t)
	for i, o := range back {
		if o.Verb != "unblock" || o.Place != asked[i].Place || o.Endpoint != asked[i].Endpoint {
			t.Errorf("%+v", o)
		}
	}
	acts := map[string]int{}
	for _, e := range ok(w.rooms.Audit.List(ctx, tenant, "", "", 200))(t) {
		acts[e.Act]++
	}
	if len(back) != 8 || acts["bulk-block"] != 4 || acts["bulk-unblock"] != 4 {
		t.Errorf("%d orders, %v", len(back), acts)
	}
}

// TestBulkBlockOfAModel: homes that do not help others are found by what their gateways tell for themselves, but not by what people say of a device,
// nor by people's own devices; nothing of it goes into what is learned.
func TestBulkBlockOfAModel(t *testing.T) {
	w := newTown(t)
	a, b := w.settle("anna"), w.settle("ben")
	ctx, tenant := t.Context(), a.place.Tenant
	second := ok(w.rooms.Accounts.CreateHome(ctx, tenant, "second", "account 2"))(t)
	ok(w.rooms.Accounts.CreateHome(ctx, tenant, "without a gateway", "account 3"))(t)
	tells := func(p home.Place, list ...*pb.Device) {
		t.Helper()
		err := w.rooms.DB.Tx(ctx, func(tx *db.Tx) error {
			h := w.rooms.History.Begin(tx)
			if err := h.Take(p, time.Now(), &pb.Item{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: list}}}); err != nil {
				return err
			}
			return h.Flush()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	tells(a.place, &pb.Device{Id: "d1", Model: "Bulb 9", Class: "light", IdentifiedBy: "rules"}, &pb.Device{Id: "d2", Model: "BULB 9", Class: "light", IdentifiedBy: "learned"},
		&pb.Device{Id: "d3", Model: "Bulb 9", Class: "light", IdentifiedBy: "owner"}, &pb.Device{Id: "d4", Model: "Bulb 9", Class: "phone", IdentifiedBy: "rules"},
		&pb.Device{Id: "d5", Model: "Bulb 9", Class: "light", IdentifiedBy: "rules", Guest: true}, &pb.Device{Id: "d6", Model: "Bulb 99", IdentifiedBy: "rules"})
	tells(second.Place(), &pb.Device{Id: "e1", Model: "Other", IdentifiedBy: "rules"})
	tells(b.place, &pb.Device{Id: "f1", Model: "Bulb 9", Class: "light", IdentifiedBy: "rules"})
	done, err := w.agreed(tenant, "bulk.block", `{"endpoints":["bad.example"],"model":"bulb 9"}`)
	if err != nil || done.State != staff.StateDone || !strings.Contains(done.Preview, "1 endpoints are blocked for 2 devices in 1 homes.") || !strings.Contains(done.Preview, "Of 1 further homes no devices are known") {
		t.Fatalf("%+v, %v", done, err)
	}
	var asked []string
	for _, o := range ok(w.rooms.Desired.Keyed(ctx, tenant, rooms.BulkKey(done.ID)))(t) {
		asked = append(asked, o.Place.Home+" "+o.Verb+" "+o.Device)
	}
	slices.Sort(asked)
	if want := []string{a.place.Home + " block d1", a.place.Home + " block d2"}; !slices.Equal(asked, want) {
		t.Errorf("%q, want %q", asked, want)
	}
	if labels := ok(w.rooms.Fleet.Labels(ctx, []home.Place{a.place.OfHome(), second.Place()}))(t); len(labels) != 0 {
		t.Errorf("the fleet knows of homes that do not help: %v", labels)
	}
}

// TestFailuresAreInWords: nothing of an error's own text reaches people.
func TestFailuresAreInWords(t *testing.T) {
	w := newTown(t)
	a := w.settle("anna")
	for kind, what := range map[string]string{"rollout.start": `{"bundle":"agent","version":77}`, "rollout.undo": `{"rollout":"none"}`, "intel.list": `{"agree":"none"}`} {
		got, err := w.agreed(a.place.Tenant, kind, what)
		text := got.Result
		if err != nil {
			text = rooms.InWords(err)
		}
		if strings.Contains(text, "sql") || strings.Contains(text, "rollout of") || text == "" || strings.Contains(text, ": ") {
			t.Errorf("%s: %q, %v", kind, text, err)
		}
	}
}

// deeds has a case of a home tell what its gateway did.
func (w *town) deeds(m marked, deeds ...*pb.Deed) {
	w.t.Helper()
	ms := time.Now().UnixMilli()
	err := w.rooms.DB.Tx(w.t.Context(), func(tx *db.Tx) error {
		i := w.rooms.Incidents.Begin(tx)
		item := &pb.Item{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: m.incident, Code: "K7QM", Device: m.device, State: "open", Mode: "endpoint-block", Opened: ms, Changed: ms + 1, Deeds: deeds,
			History: []*pb.Transition{{Time: ms, From: "open", To: "open", By: "gateway", Why: m.mark}}}}}
		if err := i.Take(m.place, time.Now(), item); err != nil {
			return err
		}
		return i.Flush()
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestOneBlockByItsCode: the newest block is taken back, nothing else of the home is told or opened, its people see it, and another
// tenant's code is none.
func TestOneBlockByItsCode(t *testing.T) {
	w := newTown(t)
	a, b := w.settle("anna"), w.settle("ben")
	ms := time.Now().UnixMilli()
	w.deeds(a, &pb.Deed{Id: "d1", Kind: string(home.DeedCut), Time: ms - 2000, What: "We blocked an address.", Endpoint: "one.bad.example"},
		&pb.Deed{Id: "d2", Kind: string(home.DeedCut), Time: ms - 1000, What: "We blocked an address.", Endpoint: "two.bad.example"},
		&pb.Deed{Id: "d3", Kind: string(home.DeedHold), Time: ms, What: "It is held."})
	const look = `{"reason":"they called us"}`
	out := w.ask("POST", "/v1/staff/codes/k7qm", look, a)
	if s := out.Body.String(); out.Code != http.StatusOK || !strings.Contains(s, "two.bad.example") || strings.Contains(s, a.mark) || strings.Contains(s, a.place.Home) || strings.Contains(s, a.device) || strings.Contains(s, "d3") {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	if out := w.ask("GET", "/v1/staff/homes/"+a.place.Home, "", a); out.Code != http.StatusForbidden {
		t.Errorf("the home is open: %d", out.Code)
	}
	type answer struct{ Undoing, Order string }
	undo := func(body string) (int, answer) {
		out := w.ask("POST", "/v1/staff/codes/K7QM/undo", body, a)
		var got answer
		if out.Code < 300 {
			if err := json.Unmarshal(out.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
		}
		return out.Code, got
	}
	code, got := undo(look)
	if code != http.StatusAccepted || got.Undoing != "d2" {
		t.Fatalf("%d %+v", code, got)
	}
	o := ok(w.rooms.Desired.Get(t.Context(), a.place.OfHome(), got.Order))(t)
	if o.Verb != "undo" || o.About.GetDeed() != "d2" || o.Incident != a.incident || o.By != "support" || o.Why != "they called us" {
		t.Errorf("%+v", o)
	}
	for body, want := range map[string]int{`{"reason":"they called us","deed":"d1"}`: 202, `{"reason":"they called us","deed":"d3"}`: 404, `{"reason":"they called us","deed":"d9"}`: 404} {
		if code, _ := undo(body); code != want {
			t.Errorf("%s: %d", body, code)
		}
	}
	looks := 0
	for _, l := range ok(people.Consents{Adapter: &base.Adapter{Rooms: w.rooms}}.Looks(t.Context(), a.place))(t) {
		if strings.Contains(l.What, "K7QM") && l.Reason == "they called us" {
			looks++
		}
	}
	if looks != 5 {
		t.Errorf("its people see %d looks", looks)
	}
	w.deeds(b, &pb.Deed{Id: "d1", Kind: string(home.DeedCut), Time: ms, What: "We blocked.", Endpoint: "bad.example", Undone: ms})
	if out := w.ask("POST", "/v1/staff/codes/K7QM/undo", look, b); out.Code != http.StatusConflict {
		t.Errorf("nothing to undo: %d %s", out.Code, out.Body)
	}
	if out := w.ask("POST", "/v1/staff/codes/ZZZZZ", look, b); out.Code != http.StatusNotFound || strings.Contains(out.Body.String(), a.mark) {
		t.Errorf("no such code: %d %s", out.Code, out.Body)
	}
	ok(w.rooms.EraseHome(t.Context(), a.place, "ann"))(t)
	if out := w.ask("POST", "/v1/staff/codes/K7QM", look, a); out.Code != http.StatusNotFound {
		t.Errorf("another tenant's code: %d %s", out.Code, out.Body)
	}
}

// TestAnExportIsFetchedOnce: by the privacy officer of the tenant, when two persons agreed.
func TestAnExportIsFetchedOnce(t *testing.T) {
	w := newTown(t)
	a, b := w.settle("anna"), w.settle("ben")
	done, err := w.agreed(a.place.Tenant, "home.export", `{"home":"`+a.place.Home+`"}`)
	if err != nil || done.State != staff.StateDone {
		t.Fatalf("%+v, %v", done, err)
	}
	path := "/v1/staff/approvals/" + done.ID + "/archive"
	if out := w.ask("POST", path, "", b); out.Code != http.StatusNotFound {
		t.Errorf("another tenant: %d", out.Code)
	}
	out := w.ask("POST", path, "", a)
	if out.Code != http.StatusOK || !strings.HasPrefix(out.Body.String(), "PK") || out.Header().Get("Content-Type") != "application/zip" {
		t.Fatalf("%d %s", out.Code, out.Body)
	}
	if out := w.ask("POST", path, "", a); out.Code != http.StatusConflict {
		t.Errorf("twice: %d %s", out.Code, out.Body)
	}
	seen := false
	for _, l := range ok(people.Consents{Adapter: &base.Adapter{Rooms: w.rooms}}.Looks(t.Context(), a.place))(t) {
		seen = seen || strings.Contains(l.What, "export")
	}
	if !seen {
		t.Error("its people do not see it")
	}
}
