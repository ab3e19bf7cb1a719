package privacy

import (
	"archive/zip"
	"bytes"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/household"
	"cardea/cloud/rooms"
)

// An archive's README.txt names each of its files and no other, in both languages, whoever made it, and says when Privacy Mode left names out.
func TestTheArchiveSaysWhatIsInItAndWhatIsNot(t *testing.T) {
	ctx := t.Context()
	r, err := rooms.Open(ctx, rooms.Config{Data: t.TempDir()}, rooms.Signals{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	tenant, err := r.Accounts.CreateTenant(ctx, "example", "Example Net")
	if err != nil {
		t.Fatal(err)
	}
	h, err := r.Accounts.CreateHome(ctx, tenant.ID, "Home", "")
	if err != nil {
		t.Fatal(err)
	}
	a := Privacy{&base.Adapter{Rooms: r, Now: time.Now}}
	owner := api.Session{Kind: api.Resident, Tenant: tenant.ID}
	for _, private := range []bool{false, true} {
		if _, err := r.Household.Edit(ctx, h.Place(), household.By{ID: "p", Name: "P"}, func(k *household.Kept) error { k.Private = private; return nil }); err != nil {
			t.Fatal(err)
		}
		var owners, staffs bytes.Buffer
		if err := a.Archive(ctx, h.Place(), owner, &owners); err != nil {
			t.Fatal(err)
		}
		if err := a.Stored(ctx, h.Place(), &staffs); err != nil {
			t.Fatal(err)
		}
		for who, b := range map[string]*bytes.Buffer{"You own this home": &owners, "by its provider": &staffs} {
			files, text := unzip(t, b.Bytes())
			if !strings.Contains(text, who) || strings.Contains(text, "Privacy Mode is on") != private || strings.Contains(text, "Everything") {
				t.Errorf("private %v: %s", private, text)
			}
			for lang, w := range readmes {
				var named []string
				for _, f := range w.files {
					named = append(named, f.file)
				}
				slices.Sort(named)
				if !slices.Equal(named, files) {
					t.Errorf("%s names %v, the archive has %v", lang, named, files)
				}
			}
		}
	}
}

func unzip(t *testing.T, b []byte) (files []string, text string) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if f.Name != "README.txt" {
			files = append(files, f.Name)
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		text = b.String()
	}
	slices.Sort(files)
	return files, text
}

// What is said in one language is said in the other, and in no other; and messages of others are never promised.
func TestTheArchiveSpeaksBothLanguages(t *testing.T) {
	english := regexp.MustCompile(`\b(the|of|what|is|and|your)\b`)
	for _, staff := range []bool{false, true} {
		for _, private := range []bool{false, true} {
			for _, got := range []reached{reachedAll, reachedNewest, reachedNothing, reachedNoGateway, reachedNotAsked} {
				r := readme{language: "en", staff: staff, private: private, contacts: got, rows: 41}
				en := r.text("2026-11-20T10:00:00Z")
				r.language = "de"
				de := r.text("2026-11-20T10:00:00Z")
				for lang, text := range map[string]string{"en": en, "de": de} {
					if strings.Contains(text, "%") || strings.Contains(text, "41") != (got != reachedNotAsked) || !strings.Contains(text, "2026-11-20T10:00:00Z") {
						t.Errorf("%s %+v:\n%s", lang, r, text)
					}
				}
				if strings.Count(en, "\n") != strings.Count(de, "\n") {
					t.Errorf("one says more than the other:\n%s\n%s", en, de)
				}
				if found := english.FindString(de); found != "" {
					t.Errorf("%q in German:\n%s", found, de)
				}
			}
		}
	}
	if other := (readme{language: "fr"}).text("now"); other != (readme{language: "en"}).text("now") {
		t.Error("a language that there is not")
	}
}
