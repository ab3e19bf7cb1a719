package privacy

import (
	"archive/zip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"cardea/cloud/adapt/homes"
	"cardea/cloud/adapt/people"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/home"
)

// An archive has what the cloud stores as JSON, the lists of it as CSV, and whom devices talked to as the gateway at home remembers
// it. That comes last, part by part: no more than one answer of the gateway is in memory.
const (
	contactsPart    = 1000 // of one question
	contactsMost    = 250_000
	contactsAsked   = 600 // questions
	contactsTime    = time.Minute
	contactsBack    = 400 * 24 * time.Hour
	contactsNarrow  = time.Minute // a shorter time is not asked in halves any more
	deliveriesPages = 50
)

// Archive writes what is kept about a home as a zip, for an owner of it. Its README.txt says what is in it and what is not.
func (a Privacy) Archive(ctx context.Context, p home.Place, by api.Session, w io.Writer) error {
	all, err := homes.Homes(a).Export(ctx, p)
	if err != nil {
		return err
	}
	reports, err := homes.Reports(a).Reports(ctx, p)
	if err != nil {
		return err
	}
	told, err := a.toldIn(ctx, p, by)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	f := &archive{zip: z, made: a.Now()}
	f.json("home.json", all)
	f.json("reports.json", reports)
	f.json("kept.json", a.Inventory(api.Language(ctx)))
	f.tables(all, reports, told)
	got, rows := a.contacts(ctx, p, by, f)
	f.readme(readme{language: api.Language(ctx), private: all.Household.Privacy.Private, contacts: got, rows: rows})
	return errors.Join(f.err, z.Close())
}

// toldIn are the messages about a home to whoever exports. Those to others are theirs.
func (a Privacy) toldIn(ctx context.Context, p home.Place, by api.Session) (out []view.Delivery, err error) {
	page := api.Page{Limit: 200}
	for range deliveriesPages {
		s, err := people.Notify(a).Deliveries(ctx, by, page)
		if err != nil {
			return nil, err
		}
		for _, d := range s.Items {
			if d.Home == p.Home {
				out = append(out, d)
			}
		}
		if page.After = s.Next; s.Next == "" {
			break
		}
	}
	return out, nil
}

// contacts asks the gateway, the newest first, and says how much of what it remembers is in the table, and in how many rows.
func (a Privacy) contacts(ctx context.Context, p home.Place, by api.Session, f *archive) (reached, int) {
	ctx, cancel := context.WithTimeout(ctx, contactsTime)
	defer cancel()
	c := &collector{part: homes.Live(a), place: p, who: api.Asker{Session: by}, table: f.table("contacts.csv", contactColumns...)}
	if p.Gateway == "" {
		return reachedNoGateway, 0
	}
	until := a.Now().Add(time.Minute)
	switch err := c.between(ctx, until.Add(-contactsBack), until); {
	case err == nil && c.left == 0:
		return reachedAll, c.rows
	case err == nil, errors.Is(err, errFull), errors.Is(err, context.DeadlineExceeded) && c.rows > 0:
		return reachedNewest, c.rows
	}
	return reachedNothing, c.rows
}

var errFull = errors.New("the archive is full")

// collector asks for contacts in times so short that an answer has all of them.
type collector struct {
	part  homes.Live
	place home.Place
	who   api.Asker
	table func(...string)

	asked, rows int
	left        int // times of which an answer had not all
}

func (c *collector) between(ctx context.Context, from, until time.Time) error {
	if c.asked++; c.asked > contactsAsked || c.rows >= contactsMost {
		return errFull
	}
	got, err := c.part.Contacts(ctx, c.place, c.who, "", from, until, contactsPart)
	if err != nil {
		return err
	}
	if len(got.Items) >= contactsPart && until.Sub(from) > contactsNarrow {
		middle := from.Add(until.Sub(from) / 2).Truncate(time.Millisecond)
		if err := c.between(ctx, middle, until); err != nil {
			return err
		}
		return c.between(ctx, from, middle)
	}
	if len(got.Items) >= contactsPart {
		c.left++
	}
	for i := range got.Items {
		k := &got.Items[i]
		if k.First.Before(from) || !k.First.Before(until) { // it is in the time before or after too
			continue
		}
		c.rows++
		c.table(contactRow(k)...)
	}
	return nil
}

var contactColumns = []string{"device", "first", "last", "name", "domain", "ip", "port", "proto", "named_by", "lookup", "inbound", "local", "peer", "flows", "failed", "bytes_up", "bytes_down", "verdict", "reason"}

func contactRow(k *view.Contact) []string {
	return []string{k.Device, when(k.First), when(k.Last), k.Name, k.Domain, k.IP, num(k.Port), k.Proto, k.Named, yes(k.Lookup), yes(k.Inbound), yes(k.Local), k.Peer,
		num(k.Flows), num(k.Failed), num(k.Up), num(k.Down), k.Verdict, k.Reason}
}

// archive writes files into a zip and remembers the first error.
type archive struct {
	zip  *zip.Writer
	made time.Time
	err  error
}

func (f *archive) create(name string) io.Writer {
	w, err := f.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: f.made})
	if err != nil {
		f.err = errors.Join(f.err, err)
		return io.Discard
	}
	return w
}

func (f *archive) json(name string, v any) {
	e := json.NewEncoder(f.create(name))
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		f.err = errors.Join(f.err, fmt.Errorf("%s: %w", name, err))
	}
}

// table begins a file of rows; the one before is ended by that.
func (f *archive) table(name string, columns ...string) func(...string) {
	w := csv.NewWriter(f.create(name))
	row := func(cells ...string) {
		for i := range cells {
			cells[i] = cell(cells[i])
		}
		if err := w.Write(cells); err != nil {
			f.err = errors.Join(f.err, err)
		}
		w.Flush()
		if err := w.Error(); err != nil {
			f.err = errors.Join(f.err, err)
		}
	}
	row(append([]string(nil), columns...)...)
	return row
}

// cell keeps a device's name from being a formula where the file is opened.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func num[N int | int64 | uint32 | uint64](n N) string { return strconv.FormatInt(int64(n), 10) } //nolint:gosec // counts

func yes(b bool) string { return strconv.FormatBool(b) }

func (f *archive) tables(e view.Export, reports []view.Report, told []view.Delivery) {
	row := f.table("devices.csv", "id", "name", "vendor", "model", "class", "first", "last", "mode")
	for i := range e.Devices {
		d := &e.Devices[i]
		row(d.ID, d.Name, d.Identity.Vendor, d.Identity.Model, d.Identity.Class, when(d.First), when(d.Last), d.Mode)
	}
	row = f.table("incidents.csv", "id", "code", "device", "state", "opened", "changed", "what_happened")
	for i := range e.Incidents {
		c := &e.Incidents[i]
		row(c.ID, c.Code, c.Device.ID, c.State, when(c.Opened), when(c.Changed), c.WhatHappened)
	}
	row = f.table("stopped.csv", "device", "endpoint", "class", "family", "source", "reason", "count", "first", "last")
	for _, s := range e.Stopped {
		row(s.Device.ID, s.Endpoint, s.Class, s.Family, s.Source, s.Reason, num(s.Count), when(s.First), when(s.Last))
	}
	row = f.table("changes.csv", "time", "by", "act", "subject", "sentence")
	for _, c := range e.Household.Changes {
		row(when(c.Time), c.By.Name, c.Act, c.Subject.ID, c.Sentence)
	}
	row = f.table("notifications.csv", "made", "sent", "way", "kind", "level", "status", "why", "check")
	for _, d := range told {
		sent := ""
		if d.Sent != nil {
			sent = when(*d.Sent)
		}
		row(when(d.Made), sent, d.Way, d.Kind, d.Level, d.Status, d.Why, d.Check)
	}
	row = f.table("reports.csv", "week", "from", "until", "devices", "new_devices", "stopped", "trackers", "cases", "bytes_up", "bytes_down")
	for i := range reports {
		r := &reports[i]
		row(r.Week, when(r.From), when(r.Until), num(r.Devices), num(r.NewDevices), num(r.Stopped), num(r.Trackers), num(r.CaseCount), num(r.Up), num(r.Down))
	}
	row = f.table("looks.csv", "time", "who", "role", "act", "what", "reason", "refused", "source")
	for _, l := range e.Looks {
		row(when(l.Time), l.Who, l.Role, l.Act, l.What, l.Reason, yes(l.Refused), l.Source)
	}
}
