package rooms

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/incident"
	"cardea/cloud/notify"
	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"
)

// openNotify makes the room that tells people, and ties it to those who know whom and how.
func (r *Rooms) openNotify(cfg Config, push notify.Keys, log *slog.Logger) (err error) {
	var channels notify.Channels
	if cfg.Told != "" {
		if channels, err = notify.LoadChannels(cfg.Told); err != nil {
			return err
		}
	}
	r.Channels = channels
	r.Notify, err = notify.New(r.DB, notify.Options{
		People: r.residents, Provider: r.provider, Household: r.HouseholdOf, Hidden: r.hiddenFrom, Channels: channels,
		Public: cfg.Public, Keys: push, Loopback: cfg.Demo,
		SMTP: smtpOf(cfg.SMTP),
	}, log)
	return err
}

// residents are the people who live in a home.
func (r *Rooms) residents(ctx context.Context, p home.Place) ([]notify.Person, error) {
	list, err := r.Accounts.Residents(ctx, p)
	out := make([]notify.Person, 0, len(list))
	for _, one := range list {
		out = append(out, notify.Person{ID: one.ID, Email: one.Email})
	}
	return out, err
}

func (r *Rooms) provider(ctx context.Context, tenant string) (words.Provider, string, error) {
	t, b, err := r.Shown(ctx, tenant)
	return words.Provider{Name: b.Name, Phone: b.Phone, HintEN: b.HintEN, HintDE: b.HintDE}, t.Slug, err
}

// language is the one in which a person is told.
func (r *Rooms) language(ctx context.Context, tenant, person string) (string, error) {
	return r.Notify.Language(ctx, tenant, person)
}

// hiddenFrom are devices whose destinations a person does not see: an owner sees all.
func (r *Rooms) hiddenFrom(ctx context.Context, p home.Place, person string) (map[home.DeviceID]bool, error) {
	members, err := r.Accounts.Members(ctx, p.OfHome())
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(members, func(m account.Member) bool { return m.ID == person && m.Role == account.RoleOwner }) {
		return nil, nil
	}
	owners, err := r.Household.Owners(ctx, p.OfHome())
	hidden := map[home.DeviceID]bool{}
	for device, whose := range owners {
		if whose != person {
			hidden[home.DeviceID(device)] = true
		}
	}
	return hidden, err
}

// changed has the residents told of a case, in the transaction that stores it.
func (r *Rooms) changed(tx *db.Tx, c incident.Change) error {
	d, err := r.History.Told(tx, c.Place, c.Case.GetDevice())
	if err != nil {
		return err
	}
	if err := r.tellHooks(tx, c); err != nil {
		return err
	}
	return r.Notify.Case(tx, c.Place, ToldCase(c.Case, deviceWords(d)))
}

// ToldCase is a case as far as people are told of it.
func ToldCase(m incident.Case, d words.Device) notify.Case {
	symptom := m.GetSymptom()
	one := notify.Case{ID: m.GetId(), Code: m.GetCode(), DeviceID: m.GetDevice(), Device: d, State: home.State(m.GetState()), Mode: home.Mode(m.GetMode()),
		Grade: home.Grade(m.GetGrade()), Kind: home.Infection(m.GetKind()), Detector: home.Detector(symptom.GetDetector()), Waits: m.GetWaits(),
		Relapses: m.GetRelapses(), Outcome: home.Outcome(m.GetOutcome()), Time: TimeOf(m.GetOpened())}
	one.Back, one.Silent = back(m)
	if names := symptom.GetNames(); len(names) > 0 {
		one.Contact = names[0]
	} else if addrs := symptom.GetAddrs(); len(addrs) > 0 {
		one.Contact = addrs[0]
	}
	return one
}

// back says whether a device is back on its home's network: shown to be clean, and only watched by now; and for how long it was
// seen to behave. Without probation it was watched from when the case began, at most a day of that is told.
func back(m incident.Case) (is bool, silent time.Duration) {
	p := m.GetProbation()
	if p == nil {
		return false, max(TimeOf(m.GetChanged()).Sub(TimeOf(m.GetOpened())), 0)
	}
	is = home.State(m.GetState()) == home.StateProbation && p.GetPhase() == "watch" && home.Mode(m.GetMode()) == home.ModeOff && p.GetShare() >= 1
	return is, time.Duration(p.GetSilentMs()) * time.Millisecond
}

func deviceWords(d *pb.Device) words.Device {
	vendor := d.GetVendor()
	if vendor == "" {
		vendor = d.GetMaker()
	}
	return words.Device{Name: d.GetName(), Class: d.GetClass(), Vendor: vendor}
}

// news has people told of what is new among a home's devices and of sites that were stopped, after it is stored.
type news struct {
	r     *Rooms
	tx    *db.Tx
	steps []func() error
}

// maxNews is of one transaction, which is of many homes; what is beyond a device's first days is no news anyway.
const maxNews = 4096

// Take keeps what people are told of until Flush.
func (n *news) Take(p home.Place, at time.Time, item *pb.Item) error {
	switch body := item.GetBody().(type) {
	case *pb.Item_Devices:
		n.devices(p, at, body.Devices)
	case *pb.Item_Stopped:
		for _, s := range body.Stopped.GetStops() {
			if home.Class(s.GetClass()) == home.ClassPhishing && len(n.steps) < maxNews {
				n.steps = append(n.steps, func() error {
					d, err := n.r.History.Told(n.tx, p, s.GetDevice())
					if err != nil {
						return err
					}
					return n.r.Notify.Stopped(n.tx, p, s.GetDevice(), deviceWords(d), s.GetEndpoint(), at)
				})
			}
		}
	}
	return nil
}

func (n *news) devices(p home.Place, at time.Time, m *pb.Devices) {
	n.steps = append(n.steps, func() error { return n.r.Notify.Home(n.tx, p) }, func() error { return n.r.Reports.Home(n.tx, p) })
	for _, d := range m.GetDevices() {
		if d.GetRemoved() || d.GetGateway() || len(n.steps) >= maxNews {
			continue
		}
		if first := TimeOf(min(d.GetFirst(), at.UnixMilli())); at.Sub(first) < notify.Fresh {
			n.steps = append(n.steps, func() error {
				return n.r.Notify.NewDevice(n.tx, p, notify.Joined{ID: d.GetId(), Device: deviceWords(d), First: first, Held: d.GetHeld()})
			})
		}
		for _, e := range d.GetExposures() {
			first := TimeOf(min(e.GetFirst(), at.UnixMilli()))
			if home.ExposureKind(e.GetKind()) != home.ExposedInternet || at.Sub(first) >= notify.Fresh || len(n.steps) >= maxNews {
				continue
			}
			port := e.GetExternal()
			if port == 0 {
				port = e.GetPort()
			}
			n.steps = append(n.steps, func() error {
				return n.r.Notify.Port(n.tx, p, d.GetId(), deviceWords(d), e.GetProto(), port, first)
			})
		}
	}
}

// Flush notes it.
func (n *news) Flush() error {
	for _, f := range n.steps {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}
