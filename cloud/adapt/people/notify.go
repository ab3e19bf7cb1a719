package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/notify"
	"cardea/cloud/notify/help"
	"cardea/cloud/rooms/faults"
)

type Notify struct{ *base.Adapter }

func (a Notify) PushKey() string { return a.Rooms.Notify.Key() }

func (a Notify) Subscribe(ctx context.Context, by api.Session, s view.Subscription) error {
	return faults.Tell(a.Rooms.Notify.Subscribe(ctx, by.Tenant, by.Person.ID, notify.Subscription{Endpoint: s.Endpoint, P256dh: s.Keys.P256dh, Auth: s.Keys.Auth}))
}

func (a Notify) Unsubscribe(ctx context.Context, by api.Session, endpoint string) error {
	return faults.Tell(a.Rooms.Notify.Unsubscribe(ctx, by.Tenant, by.Person.ID, endpoint))
}

func whomToTell(by api.Session) notify.Person {
	return notify.Person{ID: by.Person.ID, Email: by.Person.Email}
}

func (a Notify) Settings(ctx context.Context, by api.Session) (view.Notifications, error) {
	s, err := a.Rooms.Notify.Settings(ctx, by.Tenant, by.Person.ID)
	if err != nil {
		return view.Notifications{}, faults.Tell(err)
	}
	return a.settings(ctx, by, s)
}

func (a Notify) settings(ctx context.Context, by api.Session, s notify.Settings) (view.Notifications, error) {
	can, err := a.Rooms.Notify.Can(ctx, by.Tenant, whomToTell(by))
	if err != nil {
		return view.Notifications{}, faults.Tell(err)
	}
	phone, err := a.Rooms.Notify.Phone(ctx, by.Tenant, by.Person.ID)
	if err != nil {
		return view.Notifications{}, faults.Tell(err)
	}
	v := view.Notifications{Version: s.Version, Language: s.Language, Email: s.Channels[notify.Email] != notify.Choice{}, Push: s.Channels[notify.Push] != notify.Choice{}}
	for _, way := range notify.Ways {
		c := s.Channels[way]
		v.Channels = append(v.Channels, view.Channel{Way: string(way), Available: can[way], Critical: c.Critical, Important: c.Important, Info: c.Info, Report: c.Report})
	}
	if q := s.Quiet; q != nil {
		v.Quiet = &view.Quiet{From: clock(q.From), To: clock(q.To)}
	}
	if phone.Number != "" {
		v.Phone = &view.Phone{Number: phone.Number, Verified: phone.Verified}
	}
	return v, nil
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// minutes reads what the API has checked the form of.
func minutes(s string) int {
	h, m, _ := strings.Cut(s, ":")
	hours, err1 := strconv.Atoi(h)
	rest, err2 := strconv.Atoi(m)
	if err1 != nil || err2 != nil {
		return -1
	}
	return hours*60 + rest
}

func (a Notify) Change(ctx context.Context, by api.Session, version int64, p view.NotificationsPatch) (view.Notifications, error) {
	s, err := a.Rooms.Notify.Change(ctx, by.Tenant, whomToTell(by), version, func(s *notify.Settings) { patch(s, p) })
	if err != nil {
		return view.Notifications{}, faults.Tell(err)
	}
	return a.settings(ctx, by, s)
}

func patch(s *notify.Settings, p view.NotificationsPatch) {
	for way, all := range map[notify.Way]*bool{notify.Email: p.Email, notify.Push: p.Push} {
		if all != nil {
			s.Channels[way] = notify.Choice{Critical: *all, Important: *all, Info: *all, Report: *all}
		}
	}
	for _, one := range p.Channels {
		c := s.Channels[notify.Way(one.Way)]
		for _, f := range []struct{ to, from *bool }{{&c.Critical, one.Critical}, {&c.Important, one.Important}, {&c.Info, one.Info}, {&c.Report, one.Report}} {
			if f.from != nil {
				*f.to = *f.from
			}
		}
		s.Channels[notify.Way(one.Way)] = c
	}
	if p.Language != nil {
		s.Language = *p.Language
	}
	if p.Quiet != nil {
		s.Quiet = &notify.Quiet{From: minutes(p.Quiet.From), To: minutes(p.Quiet.To)}
	}
	if p.NoQuiet {
		s.Quiet = nil
	}
}

func (a Notify) SetPhone(ctx context.Context, by api.Session, n view.NewPhone) error {
	return faults.Tell(a.Rooms.Notify.SetPhone(ctx, by.Tenant, by.Person.ID, n.Number))
}

func (a Notify) VerifyPhone(ctx context.Context, by api.Session, code string) error {
	return faults.Tell(a.Rooms.Notify.VerifyPhone(ctx, by.Tenant, by.Person.ID, code))
}

func (a Notify) ForgetPhone(ctx context.Context, by api.Session) error {
	return faults.Tell(a.Rooms.Notify.ForgetPhone(ctx, by.Tenant, by.Person.ID))
}

func (a Notify) Test(ctx context.Context, by api.Session, ways []string) error {
	if len(by.Homes) == 0 {
		return problem.New(problem.NotFound, "You belong to no home.")
	}
	list := make([]notify.Way, len(ways))
	for i, w := range ways {
		list[i] = notify.Way(w)
	}
	return faults.Tell(a.Rooms.Notify.Test(ctx, by.Homes[0].Place, by.Person.ID, list...))
}

func (a Notify) Deliveries(ctx context.Context, by api.Session, page api.Page) (api.Slice[view.Delivery], error) {
	list, next, err := a.Rooms.Notify.Deliveries(ctx, by.Tenant, by.Person.ID, page.After, page.Limit)
	out := api.Slice[view.Delivery]{Next: next}
	for _, d := range list {
		out.Items = append(out.Items, view.Delivery{ID: d.ID, Home: d.Home, Way: d.Way, Kind: d.Kind, Level: d.Level, Status: d.Status, Why: d.Why, Check: d.Check,
			Tries: d.Tries, Made: base.UTC(d.Made), Sent: base.At(d.Sent), Next: base.At(d.Next)})
	}
	return out, faults.Tell(err)
}

func (a Notify) Genuine(ctx context.Context, code string) (view.Genuine, error) {
	g, err := a.Rooms.Notify.Genuine(ctx, code)
	if errors.Is(err, notify.ErrUnknown) {
		return view.Genuine{}, nil
	}
	if err != nil {
		return view.Genuine{}, faults.Tell(err)
	}
	return view.Genuine{Genuine: true, Provider: g.Provider, Way: g.Way, Kind: g.Kind, At: base.At(g.At), Checked: g.Checked}, nil
}

// Help is the provider's page; with no or an unknown name that of the only provider, else one without a name.
func (a Notify) Help(ctx context.Context, slug string) (view.Help, error) {
	tenants, err := a.Accounts.Tenants(ctx)
	if err != nil {
		return view.Help{}, faults.Tell(err)
	}
	var t account.Tenant
	for _, one := range tenants {
		if one.Slug == slug || slug == "" && len(tenants) == 1 {
			t = one
		}
	}
	c, b := a.Channels.Of(t.ID, t.Slug), account.Brand{}
	if t.ID != "" {
		if t, b, err = a.Shown(ctx, t.ID); err != nil {
			return view.Help{}, faults.Tell(err)
		}
	}
	v := view.Help{Provider: b.Name, Phone: b.Phone, Languages: map[string]view.HelpText{}}
	for lang, page := range help.Page(help.Provider{Name: b.Name, Phone: b.Phone, Police: c.Police, Survey: c.Survey, Support: cmp.Or(b.Support, c.Support), Public: a.Public}) {
		text := view.HelpText{Title: page.Title}
		for _, s := range page.Sections {
			one := view.HelpSection{ID: s.ID, Title: s.Title, Paragraphs: s.Paragraphs, Steps: s.Steps}
			for _, l := range s.Links {
				one.Links = append(one.Links, view.HelpLink{Text: l.Text, URL: l.URL})
			}
			text.Sections = append(text.Sections, one)
		}
		v.Languages[lang] = text
	}
	return v, nil
}
