package homes

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	"cardea/intel/network/data"
	"cardea/wire/pb"
)

type Live struct{ *base.Adapter }

// question says on whose behalf it is asked. Staff need a consent; the gateway checks it again for itself.
func (a Live) question(ctx context.Context, p home.Place, who api.Asker) (*pb.Question, error) {
	q := &pb.Question{Asker: "resident", Who: base.WhoIs(who.Session)}
	if who.Session.Kind == api.Resident {
		return q, nil
	}
	c, err := a.Accounts.Consent(ctx, p)
	if err != nil {
		return nil, faults.Tell(err)
	}
	if c == nil {
		return nil, problem.New(problem.Consent, "")
	}
	q.Asker, q.Reason, q.Consent = "support", who.Reason, c
	return q, nil
}

func (a Live) Contacts(ctx context.Context, p home.Place, who api.Asker, device string, from, until time.Time, limit int) (view.Contacts, error) {
	q, err := a.question(ctx, p, who)
	if err != nil {
		return view.Contacts{}, err
	}
	q.Ask = &pb.Question_Contacts{Contacts: &pb.AskContacts{Device: device, From: from.UnixMilli(), Until: until.UnixMilli(), Limit: uint32(limit)}}
	out := view.Contacts{AsOf: base.UTC(a.Now())}
	err = a.Live.Ask(ctx, p, q, func(part *pb.Answer) error {
		if t := part.GetTime(); t != 0 {
			out.AsOf = rooms.TimeOf(t)
		}
		for _, c := range part.GetContacts() {
			if len(out.Items) < limit {
				out.Items = append(out.Items, contactView(c))
			}
		}
		return nil
	})
	return out, faults.Tell(err)
}

// Preview is what a containment mode would stop, by what the gateway remembers of the device.
func (a Live) Preview(ctx context.Context, p home.Place, who api.Asker, device, mode string) (view.Preview, error) {
	q, err := a.question(ctx, p, who)
	if err != nil {
		return view.Preview{}, err
	}
	q.Ask = &pb.Question_Preview{Preview: &pb.AskPreview{Device: device, Mode: mode}}
	out := view.Preview{AsOf: base.UTC(a.Now())}
	err = a.Live.Ask(ctx, p, q, func(part *pb.Answer) error {
		if t := part.GetTime(); t != 0 {
			out.AsOf = rooms.TimeOf(t)
		}
		if t := trialView(part.GetPreview()); t != nil {
			out.Trial = *t
		}
		return nil
	})
	if err == nil && out.Mode == "" {
		err = problem.New(problem.Conflict, "The gateway cannot tell: it may be too old.")
	}
	return out, faults.Tell(err)
}

func (a Live) Follow(ctx context.Context, p home.Place, who api.Asker, device string, yield func(api.LivePart) error) error {
	q, err := a.question(ctx, p, who)
	if err != nil {
		return err
	}
	q.Ask = &pb.Question_Follow{Follow: &pb.AskFollow{Device: device}}
	err = a.Live.Follow(ctx, p, q, func(part *pb.Answer) error {
		l := api.LivePart{At: rooms.TimeOf(part.GetTime())}
		for _, c := range part.GetContacts() {
			l.Contacts = append(l.Contacts, contactView(c))
		}
		if len(part.GetDevices()) > 0 {
			if l.Devices, err = a.liveDevices(ctx, p, part.GetDevices()); err != nil {
				return err
			}
		}
		return yield(l)
	})
	if err != nil {
		return fmt.Errorf("follow: %w", faults.Tell(err))
	}
	return nil
}

func (a Live) liveDevices(ctx context.Context, p home.Place, list []*pb.Device) (out []view.Device, err error) {
	cases, err := a.OpenCases(ctx, p)
	for _, d := range list {
		v := deviceView(d, true, a.Now(), api.Language(ctx))
		v.Incident = caseOf(cases, v.ID)
		out = append(out, v)
	}
	return out, err
}

// networkOf fills in whose network an address of the internet is.
func networkOf(v *view.Contact) {
	a, err := netip.ParseAddr(v.IP)
	if err != nil || v.Local || v.Lookup {
		return
	}
	networks, _ := data.Default() // without the table of countries it still knows large operators
	if n, ok := networks.Of(a); ok {
		v.ASN, v.Network, v.Country = n.ASN, n.Operator, n.Country
	}
}

func contactView(c *pb.Contact) view.Contact {
	v := view.Contact{Device: c.GetDevice(), Name: c.GetName(), Domain: c.GetDomain(), IP: c.GetIp(), Port: c.GetPort(), Proto: c.GetProto(),
		Named: c.GetNamed(), Lookup: c.GetLookup(), Inbound: c.GetInbound(), Local: c.GetLocal(), Peer: c.GetPeer(), Flows: c.GetFlows(),
		Failed: c.GetFailed(), Up: c.GetUp(), Down: c.GetDown(), First: rooms.TimeOf(c.GetFirst()), Last: rooms.TimeOf(c.GetLast()), Verdict: c.GetVerdict(), Reason: c.GetReason()}
	networkOf(&v)
	if c.UsualDevice != nil || c.UsualModel != nil {
		v.Usual = &view.Usual{Device: c.UsualDevice, Model: c.UsualModel}
	}
	if s := c.GetService(); s != nil {
		v.Service = &view.Service{Name: s.GetName(), Company: s.GetCompany(), Purpose: s.GetPurpose()}
	}
	if l := c.GetListed(); l != nil {
		v.Listed = &view.Listed{Kind: l.GetKind(), Value: l.GetValue(), Class: l.GetClass(), Family: l.GetFamily(), Source: l.GetSource(), Confidence: l.GetConfidence()}
	}
	return v
}
