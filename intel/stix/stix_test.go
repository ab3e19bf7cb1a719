package stix

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/intel"

	"pgregory.net/rapid"
)

func TestWhatPatternsMean(t *testing.T) {
	for _, c := range []struct{ pattern, want string }{
		{`[domain-name:value = 'C2.Example']`, "=c2.example"},
		{`[ipv4-addr:value = '198.51.100.7']`, "198.51.100.7/32"},
		{`[ipv4-addr:value = '198.51.100.7/32' OR ipv4-addr:value = '203.0.113.33/32' OR ipv6-addr:value = '2001:0db8:dead:beef:dead:beef:dead:0001/128']`,
			"198.51.100.7/32 203.0.113.33/32 2001:db8:dead:beef:dead:beef:dead:1/128"},
		{`[ipv4-addr:value ISSUBSET '198.51.100.0/24']`, "198.51.100.0/24"},
		{`[ipv4-addr:value = '198.51.100.9/24']`, "198.51.100.0/24"},
		{`[ipv4-addr:value IN ('198.51.100.1', '198.51.100.2')]`, "198.51.100.1/32 198.51.100.2/32"},
		{`[domain-name:value = 'a.example'] OR [domain-name:value = 'b.example']`, "=a.example =b.example"},
		{`([domain-name:value = 'a.example'] OR ([domain-name:value='b.example']))`, "=a.example =b.example"},
		{`[(domain-name:value = 'a.example' OR ipv4-addr:value = '192.0.2.1')]`, "=a.example 192.0.2.1/32"},
		{`[url:value = 'http://c2.example']`, "=c2.example"},
		{`[url:value = 'https://c2.example:8443/']`, "=c2.example"},
		{`[url:value = 'http://198.51.100.7/']`, "198.51.100.7/32:80"},
		{`[url:value = 'http://198.51.100.7:8080/']`, "198.51.100.7/32:8080"},
		{`[url:value = 'https://[2001:db8::7]/']`, "2001:db8::7/128:443"},
		{`[network-traffic:dst_ref.value = '198.51.100.7']`, "198.51.100.7/32"},
		{`[network-traffic:dst_ref.value = 'c2.example']`, "=c2.example"},
		{`[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '198.51.100.7' AND network-traffic:dst_port = 443]`, "198.51.100.7/32:443"},
		{"[\n\tdomain-name:value = 'a.example'\n\tor domain-name:value = 'b.example'\n]", "=a.example =b.example"},
		{`[network-traffic:dst_ref.value = '198.51.100.7' AND network-traffic:dst_port = 25 OR domain-name:value = 'a.example']`, "198.51.100.7/32:25 =a.example"},
	} {
		list, err := Pattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		var got []string
		for _, e := range list {
			s := e.Name
			if e.Exact {
				s = "=" + s
			}
			if e.Name == "" {
				s = e.Prefix.String()
			}
			if e.Port != 0 {
				s += fmt.Sprint(":", e.Port)
			}
			got = append(got, s)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", c.pattern, s, c.want)
		}
	}
}

func TestWhatIsRefusedIsNamedWithItsPlace(t *testing.T) {
	for _, c := range []struct {
		pattern string
		at      int
		why     string
	}{
		{``, 1, whySyntax},
		{`[]`, 2, whySyntax},
		{`[domain-name:value = 'a.example'`, 33, whySyntax},
		{`[domain-name:value = 'a.example]`, 22, whySyntax},
		{`[domain-name:value = 'a.example' AND ipv4-addr:value = '192.0.2.1']`, 38, whyBoth},
		{`[domain-name:value = 'a.example'] AND [ipv4-addr:value = '192.0.2.1']`, 35, whyBoth},
		{`[domain-name:value = 'a.example'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.1']`, 35, whyOrder},
		{`([domain-name:value = 'a.example'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.1']) WITHIN 600 SECONDS`, 36, whyOrder},
		{`[domain-name:value = 'a.example'] REPEATS 5 TIMES`, 35, whyQualify},
		{`[domain-name:value = 'a.example'] WITHIN 300 SECONDS`, 35, whyQualify},
		{`[domain-name:value != 'a.example']`, 20, whyOperator},
		{`[domain-name:value LIKE '%.example']`, 20, whyOperator},
		{`[domain-name:value MATCHES '^a']`, 20, whyOperator},
		{`[NOT domain-name:value = 'a.example']`, 2, whyOperator},
		{`[EXISTS domain-name:value]`, 2, whyOperator},
		{`[domain-name:value ISSUBSET '198.51.100.0/24']`, 20, whyOperator},
		{`[file:hashes.'SHA-256' = 'aa']`, 2, whyPath},
		{`[file:name = 'x.exe' OR domain-name:value = 'a.example']`, 2, whyPath},
		{`[network-traffic:src_ref.value = '192.0.2.1']`, 2, whyPath},
		{`[domain-name:resolves_to_refs[*].value = '192.0.2.1']`, 2, whyPath},
		{`[network-traffic:dst_port = 443]`, 2, whyPath},
		{`[network-traffic:dst_port = 443 AND domain-name:value = 'a.example']`, 2, whyBoth},
		{`[network-traffic:dst_ref.value = 'a.example' AND network-traffic:dst_port = 443]`, 2, whyBoth},
		{`[network-traffic:dst_ref.value = '192.0.2.0/24' AND network-traffic:dst_port = 443]`, 2, whyBoth},
		{`[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 70000]`, 77, whyValue},
		{`[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_ref.type = 'ipv6-addr']`, 2, whyValue},
		{`[ipv4-addr:value = '2001:db8::1']`, 20, whyValue},
		{`[ipv6-addr:value = '192.0.2.1']`, 20, whyValue},
		{`[ipv4-addr:value = 'a.example']`, 20, whyValue},
		{`[domain-name:value = '192.0.2.1']`, 22, whyValue},
		{`[domain-name:value = 'it\'s']`, 22, whyValue},
		{`[domain-name:value = 'a\b']`, 22, whySyntax},
		{`[domain-name:value = 5]`, 22, whyValue},
		{`[url:value = 'http://host.example/page']`, 14, whyPage},
		{`[url:value = 'http://host.example/?q=1']`, 14, whyPage},
		{`[url:value = 'ftp://host.example/']`, 14, whyValue},
		{`[url:value = 'http://user@host.example/']`, 14, whyValue},
		{`[domain-name:value = 'a.example']]`, 34, whySyntax},
		{strings.Repeat("(", MaxDepth+2) + `[domain-name:value = 'a.example']`, MaxDepth + 2, whyDeep},
		{"[" + strings.Repeat("(", MaxDepth+2), MaxDepth + 2, whyDeep},
		{"[domain-name:value IN ('a.example'" + strings.Repeat(",'a.b'", MaxTerms) + ")]", 35 + 6*(MaxTerms-1) + 1, whyMany},
		{strings.Repeat("x", MaxPattern+1), MaxPattern + 1, whyLong},
	} {
		list, err := Pattern(c.pattern)
		var e *Error
		if !errors.As(err, &e) || e.At != c.at || e.Why != c.why || list != nil {
			t.Errorf("%.90s: %v %v, want %q at %d", c.pattern, list, err, c.why, c.at)
		}
	}
}

const bundle = `{"type":"bundle","id":"bundle--1","objects":[
 {"type":"indicator","spec_version":"2.1","id":"indicator--1","created":"2026-01-01T00:00:00Z","modified":"2026-01-02T00:00:00.5Z","indicator_types":["malicious-activity"],
  "pattern":"[domain-name:value = 'c2.example']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","valid_until":"2026-06-01T00:00:00Z","confidence":85,"name":"C2"},
 {"type":"indicator","id":"indicator--2","modified":"2026-01-02T00:00:00Z","indicator_types":["phishing"],"pattern":"[url:value = 'https://bank.example/']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"},
 {"type":"indicator","id":"indicator--3","modified":"2026-01-02T00:00:00Z","indicator_types":["anomalous-activity"],"pattern":"[ipv4-addr:value = '198.51.100.3']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z","confidence":90},
 {"type":"indicator","id":"indicator--4","modified":"2026-01-02T00:00:00Z","labels":["benign"],"pattern":"[ipv4-addr:value = '198.51.100.4']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"},
 {"type":"indicator","id":"indicator--5","modified":"2026-01-02T00:00:00Z","pattern":"alert tcp any any","pattern_type":"snort","valid_from":"2026-01-01T00:00:00Z"},
 {"type":"indicator","id":"indicator--6","modified":"2026-01-02T00:00:00Z","pattern":"[domain-name:value = 'a.example'","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"},
 {"type":"indicator","id":"indicator--7","modified":"2026-01-01T00:00:00Z","pattern":"[domain-name:value = 'old.example']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"},
 {"type":"indicator","id":"indicator--7","modified":"2026-01-03T00:00:00Z","revoked":true},
 {"type":"indicator","id":"indicator--7","modified":"2026-01-02T00:00:00Z","pattern":"[domain-name:value = 'late.example']","pattern_type":"stix","valid_from":"2026-01-01T00:00:00Z"},
 {"type":"malware","id":"malware--1","name":"Mir\u202eai"},
 {"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"malware--1"},
 {"type":"indicator","id":7},
 {"type":"identity","id":"identity--1","name":"Somebody"}
]}`

func TestABundle(t *testing.T) {
	list, r, err := Read(strings.NewReader(bundle))
	if err != nil {
		t.Fatal(err)
	}
	if r.Objects != 13 || r.Indicators != 3 || r.Revoked != 1 || r.Skipped != 3 || r.Envelope || len(r.Named) != 4 || len(list) != 4 {
		t.Fatalf("%+v\n%+v", r, list)
	}
	if f := r.Named[2]; f.ID != "indicator--6" || f.Object != 6 || f.At != 33 || f.Why != whySyntax || r.Refused[whySyntax] != 1 {
		t.Errorf("%+v", r)
	}
	one := list[0]
	if one.Class != home.ClassMalware || one.Family != "Mirai" || one.Confidence != 85 || !one.Until.Equal(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)) ||
		!one.Modified.Equal(time.Date(2026, 1, 2, 0, 0, 0, 5e8, time.UTC)) || one.Entries[0] != (intel.Entry{Name: "c2.example", Exact: true}) {
		t.Errorf("%+v", one)
	}
	if list[1].Class != home.ClassPhishing || list[1].Confidence != 0 || list[2].Confidence != weak || list[2].Entries[0].Prefix != netip.MustParsePrefix("198.51.100.3/32") {
		t.Errorf("%+v", list[1:3])
	}
	if !list[3].Revoked || list[3].ID != "indicator--7" || list[3].Entries != nil {
		t.Errorf("the version before came back: %+v", list[3])
	}
}

func TestAnEnvelopeSaysWhetherThereIsMore(t *testing.T) {
	for text, want := range map[string]Report{
		`{}`:                                 {Envelope: true},
		`{"more":true,"next":"n2"}`:          {Envelope: true, More: true, Next: "n2"},
		`{"more":false,"objects":[]}`:        {Envelope: true},
		`{"objects":null,"x":{"objects":1}}`: {Envelope: true},
	} {
		list, r, err := Read(strings.NewReader(text))
		if err != nil || len(list) > 0 || fmt.Sprint(r) != fmt.Sprint(want) {
			t.Errorf("%s: %+v %v", text, r, err)
		}
	}
	for _, text := range []string{``, `[]`, `"x"`, `{"type":"indicator"}`, `{"objects":{}}`, `{"objects":[],"objects":[]}`, `{"objects":[{]}`, `{"objects":[{}`, `{"more":1}`,
		`{"next":"` + strings.Repeat("x", 5000) + `"}`} {
		if _, _, err := Read(strings.NewReader(text)); err == nil {
			t.Errorf("%.40s was read", text)
		}
	}
}

func TestOddIndicatorsAreRefused(t *testing.T) {
	const ok = `"pattern":"[ipv4-addr:value = '198.51.100.4']","valid_from":"2026-01-02T00:00:00Z"`
	for text, why := range map[string]string{
		`"id":"malware--1",` + ok: "the id is not an indicator's",
		`"id":"indicator--1","valid_until":"2026-01-02T00:00:00Z",` + ok:            "it ends before it begins",
		`"id":"indicator--1","valid_until":"tomorrow",` + ok:                        "a time that is none",
		`"id":"indicator--1","confidence":101,` + ok:                                "a confidence that is not 0 to 100",
		`"id":"indicator--1","confidence":0,` + ok:                                  "it says that it is not to be believed",
		`"id":"indicator--1","confidence":"high",` + ok:                             "the object is not as STIX has it",
		`"id":"indicator--1","name":"` + strings.Repeat("x", MaxObject) + `",` + ok: "the object is too large",
	} {
		list, r, err := Read(strings.NewReader(`{"objects":[{"type":"indicator",` + text + `}]}`))
		if err != nil || len(list) > 0 || r.Refused[why] != 1 {
			t.Errorf("%.60s: %+v %v", text, r.Refused, err)
		}
	}
}

// Whatever names are listed, written as a pattern they come back.
func TestPatternsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,8}\.[a-z]{2,5}`), 1, 20).Draw(t, "names")
		var parts []string
		for _, n := range names {
			parts = append(parts, "domain-name:value = '"+n+"'")
		}
		list, err := Pattern("[" + strings.Join(parts, rapid.SampledFrom([]string{" OR ", "\nor\t", "] OR ["}).Draw(t, "or")) + "]")
		if err != nil || len(list) != len(names) {
			t.Fatalf("%v %v", list, err)
		}
		for i, e := range list {
			if e.Name != names[i] || !e.Exact {
				t.Fatalf("%v is not %s", e, names[i])
			}
		}
	})
}

// FuzzRead reads anything: no panic, every entry is one thing that can be listed, and places are within the pattern.
func FuzzRead(f *testing.F) {
	f.Add([]byte(bundle))
	f.Add([]byte(`{"more":true,"next":"1","objects":[{"type":"indicator","id":"indicator--1","pattern":"[network-traffic:dst_ref.value = '198.51.100.7' AND network-traffic:dst_port = 443]"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, r, err := Read(strings.NewReader(string(b)))
		if err != nil {
			return
		}
		if r.Indicators+r.Revoked != len(list) || len(r.Named) > maxNamed {
			t.Fatalf("%+v", r)
		}
		for _, x := range list {
			if x.Confidence > 100 || x.Revoked == (len(x.Entries) > 0) {
				t.Errorf("%+v", x)
			}
			for _, e := range x.Entries {
				if (e.Name != "") == e.Prefix.IsValid() || e.Allow || e.Prefix.IsValid() && e.Prefix != e.Prefix.Masked() || e.Port != 0 && !e.Prefix.IsSingleIP() {
					t.Errorf("%+v", e)
				}
			}
		}
	})
}

// FuzzPattern reads any pattern.
func FuzzPattern(f *testing.F) {
	f.Add(`[domain-name:value = 'c2.example' OR (ipv4-addr:value IN ('192.0.2.1','192.0.2.0/24'))] OR ([url:value = 'http://a.example'])`)
	f.Fuzz(func(t *testing.T, s string) {
		list, err := Pattern(s)
		var e *Error
		if err != nil && (!errors.As(err, &e) || e.At < 1 || e.At > len(s)+1 || list != nil) || err == nil && len(list) == 0 {
			t.Fatalf("%q: %v %v", s, list, err)
		}
	})
}
