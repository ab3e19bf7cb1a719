package intel

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"cardea/cloud/intel/fetch"
	"cardea/home"
	"cardea/intel"
	"cardea/internal/platform/db"
)

// Kinds of source.
const (
	KindFolder = "folder" // lists on this machine
	KindHTTP   = "http"
	KindTAXII  = "taxii" // a collection of a TAXII 2.1 server
)

// Bounds of sources.
const (
	MaxSources   = 100
	DefaultEvery = 5 * time.Minute
	MinEvery     = time.Minute
	DefaultLife  = 30 * day
	DefaultTrust = intel.DefaultConfidence
)

// Source is one that intelligence is fetched from.
type Source struct {
	Name   string        `json:"name"`
	Kind   string        `json:"kind"`
	Place  string        `json:"place"`            // path of a folder, or URL
	Format string        `json:"format,omitempty"` // "": found out; stix
	Class  home.Class    `json:"class,omitempty"`  // "": as the source says, else malware
	Family string        `json:"family,omitempty"`
	Trust  int           `json:"trust"` // 0: fetched, and in no list; 100: as sure as it says
	Every  time.Duration `json:"-"`
	Life   time.Duration `json:"-"` // what was not told again so long is dropped
	Exact  bool          `json:"exact,omitempty"`
	Secret string        `json:"secret,omitempty"` // name of a file in Options.Dir/secrets
	Inside bool          `json:"inside,omitempty"` // it may be in the provider's own network
	Why    string        `json:"why"`
	Who    string        `json:"who"`
	Made   time.Time     `json:"made"`

	// ByStaff is set of one that comes by the API, not by the server's administrator. It is not kept.
	ByStaff bool `json:"-"`

	edition int64
}

var sourceName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// check fills in what was left out and says what cannot be.
func (s *Source) check() error {
	if s.Every == 0 {
		s.Every = DefaultEvery
	}
	if s.Life == 0 {
		s.Life = DefaultLife
	}
	switch {
	case !sourceName.MatchString(s.Name):
		return fmt.Errorf("%w: a source's name is up to 40 small letters, digits and hyphens", ErrWrong)
	case s.Trust < 0 || s.Trust > 100:
		return fmt.Errorf("%w: trust %d, want 0 to 100", ErrWrong, s.Trust)
	case s.Every < MinEvery || s.Every > 7*day:
		return fmt.Errorf("%w: it can be asked once a minute to once a week", ErrWrong)
	case s.Life < s.Every || s.Life > 400*day:
		return fmt.Errorf("%w: it has to be kept for longer than it takes to ask again, and 400 days at most", ErrWrong)
	case !oneLine(s.Why, 3, 300) || !oneLine(s.Family, 0, 60):
		return fmt.Errorf("%w: say why in one line, and a family in up to 60 bytes", ErrWrong)
	case s.Secret != "" && (!sourceName.MatchString(s.Secret) || s.Kind == KindFolder):
		return fmt.Errorf("%w: a secret is named as its file in the folder of secrets", ErrWrong)
	}
	switch s.Class {
	case "", home.ClassMalware, home.ClassPhishing, home.ClassTracking, home.ClassBypass, home.ClassAdult:
	default:
		return fmt.Errorf("%w: class %q, want malware, phishing, tracking, bypass or adult", ErrWrong, s.Class)
	}
	if s.Format != formatSTX && s.Format != formatCSV {
		if _, err := intel.ParseFormat(s.Format); err != nil {
			return fmt.Errorf("%w: %w", ErrWrong, err)
		}
	}
	return s.checkPlace()
}

func (s *Source) checkPlace() error {
	switch s.Kind {
	case KindFolder:
		if !filepath.IsAbs(s.Place) || len(s.Place) > 1000 {
			return fmt.Errorf("%w: want the whole path of a folder or a file", ErrWrong)
		}
	case KindHTTP, KindTAXII:
		if err := fetch.CheckURL(s.Place, s.Inside); err != nil {
			return fmt.Errorf("%w: %w", ErrWrong, err)
		}
	default:
		return fmt.Errorf("%w: kind %q, want %s, %s or %s", ErrWrong, s.Kind, KindFolder, KindHTTP, KindTAXII)
	}
	return nil
}

func oneLine(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd })
}

// SetSource adds a source, or changes the one of that name: then it is fetched anew. note writes it down in the same transaction.
func (n *Intel) SetSource(ctx context.Context, s Source, note func(*db.Tx) error) error {
	if err := s.check(); err != nil {
		return err
	}
	now := n.o.Now().UnixMilli()
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		var count, edition int64
		if err := tx.Row("SELECT COUNT(*) FROM intel_source WHERE name <> ?", s.Name).Scan(&count); err != nil {
			return err
		}
		if count >= MaxSources {
			return fmt.Errorf("%w: there are %d sources already", ErrWrong, count)
		}
		if err := tx.Row("SELECT COALESCE(MAX(edition), 0) FROM intel_source").Scan(&edition); err != nil {
			return err
		}
		if err := s.mayName(tx); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO intel_source (name, kind, place, format, class, family, trust, every, life, exact, secret, inside, why, who, made, edition)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, place = excluded.place, format = excluded.format,
			class = excluded.class, family = excluded.family, trust = excluded.trust, every = excluded.every, life = excluded.life, exact = excluded.exact,
			secret = excluded.secret, inside = excluded.inside, why = excluded.why, who = excluded.who, made = excluded.made, edition = excluded.edition`,
			s.Name, s.Kind, s.Place, s.Format, string(s.Class), s.Family, s.Trust, s.Every.Milliseconds(), s.Life.Milliseconds(), flag(s.Exact), s.Secret, flag(s.Inside),
			s.Why, s.Who, now, edition+1); err != nil {
			return err
		}
		if err := want(tx); err != nil {
			return err
		}
		return noted(tx, note)
	})
}

// mayName fails for staff who would have a secret sent to another server than it goes to already: they would read it there.
func (s *Source) mayName(tx *db.Tx) error {
	if !s.ByStaff || s.Secret == "" {
		return nil
	}
	rows, err := tx.Query("SELECT place FROM intel_source WHERE secret = ? ORDER BY name", s.Secret)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	to, known := serverOf(s.Place), false
	for rows.Next() {
		var place string
		if err := rows.Scan(&place); err != nil {
			return err
		}
		known = known || serverOf(place) == to
	}
	if err := rows.Err(); err != nil || known {
		return err
	}
	return fmt.Errorf("%w: the secret %q is not used for that server yet: who administers the cloud's server uses it for that first", ErrWrong, s.Secret)
}

// serverOf is which server a URL is of; CheckURL has seen that it is one.
func serverOf(place string) string {
	u, err := url.Parse(place)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func noted(tx *db.Tx, note func(*db.Tx) error) error {
	if note == nil {
		return nil
	}
	return note(tx)
}

// want has the lists built anew by whoever has the turn next.
func want(tx *db.Tx) error {
	_, err := tx.Exec("UPDATE intel_turn SET wanted = 1 WHERE id = 1")
	return err
}

// RemoveSource removes a source with all that it told; the next build is without it.
func (n *Intel) RemoveSource(ctx context.Context, name string, note func(*db.Tx) error) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		some, err := tx.Exec("DELETE FROM intel_source WHERE name = ?", name)
		if err != nil {
			return err
		}
		if some == 0 {
			return fmt.Errorf("source %q: %w", name, ErrUnknown)
		}
		for _, table := range []string{"intel_fetch", "intel_content"} {
			if _, err := tx.Exec("DELETE FROM "+table+" WHERE source = ?", name); err != nil {
				return err
			}
		}
		if err := want(tx); err != nil {
			return err
		}
		return noted(tx, note)
	})
}

// State is how a source stands.
type State struct {
	Source
	State   string    `json:"state"`             // new, good, held, failed
	Tried   time.Time `json:"tried"`             // zero: never
	Good    time.Time `json:"good"`              // when it was last as it should be; zero: never
	Failure string    `json:"failure,omitempty"` // in plain words
	Fails   int       `json:"fails,omitempty"`   // one after the other
	Due     time.Time `json:"due"`
	Entries int       `json:"entries"`        // of its last good content
	Held    int       `json:"held,omitempty"` // of the content that waits for a yes
	Report  Report    `json:"report"`
	Placed  Placed    `json:"placed"`

	mark         fetch.Mark
	since        string
	whole        time.Time
	sum, heldSum string
	contentAt    time.Time
}

// Report says what was found in a source when it was fetched last.
type Report struct {
	Files   int            `json:"files,omitempty"`
	Entries int            `json:"entries"`
	Skipped int            `json:"skipped,omitempty"` // pages and paths, objects of other types
	Bad     int            `json:"bad,omitempty"`
	Refused map[string]int `json:"refused,omitempty"` // by reason
	Places  []string       `json:"places,omitempty"`  // of the first that were refused
}

// Placed says what became of a source's content in the lists.
type Placed struct {
	Entries int            `json:"entries"`           // in force
	Refused map[string]int `json:"refused,omitempty"` // by the guard, by reason
	Names   []string       `json:"names,omitempty"`   // some of those
	Ended   int            `json:"ended,omitempty"`   // too old, or not begun
	Allowed int            `json:"allowed,omitempty"` // by the list of exceptions
	At      time.Time      `json:"at"`
}

const sourceColumns = `s.name, s.kind, s.place, s.format, s.class, s.family, s.trust, s.every, s.life, s.exact, s.secret, s.inside, s.why, s.who, s.made, s.edition,
	COALESCE(f.edition, 0), COALESCE(f.state, 'new'), COALESCE(f.tried, 0), COALESCE(f.good, 0), COALESCE(f.failure, ''), COALESCE(f.fails, 0), COALESCE(f.due, 0),
	COALESCE(f.etag, ''), COALESCE(f.modified, ''), COALESCE(f.since, ''), COALESCE(f.whole, 0), f.report, f.placed,
	COALESCE(g.sum, ''), COALESCE(g.entries, 0), COALESCE(g.at, 0), COALESCE(h.sum, ''), COALESCE(h.entries, 0)
	FROM intel_source s LEFT JOIN intel_fetch f ON f.source = s.name
	LEFT JOIN intel_content g ON g.source = s.name AND g.part = 'good' LEFT JOIN intel_content h ON h.source = s.name AND h.part = 'held'`

// Sources lists them by name.
func (n *Intel) Sources(ctx context.Context) (out []State, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query("SELECT " + sourceColumns + " ORDER BY s.name")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			s, err := scanState(rows.Scan)
			if err != nil {
				return err
			}
			out = append(out, s)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("sources: %w", err)
	}
	return out, nil
}

// Source gives one.
func (n *Intel) Source(ctx context.Context, name string) (s State, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		s, err = scanState(tx.Row("SELECT "+sourceColumns+" WHERE s.name = ?", name).Scan)
		return err
	})
	if db.NoRows(err) {
		err = ErrUnknown
	}
	if err != nil {
		return s, fmt.Errorf("source %q: %w", name, err)
	}
	return s, nil
}

func scanState(scan func(...any) error) (s State, err error) {
	var exact, inside, every, life, made, edition, tried, good, due, whole, at int64
	var report, placed []byte
	if err := scan(&s.Name, &s.Kind, &s.Place, &s.Format, &s.Class, &s.Family, &s.Trust, &every, &life, &exact, &s.Secret, &inside, &s.Why, &s.Who, &made, &s.edition,
		&edition, &s.State, &tried, &good, &s.Failure, &s.Fails, &due, &s.mark.ETag, &s.mark.Modified, &s.since, &whole, &report, &placed,
		&s.sum, &s.Entries, &at, &s.heldSum, &s.Held); err != nil {
		return s, err
	}
	s.Exact, s.Inside = exact != 0, inside != 0
	s.Every, s.Life, s.Made = time.Duration(every)*time.Millisecond, time.Duration(life)*time.Millisecond, fromMilli(made)
	s.Tried, s.Good, s.Due, s.whole, s.contentAt = fromMilli(tried), fromMilli(good), fromMilli(due), fromMilli(whole), fromMilli(at)
	if edition != s.edition { // it was changed since: nothing that was said of it holds for the next time
		s.mark, s.since, s.Due, s.whole = fetch.Mark{}, "", time.Time{}, time.Time{}
	}
	if len(report) > 0 {
		err = json.Unmarshal(report, &s.Report)
	}
	if err == nil && len(placed) > 0 {
		err = json.Unmarshal(placed, &s.Placed)
	}
	return s, err
}
