package privacy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// readme is what an archive's README.txt has to say. It promises nothing that the archive has not.
type readme struct {
	language string // of the reader; English where it is none of ours
	staff    bool   // made by the provider's staff, and not by an owner of the home
	private  bool   // Privacy Mode is on
	contacts reached
	rows     int // of contacts.csv
}

// reached says how much of what the gateway remembers is in contacts.csv.
type reached int

const (
	reachedAll reached = iota
	reachedNewest
	reachedNothing // it did not answer, or not to the end
	reachedNoGateway
	reachedNotAsked // staff do not ask the gateway
)

// readmeWords are a README.txt in one language.
type readmeWords struct {
	owner, staff string // of when it was made
	is, isNot    string
	files        []named            // all but README.txt itself
	contacts     map[reached]string // all but reachedNotAsked take the rows
	missing      []string
	ownerMissing []string
	staffMissing []string
	private      string
	form         string
}

type named struct{ file, what string }

var readmes = map[string]readmeWords{"en": readmeEN, "de": readmeDE}

var readmeEN = readmeWords{
	owner: "What is kept about your home, made %s. You own this home: the devices of everybody who lives there are in it.",
	staff: "What is kept about a home, made %s by its provider, after one of its staff had asked for it and another had agreed.",
	is:    "What is in it", isNot: "What is not in it",
	files: []named{
		{"home.json", "the home as the app shows it: devices and their last seven days, cases, what was asked of the gateway, what people decided, who may look, and what others learn from"},
		{"reports.json", "weekly reports"},
		{"kept.json", "all that is kept, in this archive or not: what, why and for how many days"},
		{"devices.csv", "devices"},
		{"incidents.csv", "what happened and what became of it"},
		{"stopped.csv", "what was refused in the last 90 days, and why"},
		{"changes.csv", "who changed what"},
		{"notifications.csv", "messages to whoever made the archive"},
		{"reports.csv", "weekly reports, the figures only"},
		{"looks.csv", "who looked at the home, and why"},
		{"contacts.csv", "whom devices talked to, from the gateway: the cloud does not have it"},
	},
	contacts: map[reached]string{
		reachedAll:       "contacts.csv has all that the gateway remembers (rows: %d).",
		reachedNewest:    "The gateway remembers more than what is in contacts.csv, which has the newest of it (rows: %d).",
		reachedNothing:   "The gateway did not answer, or not to the end: contacts.csv has only a part (rows: %d). Try again when it is online.",
		reachedNoGateway: "The home has no gateway that could tell whom devices talked to (rows in contacts.csv: %d).",
		reachedNotAsked:  "contacts.csv is empty: whom devices talked to is the household's alone, which fetches it from its app.",
	},
	missing: []string{
		"What people sign in with and how they want to be told: names, addresses, passkeys, where they are signed in, telephone numbers. Each sees their own in the app, under \"Signing in\" and \"Notifications\".",
		"Secrets: of codes, labels and invitations there are hashes only.",
		"What the cloud keeps to count and to work: hashed endpoints and bytes by the hour, how the line worked, and how far reports are stored. kept.json names it.",
		"What the gateway keeps beside its contacts: what is normal for each device.",
		"Names and addresses that guests' devices talked to: they are kept nowhere.",
	},
	ownerMissing: []string{"Messages to other people of the home: they are theirs."},
	staffMissing: []string{"Messages to the people of the home, which are theirs: notifications.csv is empty."},
	private: "Privacy Mode is on: names and addresses of those whom devices talk to stay on the gateway, whose own page and whose command cardea-agent contacts show them. Neither home.json nor the tables have them, but for what was " +
		"told before it was turned on and was not erased.",
	form: "All files are text in UTF-8. Times are UTC, RFC 3339. A cell that a spreadsheet could take for a formula begins with '.",
}

// text is the whole file.
func (r readme) text(made string) string {
	w, ok := readmes[r.language]
	if !ok {
		w = readmeEN
	}
	head, missing := w.owner, slices.Concat(w.ownerMissing, w.missing)
	if r.staff {
		head, missing = w.staff, slices.Concat(w.staffMissing, w.missing)
	}
	contacts := w.contacts[r.contacts]
	if r.contacts != reachedNotAsked {
		contacts = fmt.Sprintf(contacts, r.rows)
	}
	if r.private {
		missing = append(missing, w.private)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s:\n\n", fmt.Sprintf(head, made), w.is)
	for _, f := range w.files {
		fmt.Fprintf(&b, "%-19s %s\n", f.file, f.what)
	}
	fmt.Fprintf(&b, "\n%s\n\n%s:\n\n", contacts, w.isNot)
	for _, m := range missing {
		fmt.Fprintf(&b, "- %s\n", m)
	}
	fmt.Fprintf(&b, "\n%s\n", w.form)
	return b.String()
}

func (f *archive) readme(r readme) {
	_, err := fmt.Fprint(f.create("README.txt"), r.text(when(f.made)))
	f.err = errors.Join(f.err, err)
}
