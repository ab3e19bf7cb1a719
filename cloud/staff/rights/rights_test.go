package rights

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// appendix is what was decided, in the words of the decision. The table in the code has to say the same.
const appendix = `
Search home | ✓ | ✓ | pseudonym | ✓ | ✓ | ✓ | –
Names contacted | – | consent | case only | – | audit | – | –
Look up and undo one block by the resident's code | ✓ | ✓ | ✓ | – | – | – | –
Release quarantine | 1 h | ✓ | ✓ | – | – | – | –
Bulk block | – | – | two persons | – | – | two persons | –
Rollouts | – | – | view | ✓ | – | approve | propose
Intelligence lists | – | – | ✓ | – | – | ✓ | propose
Export/erase for a home | request | request | – | – | ✓ | – | –
Users, sign-on | – | – | – | – | – | ✓ | –
Audit log | own | own | own | own | ✓ | read | –
`

func TestTheTableIsWhatWasDecided(t *testing.T) {
	var have []string
	for _, r := range Table() {
		cells := []string{r.What}
		for _, g := range r.Grants {
			cells = append(cells, g.Words())
		}
		have = append(have, strings.Join(cells, " | "))
	}
	if want := strings.Split(strings.TrimSpace(appendix), "\n"); !slices.Equal(have, want) {
		t.Errorf("the table is\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func TestRightsOfOneLineDoNotDiffer(t *testing.T) {
	for i := range Roles {
		if a, b := May(Roles[i], HomeExport), May(Roles[i], HomeErase); a != b {
			t.Errorf("%s: export %s, erase %s", Roles[i], a, b)
		}
	}
}

func TestNothingUnknownIsGranted(t *testing.T) {
	if g := May("king", FleetView); g != No {
		t.Error(g)
	}
	if g := May(Admin, "moon.view"); g != No {
		t.Error(g)
	}
	if g := Best(nil, FleetView); g != No || g.Any() || Audit.Any() || Grant("much").Any() {
		t.Error(g)
	}
	seen := map[Right]bool{}
	for _, l := range Matrix() {
		if seen[l.Right] || l.What == "" || !l.Right.Known() {
			t.Errorf("%s", l.Right)
		}
		seen[l.Right] = true
		for i, g := range l.Grants {
			if g.Words() == "" || meanings[g] == "" {
				t.Errorf("%s of %s: %q", l.Right, Roles[i], g)
			}
		}
	}
	for _, r := range Roles {
		if r.Words() == "" {
			t.Error(r)
		}
	}
}

// TestMoreRolesNeverTakeAway: whoever gets a further role may do at least what they could; and a right that wants two persons is
// never granted to one by any set of roles.
func TestMoreRolesNeverTakeAway(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		roles := rapid.SliceOf(rapid.SampledFrom(Roles)).Draw(rt, "roles")
		more := append(slices.Clone(roles), rapid.SampledFrom(Roles).Draw(rt, "more"))
		right := rapid.SampledFrom(Matrix()).Draw(rt, "right").Right
		a, b := slices.Index(order, Best(roles, right)), slices.Index(order, Best(more, right))
		if b < a {
			rt.Fatalf("%s: %v have %s, %v have %s", right, roles, order[a], more, order[b])
		}
		if slices.Contains([]Right{BulkBlock, HuntStart}, right) && slices.Contains([]Grant{Yes, Read, Approve}, Best(more, right)) {
			rt.Fatalf("%v do %s alone", more, right)
		}
	})
}

func TestDocumentHasEachCell(t *testing.T) {
	d := Describe()
	if len(d.Roles) != 7 || len(d.Table) != 10 || len(d.Rights) != len(lines) {
		t.Fatalf("%d %d %d", len(d.Roles), len(d.Table), len(d.Rights))
	}
	if d.Table[3].Grants[Tier1] != Hour || d.Table[3].Words[Tier1] != "1 h" || d.Table[9].Words[Privacy] != "✓" {
		t.Errorf("%+v", d.Table)
	}
	short, long, meaning := Markdown()
	if strings.Count(short, "\n") != 12 || strings.Count(long, "\n") != len(lines)+2 || !strings.Contains(meaning, "two persons") {
		t.Errorf("%s\n%s\n%s", short, long, meaning)
	}
}
