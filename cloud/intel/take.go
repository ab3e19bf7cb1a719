package intel

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"cardea/cloud/intel/fetch"
	"cardea/home"
	"cardea/intel"
	"cardea/intel/stix"
)

const (
	maxFiles  = 300     // of a folder
	maxSecret = 4 << 10 // bytes
	maxPlaces = 10      // of refusals that are named
	wholeLife = 7 * day // a collection is read from its beginning so often: what its server removed is not told
	formatSTX = "stix"
	bufBytes  = 64 << 10
)

// gathered is what a source was found to say.
type gathered struct {
	items  []item
	report Report
	mark   fetch.Mark
	since  string
	whole  bool // all of it, not only what is new
}

// gather asks a source. fetch.ErrSame: it says what it said.
func (n *Intel) gather(ctx context.Context, s *State) (g gathered, err error) {
	g.whole = true
	if s.Kind == KindFolder {
		return g, n.folder(ctx, s, &g)
	}
	from := fetch.From{URL: s.Place, Inside: s.Inside}
	if from.Secret, err = n.secret(s.Secret); err != nil {
		return g, err
	}
	if s.Kind == KindTAXII {
		return g, n.collection(ctx, s, from, &g)
	}
	body, _, mark, err := n.client.Get(ctx, from, "text/plain, application/stix+json;version=2.1, application/json, */*;q=0.5", s.mark)
	if err != nil {
		return g, err
	}
	defer func() { _ = body.Close() }() // only read
	g.mark = mark
	return g, g.document(path.Base(s.Place), body, &s.Source)
}

// secret reads what a source is asked with.
func (n *Intel) secret(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if n.o.Dir == "" || !sourceName.MatchString(name) {
		return "", errors.New("there is no folder of secrets")
	}
	f, err := os.Open(filepath.Join(n.o.Dir, "secrets", name))
	if err != nil {
		return "", fmt.Errorf("the file of the secret %q cannot be read", name)
	}
	defer func() { _ = f.Close() }() // only read
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil || len(b) == 0 || len(b) > maxSecret {
		return "", fmt.Errorf("the file of the secret %q holds none", name)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line), nil
}

// folder reads the lists below a folder, or one file.
func (n *Intel) folder(ctx context.Context, s *State, g *gathered) error {
	st, err := os.Stat(s.Place)
	if err != nil {
		return errors.New("the folder is not there, or may not be read")
	}
	dir, only := s.Place, ""
	if !st.IsDir() {
		dir, only = filepath.Dir(s.Place), filepath.Base(s.Place)
	}
	return g.folder(ctx, os.DirFS(dir), only, &s.Source)
}

// folder reads the lists below a folder, or one of them.
func (g *gathered) folder(ctx context.Context, lists fs.FS, only string, s *Source) error {
	err := fs.WalkDir(lists, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case only != "" && name != "." && name != only, name != "." && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() || !d.Type().IsRegular() || !isList(d.Name()):
			return nil
		}
		if g.report.Files++; g.report.Files > maxFiles {
			return fmt.Errorf("the folder has more than %d lists", maxFiles)
		}
		f, err := lists.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // only read
		return g.document(name, f, s)
	})
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = fmt.Errorf("%s: %w", path.Base(p.Path), p.Err)
		}
		return err
	}
	return nil
}

func isList(name string) bool {
	switch path.Ext(name) {
	case ".meta", ".md", ".tmp", ".part", ".swp", ".sha256":
		return false
	}
	return !strings.HasSuffix(name, "~")
}

// collection reads what is new of a TAXII collection and lays it over what is known, or all of it each week.
func (n *Intel) collection(ctx context.Context, s *State, from fetch.From, g *gathered) error {
	since := s.since
	g.whole = since == "" || n.o.Now().Sub(s.whole) >= wholeLife
	have := map[string][]item{}
	if g.whole {
		since = ""
	} else {
		data, err := n.content(ctx, s.Name, "good")
		if err != nil {
			return err
		}
		if err := each(data, func(i item) error { have[i.id] = append(have[i.id], i); return nil }); err != nil {
			return err
		}
	}
	var err error
	news, entries := 0, 0
	for _, list := range have {
		entries += len(list)
	}
	g.since, err = n.client.Collection(ctx, from, since, func(p fetch.Page) error {
		g.count(&p.Report, "")
		for k := range p.Indicators {
			x := &p.Indicators[k]
			entries -= len(have[x.ID])
			delete(have, x.ID)
			if list := stixItems(x, s.Life); len(list) > 0 {
				have[x.ID] = list
				entries += len(list)
			}
		}
		if news += len(p.Indicators); entries > MaxEntries {
			return fmt.Errorf("it has more than %d entries", MaxEntries)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !g.whole && news == 0 {
		return fetch.ErrSame
	}
	now := n.o.Now().Unix()
	for _, list := range have {
		for _, i := range list {
			if i.until == 0 || i.until > now {
				g.items = append(g.items, i)
			}
		}
	}
	return nil
}

// stixItems are those of an indicator. One that says no end ends after life.
func stixItems(x *stix.Indicator, life time.Duration) (out []item) {
	var from, until int64
	if !x.From.IsZero() {
		from = x.From.Unix()
	}
	switch {
	case !x.Until.IsZero():
		until = x.Until.Unix()
	case !x.Modified.IsZero():
		until = x.Modified.Add(life).Unix()
	case from != 0:
		until = x.From.Add(life).Unix()
	}
	for _, e := range x.Entries {
		i := item{entry: e, confidence: x.Confidence, from: from, until: until, class: x.Class, family: familyText(x.Family), id: x.ID}
		if x.Class == home.ClassMalware {
			i.class = ""
		}
		out = append(out, i)
	}
	return out
}

func familyText(s string) string { return strings.Join(strings.Fields(s), " ") }

// document reads one list or bundle of STIX objects.
func (g *gathered) document(name string, r io.Reader, s *Source) error {
	b := bufio.NewReaderSize(&bounded{r: r, left: fetch.MaxText}, bufBytes)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) { // a packed file, not a packed answer
		z, err := gzip.NewReader(b)
		if err != nil {
			return fmt.Errorf("%s: the packed list cannot be read: %w", name, cut(err))
		}
		name = strings.TrimSuffix(name, ".gz")
		b = bufio.NewReaderSize(&bounded{r: z, left: fetch.MaxText}, bufBytes)
	}
	head, err := b.Peek(intel.HeadBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", name, cut(err))
	}
	if why := noList(head); why != "" {
		return fmt.Errorf("%s is not a list: %s", name, why)
	}
	if rest, ok := bytes.CutPrefix(head, bom); ok {
		head = rest
		_, _ = b.Discard(len(bom)) // it was peeked at
	}
	t, isTable := table{}, false
	if s.Format == "" || s.Format == formatCSV {
		t, isTable = tableOf(head)
	}
	switch {
	case s.Format == formatSTX || s.Format == "" && bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")):
		err = g.bundle(name, b, s)
	case isTable:
		err = g.csv(name, t, b, s)
	case s.Format == formatCSV:
		err = errors.New("no line names a column that holds names, addresses or URLs")
	default:
		return g.list(name, head, b, s) // names itself
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, cut(err))
	}
	return nil
}

var bom = []byte("\ufeff")

// noList says what is no list at all, by its first bytes.
func noList(head []byte) string {
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, bom)))
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return "it is a ZIP archive: unpack it, or use the address of the list as text or gzip"
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return "it is a tar archive, as a bundle file is: name the list, or the folder of lists, of which it was made"
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "it is written in UTF-16: save it as UTF-8"
	case bytes.HasPrefix(text, []byte("<!doctype html")), bytes.HasPrefix(text, []byte("<html")):
		return "it is a page of the web, as for signing in or of an error"
	case bytes.HasPrefix(text, []byte("<?xml")):
		return "it is XML"
	}
	return ""
}

// cut says in words that something ended too early.
func cut(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("it is cut off: %w", err)
	}
	return err
}

// bundle takes STIX objects.
func (g *gathered) bundle(name string, r io.Reader, s *Source) error {
	list, rep, err := stix.Read(r)
	if err != nil {
		return err
	}
	if rep.More {
		return errors.New("that is a page of a TAXII collection: add it as one")
	}
	if rep.Envelope && rep.Objects == 0 {
		return errors.New("it is JSON without any object of STIX")
	}
	g.count(&rep, name)
	for k := range list {
		if err := g.take(stixItems(&list[k], s.Life)...); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathered) count(rep *stix.Report, name string) {
	g.report.Skipped += rep.Skipped
	for why, n := range rep.Refused {
		g.report.add(why, n)
	}
	for _, f := range rep.Named {
		place := fmt.Sprintf("object %d (%s)", f.Object, f.ID)
		if f.At > 0 {
			place = fmt.Sprintf("%s, at %d of its pattern", place, f.At)
		}
		if name != "" {
			place = name + ": " + place
		}
		g.place(place + ": " + f.Why)
	}
}

// place names something that was not taken; of the first few.
func (g *gathered) place(s string) {
	if len(g.report.Places) < maxPlaces {
		g.report.Places = append(g.report.Places, s)
	}
}

func (r *Report) add(why string, n int) {
	if r.Refused == nil {
		r.Refused = map[string]int{}
	}
	r.Refused[why] += n
}

// list takes a list in any of the forms that lists have.
func (g *gathered) list(name string, head []byte, r io.Reader, s *Source) error {
	about, err := intel.About(name, head, "")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if s.Class != "" {
		about.Class = s.Class
	}
	if s.Format != "" {
		if about.Format, err = intel.ParseFormat(s.Format); err != nil {
			return err
		}
	}
	about.Exact = about.Exact || s.Exact
	class := classOf(about.Class)
	family := familyText(about.Family)
	var full error
	rep, err := intel.Read(&stopping{r: r, err: &full}, about, func(l *intel.List, e intel.Entry) intel.Reason {
		if l.Class == intel.ClassAllow || e.Allow && e.Name == "" {
			return "an exception that a source cannot make"
		}
		if why := intel.Refuse(e); why != "" && !e.Allow {
			g.place(name + ": " + valueOf(e) + ": " + string(why))
			return why
		}
		i := item{entry: e, confidence: e.Confidence, class: class, family: family}
		i.entry.Confidence = 0
		if full == nil {
			full = g.take(i)
		}
		return ""
	})
	if err = cmp.Or(full, err); err != nil {
		return fmt.Errorf("%s: %w", name, cut(err))
	}
	g.report.Skipped += rep.Skipped
	g.report.Bad += rep.Bad
	for why, n := range rep.Refused {
		g.report.add(string(why), n)
	}
	for _, b := range rep.Named {
		g.place(fmt.Sprintf("%s, line %d: %s", name, b.Line, b.Why))
	}
	if rep.Bad > 20 && rep.Bad > rep.Entries+rep.Skipped {
		return fmt.Errorf("%s is not a list: %d of %d lines cannot be read", name, rep.Bad, rep.Lines)
	}
	return nil
}

// take keeps what was found, as long as there is room.
func (g *gathered) take(list ...item) error {
	if len(g.items)+len(list) > MaxEntries {
		return fmt.Errorf("it has more than %d entries", MaxEntries)
	}
	g.items = append(g.items, list...)
	return nil
}

// stopping ends with an error that somebody else met.
type stopping struct {
	r   io.Reader
	err *error
}

// Read implements io.Reader.
func (s *stopping) Read(p []byte) (int, error) {
	if *s.err != nil {
		return 0, *s.err
	}
	return s.r.Read(p)
}

// bounded fails where more comes than is taken.
type bounded struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fetch.ErrLarge
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
