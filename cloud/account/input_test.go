package account

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"cardea/cloud/account/pki"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

func TestCleanEmail(t *testing.T) {
	for in, want := range map[string]string{
		"a@b.org": "a@b.org", " A.B+c@Example.ORG\n": "a.b+c@example.org", "jürgen@example.org": "jürgen@example.org",
		"": "", "a": "", "@": "", "a@": "", "@b": "", "a@b@c": "", "a b@c.org": "", "A <a@b.org>": "", "a@b.org,c@d.org": "", "a@b.org\r\nBcc: x@y.org": "",
		"a\x00@b.org": "", "\u202ea@b.org": "", strings.Repeat("a", 250) + "@b.org": "", "\xff@b.org": "", "(c)a@b.org": "", `"a"@b.org`: "",
	} {
		got, err := cleanEmail(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestCleanText(t *testing.T) {
	for in, ok := range map[string]bool{
		"Mill Lane 4": true, " José 日本 👩‍👩‍👧 ": true, strings.Repeat("é", maxName): true,
		"": false, " ": false, "a\nb": false, "a\x00": false, "\u202eevil": false, "\xff": false, strings.Repeat("é", maxName+1): false, "a\u2028b": false,
	} {
		if _, err := cleanText("name", in, 1); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	for in, ok := range map[string]bool{
		"correct horse": true, "日本語のパスワードです": true, "1234567890": true,
		"": false, "short": false, "aaaaaaaaaaaa": false, "A@example.org": false, "Somebody Else": false, strings.Repeat("ab", 600): false, "\xff234567890": false,
	} {
		if err := checkPassword(in, "a@example.org", "somebody else"); (err == nil) != ok {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// TestHomes: pages, search by name and account, nothing of another tenant's, and patterns that are only text.
func TestHomes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		other := must(w.CreateTenant(w.ctx, "south", "South Net"))(t)
		must(w.CreateHome(w.ctx, other.ID, "Mill Lane 4", "A-17"))(t)
		var want []Home
		for _, name := range []string{"Hill Road 1", "Hill Road 2", "100% Farm", "Under_score", `Back\slash`} {
			want = append(want, must(w.CreateHome(w.ctx, w.tenant.ID, name, "B-"+name[:2]))(t))
		}
		for text, n := range map[string]int{"": 6, "hill": 2, "HILL ROAD 2": 1, "a-17": 1, "B-": 5, "%": 0, "100%": 1, "_": 0, "under_": 1, `\`: 0, `back\`: 1, "lane 4\na": 0, "nowhere": 0} {
			list, err := w.Homes(w.ctx, w.tenant.ID, Query{Text: text})
			if len(list) != n || (err != nil) != strings.Contains(text, "\n") {
				t.Errorf("%q: %d homes, want %d (%v)", text, len(list), n, err)
			}
		}
		var got []Home
		after := ""
		for {
			page := must(w.Homes(w.ctx, w.tenant.ID, Query{After: after, Limit: 4}))(t)
			if len(page) == 0 {
				break
			}
			got, after = append(got, page...), page[len(page)-1].ID
		}
		if len(got) != 6 || got[0].ID != w.home.ID || got[5].ID != want[4].ID || got[5].Name != `Back\slash` || got[5].Created.IsZero() {
			t.Errorf("pages: %+v", got)
		}
		_, err := w.CreateTenant(w.ctx, "south", "Again")
		w.is(err, ErrExists)
		_, err = w.AddResident(w.ctx, w.tenant.ID, []string{w.home.ID}, "RESIDENT@example.org", "x", password)
		w.is(err, ErrExists)
		_, err = w.CreateHome(w.ctx, w.home.ID, "x", "")
		w.is(err, ErrNotFound)
		if list := must(w.Tenants(w.ctx))(t); len(list) != 2 {
			t.Errorf("tenants: %v", list)
		}
	})
}

func FuzzCleanEmail(f *testing.F) {
	for _, s := range []string{"a@b.org", " A@B.org ", "a@b\r\nX: y", "\u202ea@b.org", "ẞ@b.org", "İ@b.org"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := cleanEmail(s)
		if err != nil {
			if _, ok := errors.AsType[*InputError](err); !ok || got != "" {
				t.Fatalf("%q: %q, %v", s, got, err)
			}
			return
		}
		if again, err := cleanEmail(got); err != nil || again != got {
			t.Fatalf("%q → %q → %q, %v", s, got, again, err)
		}
		if strings.ContainsAny(got, "\r\n\x00<> ,") || !utf8.ValidString(got) || len(got) > maxEmail {
			t.Fatalf("%q → %q", s, got)
		}
	})
}

func FuzzCleanText(f *testing.F) {
	f.Add("Mill Lane 4")
	f.Add("\u202e\x00")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := cleanText("name", s, 1)
		if err != nil {
			return
		}
		if again, err := cleanText("name", got, 1); err != nil || again != got || strings.ContainsFunc(got, hidden) || utf8.RuneCountInString(got) > maxName {
			t.Fatalf("%q → %q → %q, %v", s, got, again, err)
		}
		if v := cleanVersion(s); len(v) > maxVersion || cleanVersion(v) != v {
			t.Fatalf("version %q → %q", s, v)
		}
	})
}

// FuzzParseToken: what comes in a cookie never crashes, and is read in one form only.
func FuzzParseToken(f *testing.F) {
	token, _, err := newToken("0190163d-8694-739b-aea5-966c26f8ad90")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add(token + "=")
	f.Fuzz(func(t *testing.T, s string) {
		tenant, hash, ok := parseToken(s)
		if ok != (len(hash) == 32) || ok != (len(tenant) == 36) {
			t.Fatalf("%q: %q, %x, %v", s, tenant, hash, ok)
		}
	})
}

func FuzzParsePHC(f *testing.F) {
	f.Add(phc(owasp, make([]byte, argonSalt), make([]byte, argonKey)))
	f.Add("$argon2id$v=19$m=1,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := parsePHC(s); err == nil && (p.memory > maxArgonMemory || p.time > maxArgonTime || p.time == 0 || p.lanes == 0 || len(p.key) < 16) {
			t.Fatalf("%q: %+v", s, p)
		}
	})
}

// FuzzEnrol: messages from strangers, as bytes off the net, on a real database with a claim that waits to be used. None gets
// in without the code.
func FuzzEnrol(f *testing.F) {
	w := newWorld(f, dbtest.SQLite(f))
	w.ctx = f.Context()
	code := w.claim(true)
	good := newAgent(f, code).enrolment(f)
	for _, change := range []func(*pb.Enrolment){
		func(m *pb.Enrolment) { m.Mac[3]++ },
		func(m *pb.Enrolment) { m.Claim[0]++ },
		func(m *pb.Enrolment) { m.Csr = m.Csr[:40] },
		func(m *pb.Enrolment) { m.Claim, m.Mac = nil, nil },
		func(m *pb.Enrolment) { m.Csr = newAgent(f, code).csr(f) },
	} {
		m := proto.CloneOf(good)
		change(m)
		f.Add(must(proto.Marshal(m))(f))
	}
	key := must(wire.ClaimKey(code))(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m pb.Enrolment
		if proto.Unmarshal(b, &m) != nil {
			return
		}
		if _, err := pki.ParseRequest(m.GetCsr()); err == nil && wire.CheckEnrolment(&m, key) {
			return // the code is in the corpus: whoever has it may enrol
		}
		out, err := w.Enrol(t.Context(), &m)
		if err == nil {
			t.Fatalf("taken in: %v", out)
		}
		if _, ok := errors.AsType[*InputError](err); !ok && !errors.Is(err, ErrClaim) {
			t.Fatal(err)
		}
	})
}
