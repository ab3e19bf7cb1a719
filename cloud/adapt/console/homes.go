package console

import (
	"context"
	"errors"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/cloud/notify"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

type consolePart struct{ *base.Adapter }

var errCursor = problem.New(problem.Invalid, "That is no cursor of this list. Begin at the first page.")

func (a consolePart) Homes(ctx context.Context, tenant string, q api.HomesQuery, page api.Page) (out api.Slice[view.ConsoleHome], err error) {
	if q.State == "new" { // of these there is nothing but the account
		return a.newHomes(ctx, tenant, q.Text, page)
	}
	f := stateQuery(q.State)
	f.Version, f.Platform, f.Troubled, f.Sort, f.Down, f.After, f.Limit = q.Version, q.Platform, q.Troubled, q.Sort, q.Down, page.After, page.Limit
	list, next, err := a.faces(ctx, tenant, q.Text, f)
	if errors.Is(err, history.ErrCursor) {
		return out, errCursor
	}
	if err != nil {
		return out, faults.Tell(err)
	}
	out.Next = next
	ids := make([]string, len(list))
	for i, h := range list {
		ids[i] = h.Home
	}
	names, err := a.Accounts.HomesOf(ctx, tenant, ids)
	if err != nil {
		return out, faults.Tell(err)
	}
	for _, h := range list {
		out.Items = append(out.Items, view.ConsoleHome{ID: h.Home, Name: names[h.Home].Name, Account: names[h.Home].Account, State: a.faceState(h), LastContact: base.At(h.Seen),
			Version: h.Version, Platform: h.Platform, Devices: h.Devices, Incidents: h.Incidents, Contained: h.Contained})
	}
	return out, a.planned(ctx, tenant, out.Items)
}

// planned says what plan each home of a page has.
func (a consolePart) planned(ctx context.Context, tenant string, list []view.ConsoleHome) error {
	ids := make([]string, len(list))
	for i, h := range list {
		ids[i] = h.ID
	}
	plans, err := a.Accounts.PlansOf(ctx, tenant, ids)
	for i := range list {
		if p, ok := plans[list[i].ID]; ok {
			list[i].Plan, list[i].Support = p.Name, p.Has(account.ExtraSupport)
		}
	}
	return faults.Tell(err)
}

// stateQuery asks for the homes of a state of the screen, by home; "" for all.
func stateQuery(state string) (f history.FaceQuery) {
	switch state {
	case "":
	case "offline":
		f.Silent = true
	default:
		f.Status, f.Heard = fleetStates[state], true
	}
	return f
}

// walkedFaces is how many homes are gone through in an answer where a text finds too many to look them up.
const (
	walkedFaces = 2500
	walkedAt    = 500 // the most of a page of history
)

// faces are the homes of a page. Where a text finds few of them these are put into order; where it finds many, homes are gone through in
// order until enough of them fit: the page may then have fewer than asked for, with a cursor to go on from.
func (a consolePart) faces(ctx context.Context, tenant, text string, f history.FaceQuery) (out []history.Face, next string, err error) {
	more := false
	if text != "" {
		if f.Homes, more, err = a.Accounts.Sought(ctx, tenant, text); err != nil || !more && len(f.Homes) == 0 {
			return nil, "", err
		}
	}
	limit := f.Limit
	if !more {
		if out, err = a.History.Faces(ctx, tenant, f); err == nil && len(out) == limit && limit > 0 {
			next = out[limit-1].Next()
		}
		return out, next, err
	}
	for n := 0; n < walkedFaces; n += walkedAt {
		f.Limit = walkedAt
		list, err := a.History.Faces(ctx, tenant, f)
		if err != nil {
			return nil, "", err
		}
		ids := make([]string, len(list))
		for i, h := range list {
			ids[i] = h.Home
		}
		fit, err := a.Accounts.Among(ctx, tenant, text, ids)
		if err != nil {
			return nil, "", err
		}
		for _, h := range list {
			if f.After = h.Next(); fit[h.Home] {
				out = append(out, h)
			}
			if len(out) == limit {
				return out, f.After, nil
			}
		}
		if len(list) < walkedAt {
			return out, "", nil
		}
	}
	return out, f.After, nil
}

func (a consolePart) faceState(h history.Face) string {
	if a.Now().Sub(h.Seen) >= history.Offline {
		return "offline"
	}
	for name, of := range fleetStates {
		if slices.Contains(of, h.Status) {
			return name
		}
	}
	return "fine"
}

func (a consolePart) newHomes(ctx context.Context, tenant, text string, page api.Page) (out api.Slice[view.ConsoleHome], err error) {
	if page.After != "" && !home.IsUUID(page.After) {
		return out, errCursor
	}
	list, err := a.Accounts.Waiting(ctx, tenant, page.After, text, page.Limit)
	if err != nil {
		return out, faults.Tell(err)
	}
	for _, h := range list {
		out.Items = append(out.Items, view.ConsoleHome{ID: h.ID, Name: h.Name, Account: h.Account, State: "new"})
		out.Next = h.ID
	}
	if len(list) < page.Limit {
		out.Next = ""
	}
	return out, a.planned(ctx, tenant, out.Items)
}

func boardQuery(q api.CasesQuery) incident.BoardQuery {
	return incident.BoardQuery{State: incident.Filter(q.State), Detector: q.Detector, Model: q.Model, Indicator: q.Indicator, Since: q.Since, Before: q.Before, Repeated: q.Repeated,
		Sort: q.Sort, Down: q.Down}
}

func (a consolePart) Cases(ctx context.Context, tenant string, q api.CasesQuery, page api.Page) (out api.Slice[view.ConsoleCase], err error) {
	b := boardQuery(q)
	b.After, b.Limit = page.After, page.Limit
	list, err := a.Incidents.BoardBy(ctx, tenant, b)
	if errors.Is(err, incident.ErrCursor) {
		return out, errCursor
	}
	if err != nil {
		return out, faults.Tell(err)
	}
	var ids []string
	var of []notify.OfCase
	for _, c := range list {
		ids = append(ids, c.Place.Home)
		of = append(of, notify.OfCase{Place: c.Place.OfHome(), Incident: c.GetId()})
	}
	names, err := a.Accounts.HomesOf(ctx, tenant, ids)
	if err != nil {
		return out, faults.Tell(err)
	}
	sent, err := a.Rooms.Notify.Notices(ctx, of)
	if err != nil {
		return out, faults.Tell(err)
	}
	for i, c := range list {
		out.Items = append(out.Items, view.ConsoleCase{ID: c.GetId(), Code: c.GetCode(), Home: view.Ref{ID: c.Place.Home, Name: names[c.Place.Home].Name}, State: c.GetState(), Mode: c.GetMode(),
			Opened: rooms.TimeOf(c.GetOpened()), Changed: rooms.TimeOf(c.GetChanged()), Detector: c.GetSymptom().GetDetector(), Kind: c.GetKind(), Outcome: c.GetOutcome(), Findings: int(c.GetFindings()),
			Repeats: int(c.Repeats()), Notices: sent[of[i]]})
		out.Next = c.NextBy(q.Sort)
	}
	if len(list) < page.Limit {
		out.Next = ""
	}
	return out, nil
}

func (a consolePart) Groups(ctx context.Context, tenant string, q api.GroupsQuery, page api.Page) (out api.Slice[view.DetectionGroup], err error) {
	list, next, err := a.Incidents.Groups(ctx, tenant, incident.GroupsQuery{By: q.By, Text: q.Text, Since: a.Now().AddDate(0, 0, -q.Days), After: page.After, Limit: page.Limit})
	if errors.Is(err, incident.ErrCursor) {
		return out, problem.New(problem.Invalid, "That is no cursor of this list. Begin at the first page.")
	}
	for _, g := range list {
		out.Items = append(out.Items, view.DetectionGroup{Detector: g.Detector, Model: g.Model, Indicator: g.Indicator, Kind: g.Kind, Homes: g.Homes, Cases: g.Cases, Open: g.Live, Wrong: g.Wrong,
			Findings: g.Findings, First: base.UTC(g.First), Last: base.UTC(g.Last)})
	}
	out.Next = next
	return out, faults.Tell(err)
}

func (a consolePart) Reach(ctx context.Context, tenant string, q api.CasesQuery) (view.Reach, error) {
	homes, devices, err := a.Incidents.Reach(ctx, tenant, boardQuery(q))
	return view.Reach{Homes: homes, Devices: devices}, faults.Tell(err)
}

var (
	macLike  = regexp.MustCompile(`^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){1,5}$`)
	codeLike = regexp.MustCompile(`^[0-9A-Za-z]{4,8}$`)
)

// found collects what a search finds.
type found struct {
	view.Searched
	seen map[string]int // by home and by what it was found
}

func (f *found) add(h account.Home, by string, devices int) {
	if n, ok := f.seen[by+h.ID]; ok {
		f.Items[n].Devices += devices
		return
	}
	if len(f.Items) >= account.MaxFound {
		f.More = true
		return
	}
	f.seen[by+h.ID] = len(f.Items)
	f.Items = append(f.Items, view.FoundHome{Home: view.Ref{ID: h.ID, Name: h.Name}, Account: h.Account, By: by, Devices: devices})
}

func (a consolePart) Find(ctx context.Context, tenant, text string, when time.Time, named bool) (view.Searched, error) {
	text = strings.TrimSpace(text)
	f := &found{seen: map[string]int{}}
	if codeLike.MatchString(text) {
		if err := a.findCode(ctx, tenant, text, f); err != nil {
			return f.Searched, faults.Tell(err)
		}
	}
	if err := a.findDevices(ctx, tenant, history.FindMAC, macOf(text), f); err != nil {
		return f.Searched, faults.Tell(err)
	}
	if err := a.homesFound(f, "gateway")(a.Accounts.ByGateway(ctx, tenant, text)); err != nil {
		return f.Searched, faults.Tell(err)
	}
	if !named {
		return f.Searched, nil
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		if when.IsZero() {
			when = a.Now()
		}
		return f.Searched, faults.Tell(errors.Join(a.homesFound(f, "address")(a.Accounts.ByAddress(ctx, tenant, addr, when))))
	}
	if err := a.homesFound(f, "account")(a.Accounts.ByAccount(ctx, tenant, text)); err != nil {
		return f.Searched, faults.Tell(err)
	}
	return f.Searched, faults.Tell(a.findDevices(ctx, tenant, history.FindName, text, f))
}

// macOf is text if it can be the beginning of a MAC address, in the way these are kept.
func macOf(text string) string {
	if !macLike.MatchString(text) {
		return ""
	}
	return strings.ReplaceAll(text, "-", ":")
}

func (a consolePart) homesFound(f *found, by string) func([]account.Home, error) error {
	f.Tried = append(f.Tried, by)
	return func(list []account.Home, err error) error {
		for _, h := range list {
			f.add(h, by, 0)
		}
		return err
	}
}

func (a consolePart) findDevices(ctx context.Context, tenant, kind, text string, f *found) error {
	if text == "" {
		return nil
	}
	f.Tried = append(f.Tried, kind)
	list, more, err := a.History.Find(ctx, tenant, kind, text)
	if err != nil {
		return err
	}
	f.More = f.More || more
	var ids []string
	for _, d := range list {
		ids = append(ids, d.Home)
	}
	names, err := a.Accounts.HomesOf(ctx, tenant, ids)
	for _, d := range list {
		if h, ok := names[d.Home]; ok {
			f.add(h, kind, 1)
		}
	}
	return err
}

func (a consolePart) findCode(ctx context.Context, tenant, text string, f *found) error {
	f.Tried = append(f.Tried, "code")
	cases, err := a.Incidents.ByCode(ctx, tenant, text)
	if err != nil {
		return err
	}
	for _, c := range cases {
		h, err := a.Accounts.Home(ctx, c.Place.OfHome())
		if err != nil {
			return err
		}
		f.Items = append(f.Items, view.FoundHome{Home: view.Ref{ID: h.ID, Name: h.Name}, Account: h.Account, By: "code", Case: &view.Ref{ID: c.GetId(), Name: c.GetCode()}, State: c.GetState()})
	}
	return nil
}
