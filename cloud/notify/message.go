package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// message is what a home is told of one cause.
type message struct {
	place   home.Place
	id      string
	topic   string
	person  string // "": everybody who lives there
	rev     int64
	level   Level
	alarmed Level
	body    body
	made    int64
	changed int64
	due     int64
}

// body is what it is about: cases, or facts of another kind.
type body struct {
	Cases []told      `json:"cases,omitempty"`
	More  int         `json:"more,omitempty"` // cases that are only counted
	Facts words.Facts `json:"facts,omitzero"`
	Path  string      `json:"path,omitempty"` // in the app
	Ways  []Way       `json:"ways,omitempty"` // of a test; none: all
	IDs   []string    `json:"ids,omitempty"`  // of devices that were counted
}

func (b body) facts() words.Facts {
	if len(b.Cases) > 0 {
		return caseFacts(b)
	}
	return b.Facts
}

// incident is the case that the message is about; "" when there are several or none.
func (b body) incident() string {
	if len(b.Cases) == 1 && b.More == 0 {
		return b.Cases[0].ID
	}
	return ""
}

func (b body) path() string {
	if id := b.incident(); id != "" {
		return "/incidents/" + id
	}
	return cmp.Or(b.Path, "/")
}

// devices are the ids of those that it is about.
func (b body) devices() []string {
	out := b.IDs
	for _, c := range b.Cases {
		out = append(out, c.DeviceID)
	}
	return out
}

const selectMessage = `SELECT tenant, home, message, topic, person, rev, level, alarmed, body, made, changed, due FROM notify_message`

func scanMessage(row interface{ Scan(...any) error }) (*message, error) {
	m := &message{}
	var text string
	err := row.Scan(&m.place.Tenant, &m.place.Home, &m.id, &m.topic, &m.person, &m.rev, &m.level, &m.alarmed, &text, &m.made, &m.changed, &m.due)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &m.body); err != nil {
		return nil, fmt.Errorf("message %s: %w", m.id, err)
	}
	return m, nil
}

// latest is the newest message of a topic that was made after a time; nil for none.
func latest(tx *db.Tx, p home.Place, topic string, after time.Time) (*message, error) {
	m, err := scanMessage(tx.Row(selectMessage+` WHERE tenant = ? AND home = ? AND topic = ? AND made > ? ORDER BY made DESC, message DESC LIMIT 1`,
		p.Tenant, p.Home, topic, after.UnixMilli()))
	if db.NoRows(err) {
		return nil, nil
	}
	return m, err
}

func (n *Notify) insert(tx *db.Tx, m *message) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	text, err := json.Marshal(m.body)
	if err != nil {
		return err
	}
	m.id, m.rev, m.made = id.String(), 1, n.opts.Now().UnixMilli()
	m.changed = m.made
	if _, err = tx.Exec(`INSERT INTO notify_message (tenant, home, message, topic, person, rev, level, alarmed, body, made, changed, due)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, m.place.Tenant, m.place.Home, m.id, m.topic, m.person, m.rev, int64(m.level), int64(m.alarmed), string(text),
		m.made, m.changed, m.due); err != nil {
		return fmt.Errorf("note what there is to tell: %w", err)
	}
	tx.After(n.Wake)
	return nil
}

// revise stores a message that says something else now. What was not told yet is told as one with what is new.
func (n *Notify) revise(tx *db.Tx, m *message, level Level, wait time.Duration) error {
	now := n.opts.Now()
	due := now.Add(wait).UnixMilli()
	switch {
	case m.due > 0:
		m.level, m.due = max(m.level, level), min(m.due, due)
	case m.rev < maxRevs || level > Update && m.rev < 2*maxRevs:
		m.rev, m.level, m.due = m.rev+1, level, due
	}
	if err := n.keepBody(tx, m); err != nil {
		return err
	}
	tx.After(n.Wake)
	return nil
}

// keepBody stores a message as it is, and has nobody told.
func (n *Notify) keepBody(tx *db.Tx, m *message) error {
	text, err := json.Marshal(m.body)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE notify_message SET rev = ?, level = ?, body = ?, changed = ?, due = ? WHERE tenant = ? AND home = ? AND message = ?`,
		m.rev, int64(m.level), string(text), n.opts.Now().UnixMilli(), m.due, m.place.Tenant, m.place.Home, m.id); err != nil {
		return fmt.Errorf("note what there is to tell: %w", err)
	}
	return nil
}

// Topics that are not cases. Further things of a topic join what is not told yet; after it was told, the next one waits.
const (
	topicNew     = "new"
	topicPort    = "port"
	topicStopped = "stopped"
)

var every = map[string]time.Duration{topicNew: 15 * time.Minute, topicPort: 30 * time.Minute, topicStopped: 6 * time.Hour}

const (
	together = 20 * time.Second // things of a topic that come within are told together
	// Fresh is how young a thing is news: what is older was known before we were told.
	Fresh    = 2 * 24 * time.Hour
	settling = time.Hour           // in which all devices of a home that is new itself are its own
	keepSeen = 30 * 24 * time.Hour // what was told is remembered so long
	maxSeen  = 2000                // of a home; what is beyond is not told
	// maxSubject is how many bytes are kept of what was told; what is longer is known by its beginning, with its device, and a hash.
	maxSubject = 300
)

// Joined is a device that a gateway told of. Its texts are untrusted.
type Joined struct {
	ID     string
	Device words.Device
	First  time.Time
	Held   bool // it waits for somebody's yes
}

// Home notes that a home tells of its devices: from then on new ones are news.
func (n *Notify) Home(tx *db.Tx, p home.Place) error {
	_, err := n.since(tx, p)
	return err
}

func (n *Notify) since(tx *db.Tx, p home.Place) (time.Time, error) {
	of := p.OfHome()
	n.mu.Lock()
	t, ok := n.homes[of]
	n.mu.Unlock()
	if ok {
		return t, nil
	}
	if _, err := tx.Exec(`INSERT INTO notify_known (tenant, home, subject, at) VALUES (?, ?, '', ?) ON CONFLICT (tenant, home, subject) DO NOTHING`,
		p.Tenant, p.Home, n.opts.Now().UnixMilli()); err != nil {
		return t, err
	}
	var ms int64
	if err := tx.Row(`SELECT at FROM notify_known WHERE tenant = ? AND home = ? AND subject = ''`, p.Tenant, p.Home).Scan(&ms); err != nil {
		return t, err
	}
	t = time.UnixMilli(ms)
	tx.After(func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		if len(n.homes) >= maxHomes {
			clear(n.homes)
		}
		n.homes[of] = t
	})
	return t, nil
}

// NewDevice tells of a device that joined, once: not of those that a home has when it begins, and not of what is older.
func (n *Notify) NewDevice(tx *db.Tx, p home.Place, d Joined) error {
	since, err := n.since(tx, p)
	now := n.opts.Now()
	if err != nil || now.Sub(d.First) > Fresh || !d.Held && d.First.Before(since.Add(settling)) {
		return err
	}
	return n.once(tx, p, topicNew, "device:"+d.ID, func(f *words.Facts, b *body) {
		f.Kind, f.Held, b.Path = words.New, f.Held || d.Held, "/devices"
		add(f, b, d.ID, d.Device)
	})
}

// Port tells of a port by which the internet reaches a device, once.
func (n *Notify) Port(tx *db.Tx, p home.Place, device string, d words.Device, proto string, port uint32, first time.Time) error {
	if n.opts.Now().Sub(first) > Fresh || port == 0 || port > 65535 {
		return nil
	}
	return n.once(tx, p, topicPort, fmt.Sprintf("port:%s:%s:%d", device, words.Line(proto, 8), port), func(f *words.Facts, b *body) {
		f.Kind, b.Path = words.Port, "/devices/"+device
		if len(b.IDs) > 0 && b.IDs[0] != device {
			b.Path = "/devices"
		}
		add(f, b, device, d)
		if len(f.Ports) < words.MaxDevices {
			f.Ports = append(f.Ports, port)
		}
	})
}

// Stopped tells of a site for stealing passwords that a device was kept from, once a device and site.
func (n *Notify) Stopped(tx *db.Tx, p home.Place, device string, d words.Device, site string, at time.Time) error {
	site = words.Line(site, 100)
	if n.opts.Now().Sub(at) > Fresh || site == "" {
		return nil
	}
	return n.once(tx, p, topicStopped, "stopped:"+device+":"+site, func(f *words.Facts, b *body) {
		f.Kind, b.Path, f.Time = words.Stopped, "/activity", at
		add(f, b, device, d)
		if f.Domain == "" {
			f.Domain = site
		} else {
			f.Sites++
		}
	})
}

// add names another device, up to as many as a message names.
func add(f *words.Facts, b *body, id string, d words.Device) {
	for _, known := range b.IDs {
		if known == id {
			return
		}
	}
	d.Name, d.Vendor = words.Line(d.Name, 120), words.Line(d.Vendor, 60)
	if len(b.IDs) < 64 {
		b.IDs = append(b.IDs, id)
	}
	if len(f.Devices) < words.MaxDevices {
		f.Devices = append(f.Devices, d)
	} else {
		f.More++
	}
}

// once tells something of a topic unless it was told before.
func (n *Notify) once(tx *db.Tx, p home.Place, topic, subject string, join func(*words.Facts, *body)) error {
	first, err := n.firstTime(tx, p, subject)
	if err != nil || !first {
		return err
	}
	now := n.opts.Now()
	m, err := latest(tx, p, topic, now.Add(-every[topic]-time.Hour))
	if err != nil {
		return err
	}
	if m != nil && m.due > 0 {
		join(&m.body.Facts, &m.body)
		m.level = levelOf(m.body.Facts)
		return n.revise(tx, m, m.level, time.UnixMilli(m.due).Sub(now)) // it waits for its turn
	}
	full, err := n.full(tx, p)
	if err != nil || full {
		return err
	}
	due := now.Add(together)
	if m != nil {
		if next := time.UnixMilli(m.changed).Add(every[topic]); next.After(due) {
			due = next
		}
	}
	m = &message{place: p.OfHome(), topic: topic, due: due.UnixMilli()}
	join(&m.body.Facts, &m.body)
	m.level = levelOf(m.body.Facts)
	return n.insert(tx, m)
}

func levelOf(f words.Facts) Level {
	if f.Kind == words.New && !f.Held {
		return Info
	}
	return Important
}

func (n *Notify) firstTime(tx *db.Tx, p home.Place, subject string) (bool, error) {
	subject = strings.ReplaceAll(subject, "\x00", "")
	if len(subject) > maxSubject { // a gateway's text: as an error it would end the transaction in which others' reports are stored, each time anew
		sum := sha256.Sum256([]byte(subject))
		subject = strings.ToValidUTF8(subject[:maxSubject-2*len(sum)], "") + hex.EncodeToString(sum[:])
	}
	var had, all int64
	if err := tx.Row(`SELECT COUNT(*), COALESCE(SUM(CASE WHEN subject = ? THEN 1 ELSE 0 END), 0) FROM notify_known WHERE tenant = ? AND home = ?`,
		subject, p.Tenant, p.Home).Scan(&all, &had); err != nil {
		return false, err
	}
	if had > 0 || all >= maxSeen {
		return false, nil
	}
	rows, err := tx.Exec(`INSERT INTO notify_known (tenant, home, subject, at) VALUES (?, ?, ?, ?) ON CONFLICT (tenant, home, subject) DO NOTHING`,
		p.Tenant, p.Home, subject, n.opts.Now().UnixMilli())
	return rows > 0, err
}

// Report tells of a week's report, once.
func (n *Notify) Report(tx *db.Tx, p home.Place, week string, w words.Week) error {
	first, err := n.firstTime(tx, p, "report:"+week)
	if err != nil || !first {
		return err
	}
	return n.insert(tx, &message{place: p.OfHome(), topic: "report", level: Info, due: n.opts.Now().UnixMilli(),
		body: body{Facts: words.Facts{Kind: words.Report, Week: &w}, Path: "/reports/" + week}})
}
