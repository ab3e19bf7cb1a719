package kev

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const small = `{"title":"t","catalogVersion":"2025.08.25","dateReleased":"2025-08-25T17:04:19.9796Z","count":1,"vulnerabilities":[
{"cveID":"CVE-2021-36260","vendorProject":"Hikvision","product":"Security cameras web server","vulnerabilityName":"x","dateAdded":"2022-01-10",
"shortDescription":"A\ncommand\u0000 injection","requiredAction":"Apply updates.","dueDate":"2022-01-24","knownRansomwareCampaignUse":"Known","notes":"","cwes":["CWE-78"]}]}`

func TestRead(t *testing.T) {
	c, err := Read(strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	want := Entry{CVE: "CVE-2021-36260", Vendor: "Hikvision", Product: "Security cameras web server", Name: "x",
		Added: time.Date(2022, 1, 10, 0, 0, 0, 0, time.UTC), Text: "A command injection", Action: "Apply updates.", Ransomware: true}
	if len(c.Entries) != 1 || c.Entries[0] != want || c.Version != "2025.08.25" || c.Released.Year() != 2025 {
		t.Errorf("got %+v", c)
	}
}

func TestReadNamesThePlace(t *testing.T) {
	for name, test := range map[string]struct{ in, want string }{
		"empty":         {"", "byte 0: unexpected EOF"},
		"a list":        {"[]", "[ where { was expected"},
		"cut":           {small[:300], "vulnerabilities: entry 1: "},
		"no list":       {`{"title":"x"}`, "no list of vulnerabilities"},
		"two":           {`{"vulnerabilities":[],"vulnerabilities":[]}`, "two lists"},
		"more":          {`{"vulnerabilities":[]} {}`, "something follows"},
		"no number":     {strings.Replace(small, "CVE-2021-36260", "CVE-21-36260", 1), `entry 1: "CVE-21-36260" is no CVE number`},
		"no vendor":     {strings.Replace(small, "Hikvision", " ", 1), "entry 1: CVE-2021-36260 names no vendor"},
		"no date":       {strings.Replace(small, "2022-01-10", "10 Jan 2022", 1), `dateAdded: "10 Jan 2022" is no date`},
		"another type":  {strings.Replace(small, `"Hikvision"`, `7`, 1), "entry 1: json:"},
		"endless":       {`{"title":"` + strings.Repeat("x", MaxBytes) + `","vulnerabilities":[]}`, "more than 33554432 bytes"},
		"a deep object": {`{"x":` + strings.Repeat("[", 100_000), "exceeded max depth"},
	} {
		if _, err := Read(strings.NewReader(test.in)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}

func TestEnded(t *testing.T) {
	for action, want := range map[string]bool{
		"The impacted product is end-of-life and should be disconnected if still in use.":                                      true,
		"The impacted products are end-of-life and should be disconnected if still in use.":                                    true,
		"This affects legacy products. All associated hardware revisions have reached their end-of-life (EOL) or so.":          true,
		"The impacted product could be end-of-life (EoL). Users should discontinue it if a current mitigation is unavailable.": false,
		"Apply updates per vendor instructions or disconnect product if it is end-of-life.":                                    false,
		"Disconnect public-facing versions of SharePoint Server that have reached their end-of-life (EOL)":                     false,
	} {
		if e := (Entry{Action: action}); e.Ended() != want {
			t.Errorf("%q: got %v", action, !want)
		}
	}
}

func TestRealCatalog(t *testing.T) {
	dir := os.Getenv("CARDEA_DATA")
	if dir == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("CARDEA_DATA is not set: the real catalog is needed in CI")
		}
		t.Log("NOT RUN: CARDEA_DATA is not set, so the real catalog was not read")
		return
	}
	f, err := os.Open(filepath.Join(dir, "facts/kev/known_exploited_vulnerabilities.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	ended, ransom := 0, 0
	for i := range c.Entries {
		if c.Entries[i].Added.IsZero() || c.Entries[i].Text == "" {
			t.Errorf("%s lacks its date or text", c.Entries[i].CVE)
		}
		if c.Entries[i].Ended() {
			ended++
		}
		if c.Entries[i].Ransomware {
			ransom++
		}
	}
	if len(c.Entries) != 1404 || ended < 60 || ended > 80 || ransom < 200 {
		t.Errorf("%d entries, %d at their end, %d with ransomware", len(c.Entries), ended, ransom)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(small)
	f.Add(`{"vulnerabilities":[]}`)
	f.Add(small[:200])
	f.Fuzz(func(t *testing.T, in string) {
		c, err := Read(strings.NewReader(in))
		if err != nil {
			return
		}
		for _, e := range c.Entries {
			if !isCVE(e.CVE) || e.Vendor == "" || e.Product == "" || len(e.Text) > maxLong || strings.ContainsAny(e.Text+e.Vendor+e.Product, "\x00\n\r\x1b") {
				t.Errorf("got %+v", e)
			}
		}
	})
}
