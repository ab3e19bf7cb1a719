package playbook

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// shipped is a copy of the data in which a test breaks something.
func shipped(t testing.TB) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	for _, name := range names(t) {
		b, err := fs.ReadFile(data, "data/"+name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &fstest.MapFile{Data: b}
	}
	return out
}

func names(t testing.TB) (out []string) {
	t.Helper()
	list, err := fs.ReadDir(data, "data")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

// A mistake in the data is told with its file and its line, and nothing is taken half.
func TestMistakesNameFileAndLine(t *testing.T) {
	for name, c := range map[string]struct{ file, old, new, want string }{
		"an unknown key":          {"telnet.yaml", "version: 1", "version: 1\ncolour: red", "telnet.yaml: line 3:"},
		"a key twice":             {"telnet.yaml", "version: 1", "version: 1\nversion: 2", "telnet.yaml: line 3:"},
		"a list for a text":       {"telnet.yaml", "title:", "id: [x]\ntitle:", "telnet.yaml: line "},
		"text for a number":       {"telnet.yaml", "version: 1", "version: one", "telnet.yaml: line 2:"},
		"no YAML":                 {"telnet.yaml", "kind:", "kind: [", "telnet.yaml: line "},
		"a kind that is none":     {"telnet.yaml", "kind: telnet-botnet", "kind: cold", `telnet.yaml: line 3: kind: "cold" is not one of`},
		"a class that is none":    {"telnet-camera.yaml", "doorbell]", "bell]", `telnet-camera.yaml: line 4: classes[1]: "bell"`},
		"a version that is none":  {"telnet.yaml", "version: 1", "version: 0", "telnet.yaml: line 2: version: 0"},
		"an id that is none":      {"telnet.yaml", "id: telnet-botnet", "id: Telnet botnet", "telnet.yaml: line 1: id:"},
		"a language is missing":   {"telnet.yaml", "  de: Ein Programm im Arbeitsspeicher von {device}\n", "", `telnet.yaml: line 5: title: the language "de" is missing`},
		"one language too many":   {"telnet.yaml", "  de: Ein Programm im", "  fr: x\n  de: Ein Programm im", `title: "fr" is not one of the languages`},
		"markup":                  {"telnet.yaml", "A program that lives", "A <b>program</b> that lives", "telnet.yaml: line 5: title.en: has spaces"},
		"a character that turns":  {"telnet.yaml", "A program that lives", "A \u202eprogram that lives", "title.en"},
		"a name nobody fills in":  {"telnet.yaml", "memory of {device}", "memory of {devise}", "title.en: {devise} is not one of"},
		"a rate without a source": {"telnet.yaml", "  source: ", "  # source: ", "rate.source"},
		"a rate of nothing":       {"telnet.yaml", "per_day: 6", "per_day: 0", "telnet.yaml: line 14: rate.per_day: 0 is not from"},
		"a rate that is none":     {"telnet.yaml", "per_day: 6", "per_day: .nan", "rate.per_day"},
		"a shared step not there": {"telnet.yaml", "use: reboot", "use: dance", `steps[3].use: "dance" is no shared step`},
		"a step twice":            {"telnet.yaml", "use: password", "use: reboot", `steps[4].id: "reboot" is there twice`},
		"no look at the end":      {"telnet.yaml", "  - use: watch\n", "", "steps: no step has the gateway look"},
		"a check that is none":    {"steps.yaml", "check: silent", "check: hope", `steps.yaml: line`},
		"a mode that is none":     {"steps.yaml", "hold: update-only", "hold: forever", `"forever" is not one of`},
		"nobody does it":          {"steps.yaml", "by: gateway", "by: magic", `"magic" is neither person nor gateway`},
		"models without a source": {"telnet-recorder.yaml", "sources:\n  - \"Antonakakis et al., Understanding the Mirai Botnet, USENIX Security 2017, section 5 (devices: DVR, IP cameras, routers)\"\n", "", "telnet-recorder.yaml: line 5: models: what is said of models needs a source"},
		"a model that fits all":   {"telnet-recorder.yaml", `"*recorder*"`, `"*"`, "models[3]"},
		"advice is missing":       {"advice.yaml", "id: law-enforcement", "id: law", `the advice "law-enforcement" is missing`},
		"a link that is none":     {"advice.yaml", "https://www.europol", "javascript:www.europol", "[6].link: is no https:// address"},
		"twice the same":          {"telnet-camera.yaml", "id: telnet-camera", "id: telnet-botnet", "telnet-botnet@1 is there twice"},
		"no general one":          {"telnet.yaml", "kind: telnet-botnet", "kind: telnet-botnet\nclasses: [plug]", "no playbook for telnet-botnet on any device"},
		"an anchor":               {"telnet.yaml", "title:", "title: &t", "telnet.yaml: line 4: anchors and tags"},
		"a tag":                   {"telnet.yaml", "version: 1", "version: !!int 1", "telnet.yaml: line 2: anchors and tags"},
		"two documents":           {"telnet.yaml", "steps:", "---\nsteps:", "2 documents"},
		"deep":                    {"telnet.yaml", "steps:", "x: " + strings.Repeat("[", 40) + "\nsteps:", "too long or too deep"},
		"a long line":             {"telnet.yaml", "steps:", "# " + strings.Repeat("x", maxLine) + "\nsteps:", "too long or too deep"},
		"a large file":            {"telnet.yaml", "steps:", strings.Repeat("# x\n", maxFile/4) + "\nsteps:", "telnet.yaml: larger than"},
		"a long text":             {"telnet.yaml", "memory of {device}", strings.Repeat("word ", 200) + "{device}", "title.en"},
	} {
		dir := shipped(t)
		was := string(dir[c.file].Data)
		now := strings.Replace(was, c.old, c.new, 1)
		if now == was {
			t.Fatalf("%s: %q is not in %s", name, c.old, c.file)
		}
		dir[c.file] = &fstest.MapFile{Data: []byte(now)}
		s, err := Parse(dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || s != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	dir := shipped(t)
	delete(dir, advised)
	if _, err := Parse(dir); err == nil || !strings.Contains(err.Error(), "advice.yaml is missing") {
		t.Error(err)
	}
	if _, err := Parse(fstest.MapFS{}); err == nil {
		t.Error("nothing is a shelf")
	}
	dir = shipped(t)
	for i := range maxFiles {
		dir[strings.Repeat("x", i+1)+".yaml"] = &fstest.MapFile{Data: []byte("id: x")}
	}
	if _, err := Parse(dir); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Error(err)
	}
	if _, err := Parse(os.DirFS("data")); err != nil {
		t.Errorf("from a folder: %v", err)
	}
}

// Whatever stands in a file: no crash, and what is taken keeps to the rules.
func FuzzParse(f *testing.F) {
	for _, name := range names(f) {
		b, err := fs.ReadFile(data, "data/"+name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("a: &a [*a, *a]\n"))
	f.Add([]byte("steps: [{use: cut}]\nid: \"\\0\""))
	var shared []stepFile
	if err := each(common, shipped(f)[common].Data, &shared, func(*document) {}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var v file
		d, err := decode(b, &v)
		if err != nil {
			return
		}
		p := d.playbook(&v, shared)
		if len(d.errs) > 0 {
			for _, e := range d.errs {
				if e.Error() == "" {
					t.Error("a mistake without words")
				}
			}
			return
		}
		if !idRE.MatchString(p.ID) || p.Version < 1 || len(p.Steps) == 0 || len(p.Steps) > maxSteps || !(p.Rate.PerDay > 0) {
			t.Errorf("taken: %+v", p)
		}
		for _, s := range p.Steps {
			if len(s.Text) != len(Languages) || s.Hold != "" && s.Hold.Rank() < 0 {
				t.Errorf("taken: %+v", s)
			}
		}
		(&Shelf{books: []*Playbook{p}}).For(p.Kind, "camera", string(b[:min(len(b), 40)]))
	})
}
