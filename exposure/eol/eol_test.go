package eol

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

const openWrt = `---
title: OpenWrt
category: os
permalink: /openwrt
releaseLabel: "OpenWrt __RELEASE_CYCLE__"
eolColumn: Security Support
identifiers:
  - cpe: cpe:/o:openwrt:openwrt

# a comment
releases:
  - releaseCycle: "7.24"
    releaseDate: 2026-08-17
    eol: false # not yet
    latest: "7.24"
    custom:
      eol: 1999-01-01

  - releaseCycle: '6.49'
    codename: Old 'n' grey
    releaseDate: 2021-10-06
    eol: 2023-04-30
    latest: "6.49.10"

  - releaseCycle: 5
    releaseDate: null
    eol: true
---

> [OpenWrt](https://example.net) is a thing.
eol: nonsense
`

var wantOpenWrt = Product{Name: "openwrt", Label: "OpenWrt", Category: "os", Security: true, Releases: []Release{
	{Cycle: "7.24", Label: "OpenWrt 7.24", Released: day(2026, 8, 17), Latest: "7.24"},
	{Cycle: "6.49", Label: "OpenWrt 6.49", Codename: "Old 'n' grey", Released: day(2021, 10, 6), End: day(2023, 4, 30), Latest: "6.49.10"},
	{Cycle: "5", Label: "OpenWrt 5", Ended: true},
}}

const legacyOpenWrt = `[{"cycle":"7.24","releaseDate":"2026-08-17","eol":false,"latest":"7.24","lts":false},
{"cycle":"6.49","codename":"Old 'n' grey","releaseDate":"2021-10-06","eol":"2023-04-30","latest":"6.49.10"},{"cycle":5,"eol":true}]`

const v1OpenWrt = `{"schema_version":"1.2.0","generated_at":"2026-01-01T00:00:00+00:00","last_modified":"2026-01-01T00:00:00+00:00","result":
{"name":"openwrt","aliases":[],"label":"OpenWrt","category":"os","tags":["os"],"labels":{"eoas":null,"discontinued":null,"eol":"Security Support","eoes":null},
"releases":[{"name":"7.24","codename":null,"label":"OpenWrt 7.24","releaseDate":"2026-08-17","isLts":false,"isEol":false,"eolFrom":null,"isMaintained":true,"latest":{"name":"7.24","date":"2026-08-17","link":null}},
{"name":"6.49","codename":"Old 'n' grey","label":"OpenWrt 6.49","releaseDate":"2021-10-06","isEol":true,"eolFrom":"2023-04-30","latest":{"name":"6.49.10","date":"2021-10-06","link":null}},
{"name":"5","label":"OpenWrt 5","isEol":true,"eolFrom":null,"latest":null}]}}`

func TestRead(t *testing.T) {
	without := wantOpenWrt
	without.Label, without.Category, without.Releases = "", "", append([]Release(nil), wantOpenWrt.Releases...)
	for i := range without.Releases {
		without.Releases[i].Label = ""
	}
	for name, test := range map[string]struct {
		in   string
		want Product
	}{
		"front matter": {openWrt, wantOpenWrt},
		"with CRLF":    {strings.ReplaceAll(openWrt, "\n", "\r\n"), wantOpenWrt},
		"legacy API":   {legacyOpenWrt, without},
		"API v1":       {v1OpenWrt, wantOpenWrt},
		"API v1, full": {strings.Replace(v1OpenWrt, "\"result\":\n{", "\"result\":[\n{", 1)[:len(v1OpenWrt)] + "]}", wantOpenWrt},
	} {
		got, err := Read("openwrt", strings.NewReader(test.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !reflect.DeepEqual(got, []Product{test.want}) {
			t.Errorf("%s: got\n%+v\nwant\n%+v", name, got, test.want)
		}
	}
}

func TestReadNamesThePlace(t *testing.T) {
	for name, test := range map[string]struct{ in, want string }{
		"empty":        {"", `table "x": neither JSON nor front matter`},
		"open":         {"---\ntitle: x\n", "has no end"},
		"no releases":  {"---\ntitle: x\n---\n", "x has no releases"},
		"a bad date":   {strings.Replace(openWrt, "2023-04-30", "30 April", 1), `line 22: eol: "30 April" is no date`},
		"twice":        {strings.Replace(openWrt, "'6.49'", `"7.24"`, 1), `"7.24" is there twice`},
		"no cycle":     {strings.Replace(openWrt, "releaseCycle: 5", "cycle: 5", 1), "release 3 has no name"},
		"quotation":    {"---\ntitle: \"x\n---\n", "line 2: title: an open quotation"},
		"no key":       {"---\ntitle\n---\n", `line 2: "title" is no key`},
		"a path":       {strings.Replace(openWrt, "/openwrt", "/../x", 1), "is no product's name"},
		"legacy empty": {"[]", "x has no releases"},
		"legacy date":  {`[{"cycle":"1","eol":"soon"}]`, `release 1: "soon" is no date`},
		"legacy map":   {`[{"cycle":{},"eol":true}]`, "an object or list"},
		"legacy cut":   {`[{"cycle":"1"`, "unexpected end of JSON"},
		"v1 no result": {`{"x":1}`, "no result"},
		"v1 date":      {strings.Replace(v1OpenWrt, `"eolFrom":"2023-04-30"`, `"eolFrom":"x"`, 1), `product 1: "openwrt": release 2: "x" is no date`},
		"long":         {strings.Repeat(" ", MaxBytes+1), "more than 33554432 bytes"},
	} {
		if _, err := Read("x", strings.NewReader(test.in)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestOver(t *testing.T) {
	now := day(2023, 4, 30)
	for _, test := range []struct {
		r    Release
		want bool
	}{{Release{}, false}, {Release{Ended: true}, true}, {Release{End: now}, true}, {Release{End: now.AddDate(0, 0, 1)}, false}} {
		if test.r.Over(now) != test.want {
			t.Errorf("%+v: got %v", test.r, !test.want)
		}
	}
}

func TestRealTables(t *testing.T) {
	dir := os.Getenv("CARDEA_DATA")
	if dir == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("CARDEA_DATA is not set: the real tables are needed in CI")
		}
		t.Log("NOT RUN: CARDEA_DATA is not set, so the real tables were not read")
		return
	}
	files, err := filepath.Glob(filepath.Join(dir, "facts/endoflife/*.md"))
	if err != nil || len(files) < 14 {
		t.Fatalf("%d tables, %v: is CARDEA_DATA whole?", len(files), err)
	}
	releases, ended, unsure := 0, 0, 0
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		ps, err := Read(strings.TrimSuffix(filepath.Base(path), ".md"), f)
		f.Close()
		if err != nil {
			t.Error(err)
			continue
		}
		for _, r := range ps[0].Releases {
			releases++
			if r.Over(day(2026, 9, 1)) {
				ended++
			}
			if r.Released.IsZero() {
				t.Errorf("%s %s lacks its date", ps[0].Name, r.Cycle)
			}
		}
		if !ps[0].Security {
			unsure++
		}
	}
	if releases != 816 || ended < 400 || unsure != 1 {
		t.Errorf("%d releases, %d of them over, %d tables of something else", releases, ended, unsure)
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{openWrt, legacyOpenWrt, v1OpenWrt, "---\nreleases:\n-  a: b\n---"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		ps, err := Read("x", strings.NewReader(in))
		if err != nil {
			return
		}
		for _, p := range ps {
			if !isName(p.Name) || len(p.Releases) == 0 || len(p.Releases) > MaxReleases {
				t.Errorf("got %+v", p)
			}
			for _, r := range p.Releases {
				if r.Cycle == "" || strings.ContainsAny(r.Cycle+r.Label+r.Latest, "\x00\n\r\x1b") || len(r.Label) > maxText {
					t.Errorf("got %+v", r)
				}
			}
		}
	})
}
