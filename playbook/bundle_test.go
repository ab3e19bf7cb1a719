package playbook

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"
)

// travelling is the shipped playbooks as they travel.
func travelling(t testing.TB) []byte {
	t.Helper()
	b, err := Pack(shipped(t))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestPlaybooksTravel(t *testing.T) {
	one := travelling(t)
	if two := travelling(t); !bytes.Equal(one, two) {
		t.Error("the same files make other bytes")
	}
	s, err := ParseBundle(one)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(s.All()), len(Default().All()); got != want {
		t.Fatalf("%d playbooks, want %d", got, want)
	}
	for i, p := range Default().All() {
		q := s.All()[i]
		if p.Ref() != q.Ref() || len(p.Steps) != len(q.Steps) || p.Rate != q.Rate {
			t.Errorf("%s became %s", p, q)
		}
		for _, step := range q.Steps {
			for _, lang := range Languages {
				if step.Text[lang] == "" {
					t.Errorf("%s, step %s: no text in %q", q.Ref(), step.ID, lang)
				}
			}
		}
	}
	if len(s.Advice()) != len(Default().Advice()) {
		t.Error("advice is missing")
	}
}

// Each of these is refused with a reason, and nothing is taken of it.
func TestBadPlaybooksAreRefused(t *testing.T) {
	good := travelling(t)
	with := func(change func(files fstest.MapFS)) []byte {
		files := shipped(t)
		change(files)
		b := bundle{Format: bundleFormat, Files: map[string]string{}}
		for name, f := range files {
			b.Files[name] = string(f.Data)
		}
		out, err := b.text()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	step := func(old, next string) []byte {
		return with(func(files fstest.MapFS) {
			was := string(files["steps.yaml"].Data)
			now := strings.Replace(was, old, next, 1)
			if was == now {
				t.Fatalf("%q is not there", old)
			}
			files["steps.yaml"].Data = []byte(now)
		})
	}
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":             {nil, "EOF"},
		"no JSON":             {[]byte("- a"), "invalid character"},
		"cut short":           {good[:len(good)-100], "unexpected EOF"},
		"something behind":    {append(bytes.Clone(good), "{}"...), "not in the form"},
		"a key of others":     {bytes.Replace(good, []byte(`"format"`), []byte(`"more":1,"format"`), 1), "unknown field"},
		"another format":      {bytes.Replace(good, []byte(`"format":1`), []byte(`"format":2`), 1), "format 2"},
		"a file twice":        {bytes.Replace(good, []byte(`"files":{`), []byte(`"files":{"advice.yaml":"",`), 1), "not in the form"},
		"too large":           {bytes.Repeat([]byte(" "), MaxBundle+1), "at most"},
		"a path":              {with(func(f fstest.MapFS) { f["../x.yaml"] = &fstest.MapFile{} }), `"../x.yaml" is no name`},
		"too many files":      {with(func(f fstest.MapFS) { many(f) }), "files: at most"},
		"a large file":        {with(func(f fstest.MapFS) { f["x-x.yaml"] = &fstest.MapFile{Data: bytes.Repeat([]byte("#\n"), maxFile)} }), "x-x.yaml: larger than"},
		"advice missing":      {with(func(f fstest.MapFS) { delete(f, advised) }), "advice.yaml is missing"},
		"a kind without any":  {with(func(f fstest.MapFS) { delete(f, "unknown.yaml") }), "no playbook for unknown"},
		"no German":           {step("    de: ", "    fr: "), `"fr" is not one of the languages`},
		"a check of tomorrow": {step("check: silent", "check: smells"), `"smells" is not one of`},
		"markup":              {step("    en: ", "    en: <b>"), "no plain text"},
	} {
		s, err := ParseBundle(c.data)
		if err == nil || s != nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "playbooks: ") {
			t.Errorf("%s: %.200v, want %q", name, err, c.want)
		}
	}
	if _, err := Pack(fstest.MapFS{}); err == nil {
		t.Error("an empty folder was packed")
	}
}

func many(f fstest.MapFS) {
	for i := range maxFiles {
		f["x"+strings.Repeat("x", i%50)+string(rune('a'+i/50))+".yaml"] = &fstest.MapFile{}
	}
}

func TestFindGoesOverSeveralShelves(t *testing.T) {
	now := Old([]*Playbook{{ID: "a", Version: 4}, {ID: "b", Version: 1}})
	before := Old([]*Playbook{{ID: "a", Version: 2}, {ID: "c", Version: 7}})
	for ref, want := range map[string]string{"a@2": "a@2", "a@4": "a@4", "a@3": "a@4", "b@9": "b@1", "c@1": "c@7"} {
		if p := Find(ref, now, before); p == nil || p.Ref() != want {
			t.Errorf("%s: %v, want %s", ref, p, want)
		}
	}
	if Find("d@1", now, before) != nil || now.Exact("a@2") != nil {
		t.Error("what is nowhere was found")
	}
}

// Whatever the cloud signs: no crash, and a shelf is whole, in each language, and written in one way only.
func FuzzBundle(f *testing.F) {
	good := travelling(f)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add([]byte(`{"format":1,"files":{"steps.yaml":"- id: a\n  text: {en: x, de: y}\n"}}`))
	f.Add([]byte(`{"format":1,"files":{"a.yaml":"a: &a [*a]"}}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseBundle(b)
		if err != nil {
			return
		}
		var again bundle
		if json.Unmarshal(b, &again) != nil || len(s.All()) == 0 || len(s.Advice()) == 0 {
			t.Fatal("taken, and not whole")
		}
		for _, p := range s.All() {
			for _, step := range p.Steps {
				if len(step.Text) != len(Languages) {
					t.Fatalf("%s: step %s", p.Ref(), step.ID)
				}
			}
		}
		for _, k := range kinds {
			if s.For(k, "", "") == nil {
				t.Fatalf("nothing for %s", k)
			}
		}
	})
}
