package rights

import (
	"fmt"
	"strings"
)

// Row is a line of the table that staff are told: several rights may stand in one.
type Row struct {
	What   string
	Rights []Right
	Grants [7]Grant
}

// rows are the lines and the rights in each; of a role the first that is granted says how.
var rows = []Row{
	{What: "Search home", Rights: []Right{HomeSearch}},
	{What: "Names contacted", Rights: []Right{HomeNames}},
	{What: "Look up and undo one block by the resident's code", Rights: []Right{HomeCode}},
	{What: "Release quarantine", Rights: []Right{HomeRelease}},
	{What: "Bulk block", Rights: []Right{BulkBlock}},
	{What: "Rollouts", Rights: []Right{RolloutChange, RolloutApprove, RolloutPropose, RolloutView}},
	{What: "Intelligence lists", Rights: []Right{IntelChange, IntelPropose, IntelView}},
	{What: "Export/erase for a home", Rights: []Right{HomeExport, HomeErase}},
	{What: "Users, sign-on", Rights: []Right{StaffManage}},
	{What: "Audit log", Rights: []Right{AuditRead, AuditOwn}},
}

// Table is the short table: what staff do, and how each role may.
func Table() []Row {
	out := make([]Row, len(rows))
	for i, r := range rows {
		for k, role := range Roles {
			r.Grants[k] = first(role, r.Rights)
		}
		out[i] = r
	}
	return out
}

func first(role Role, list []Right) Grant {
	for _, right := range list {
		if g := May(role, right); g != No {
			return g
		}
	}
	return No
}

// Document is the table as JSON has it.
type Document struct {
	Roles  []RoleDoc  `json:"roles"`
	Table  []RowDoc   `json:"table"`  // the short one
	Rights []RightDoc `json:"rights"` // each right
	Grants []GrantDoc `json:"grants"`
}

// RoleDoc is a role and what people call it.
type RoleDoc struct {
	Role Role   `json:"role"`
	Name string `json:"name"`
}

// RowDoc is a line of the short table.
type RowDoc struct {
	What   string          `json:"what"`
	Rights []Right         `json:"rights"`
	Grants map[Role]Grant  `json:"grants"`
	Words  map[Role]string `json:"words"`
}

// RightDoc is a right.
type RightDoc struct {
	Right  Right           `json:"right"`
	What   string          `json:"what"`
	Grants map[Role]Grant  `json:"grants"`
	Words  map[Role]string `json:"words"`
}

// GrantDoc is a grant and what it means.
type GrantDoc struct {
	Grant Grant  `json:"grant"`
	Words string `json:"words"`
	What  string `json:"what"`
}

var meanings = map[Grant]string{
	Yes: "Allowed.", No: "Refused.", Audit: "Not itself: who did it and when stands in the audit log.", Own: "One's own acts only.",
	Propose: "May propose it; somebody with the right decides.", View: "May look, and changes nothing.", Request: "May ask for it; somebody who is allowed decides.",
	Hour: "For an hour: then it is as before, unless the device is clean.", Pseudonym: "Homes have a keyed pseudonym in the place of name, account and address.",
	Case: "Only while the home has an open incident, and only of its device.", Consent: "Only while a consent holds that a resident of the home has signed.",
	Two: "Another person with the same right has to agree before it is done.", Approve: "Decides about what somebody else proposed.", Read: "May read all of it, and changes nothing.",
}

// Describe is the whole of it.
func Describe() Document {
	var d Document
	for _, r := range Roles {
		d.Roles = append(d.Roles, RoleDoc{r, r.Words()})
	}
	for _, r := range Table() {
		g, w := cells(r.Grants)
		d.Table = append(d.Table, RowDoc{r.What, r.Rights, g, w})
	}
	for _, l := range lines {
		g, w := cells(l.Grants)
		d.Rights = append(d.Rights, RightDoc{l.Right, l.What, g, w})
	}
	for _, g := range order {
		d.Grants = append(d.Grants, GrantDoc{g, g.Words(), meanings[g]})
	}
	return d
}

func cells(grants [7]Grant) (map[Role]Grant, map[Role]string) {
	g, w := map[Role]Grant{}, map[Role]string{}
	for i, role := range Roles {
		g[role], w[role] = grants[i], grants[i].Words()
	}
	return g, w
}

// Markdown is the short table and the long one, as docs/rights.md and the command have them.
func Markdown() (short, long, meaning string) {
	var s, l, m strings.Builder
	head := func(b *strings.Builder, first string) {
		b.WriteString("| " + first + " |")
		for _, r := range Roles {
			b.WriteString(" " + r.Words() + " |")
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(Roles)) + "\n")
	}
	line := func(b *strings.Builder, first string, grants [7]Grant) {
		b.WriteString("| " + first + " |")
		for _, g := range grants {
			b.WriteString(" " + g.Words() + " |")
		}
		b.WriteString("\n")
	}
	head(&s, "")
	for _, r := range Table() {
		line(&s, r.What, r.Grants)
	}
	head(&l, "right")
	for _, r := range lines {
		line(&l, "`"+string(r.Right)+"` "+r.What, r.Grants)
	}
	m.WriteString("| | |\n|---|---|\n")
	for _, g := range order {
		fmt.Fprintf(&m, "| %s | %s |\n", g.Words(), meanings[g])
	}
	return s.String(), l.String(), m.String()
}
