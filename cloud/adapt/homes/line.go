package homes

import (
	"context"
	"slices"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api/view"
	"cardea/cloud/history"
	"cardea/cloud/rooms/faults"
	"cardea/home"
	saying "cardea/say"
	"cardea/wire/pb"
)

// slowBeyond is said where the provider's first router does not answer: then nobody knows on which side of it the line is slow.
var slowBeyond = saying.Pattern("Slow since {0}, somewhere beyond your gateway.")

type linesPart struct{ *base.Adapter }

// lineFresh is how old what a gateway told of its line may be to be told as now.
const lineFresh = 5 * time.Minute

// slowAt are sentences of where it is slow.
var slowAt = map[string]saying.Pattern{
	"home": "Slow since {0}, because your home fills its line.", "line": "Slow since {0}, on the line between your home and your provider.",
	"provider": "Slow since {0}, at the provider's side.", "dns": "Slow since {0}: names are looked up slowly.",
}

func (a linesPart) Line(ctx context.Context, p home.Place, since time.Time, lang string) (v view.Line, err error) {
	p = p.OfHome()
	state, err := a.History.State(ctx, p)
	if err != nil {
		return v, faults.Tell(err)
	}
	hours, remedies, err := a.History.Line(ctx, p, since)
	if err != nil {
		return v, faults.Tell(err)
	}
	devices, err := a.History.DeviceList(ctx, p)
	if err != nil {
		return v, faults.Tell(err)
	}
	names := map[string]string{}
	for _, d := range devices {
		names[d.GetId()] = d.GetName()
	}
	zone, err := a.Zone(ctx, p)
	if err != nil {
		return v, faults.Tell(err)
	}
	v.Hours, v.Remedies = []view.LineHour{}, []view.RemedyResult{}
	for _, h := range hours {
		v.Hours = append(v.Hours, lineHourView(h, names))
	}
	for _, r := range slices.Backward(remedies) {
		v.Remedies = append(v.Remedies, remedyView(r, lang))
	}
	now := a.Now()
	said := lineNow(&v, state, now, func(t time.Time) time.Time { return t.UTC().Add(zone.At(t)) })
	v.Sentence, v.Language = saying.Tell(lang, said, saying.English(said))
	return v, nil
}

// lineNow fills in how it is now, and says it.
func lineNow(v *view.Line, s history.State, now time.Time, local func(time.Time) time.Time) home.Words {
	l := s.Beat.GetLine()
	told := time.UnixMilli(l.GetTime())
	if l.GetTime() == 0 || !s.Online(now) || now.Sub(told) > lineFresh {
		return saying.New("Your gateway has not told how your line works yet.")
	}
	n := lineView(l)
	v.Now = &n
	if l.GetRemedy() == "fair" || l.GetRemedy() == "upstream" {
		v.Remedy = l.GetRemedy()
	}
	pattern, slow := slowAt[l.GetSlow()]
	if !slow || l.GetSince() == 0 {
		return saying.New("Your line works as it usually does.")
	}
	if l.GetSlow() == "provider" && l.GetLatency() == 0 {
		pattern = slowBeyond
	}
	since := time.UnixMilli(l.GetSince()).UTC()
	v.Slow, v.Since = l.GetSlow(), &since
	at := local(since)
	clock := at.Format("15:04")
	if y, m, d := at.Date(); now.Sub(since) > 12*time.Hour || !sameDay(local(now), y, m, d) {
		return saying.New(pattern, saying.Time(at))
	}
	return saying.New(pattern, saying.Text(clock))
}

func sameDay(t time.Time, year int, month time.Month, day int) bool {
	y, m, d := t.Date()
	return y == year && m == month && d == day
}

// millis is a time of the wire, in microseconds; nil: it was not measured.
func millis(us uint32) *float64 {
	if us == 0 {
		return nil
	}
	ms := float64(us/10) / 100
	return &ms
}

func lineView(l *pb.Line) view.LineNow {
	return view.LineNow{Time: base.At(time.UnixMilli(l.GetTime())), Latency: millis(l.GetLatency()), Beyond: millis(l.GetBeyond()), DNS: millis(l.GetDns()),
		Lost: percent(l.GetLost()), Down: l.GetDown(), Up: l.GetUp()}
}

func percent(permille uint32) float64 { return float64(min(permille, 1000)) / 10 }

func lineHourView(h *pb.LineHour, names map[string]string) view.LineHour {
	out := view.LineHour{Begin: time.UnixMilli(h.GetHour()).UTC(), Latency50: millis(h.GetLatencyP50()), Latency95: millis(h.GetLatencyP95()),
		Beyond50: millis(h.GetBeyondP50()), Beyond95: millis(h.GetBeyondP95()), DNS50: millis(h.GetDnsP50()), DNS95: millis(h.GetDnsP95()),
		Lost: percent(h.GetLost()), DownPeak: h.GetDownPeak(), UpPeak: h.GetUpPeak(), SlowFor: int(h.GetSlow() / 60), SlowAt: h.GetWhere(), Busiest: []view.LineBusy{}}
	for _, b := range h.GetBusiest() {
		out.Busiest = append(out.Busiest, view.LineBusy{Device: b.GetDevice(), Name: names[b.GetDevice()], Down: b.GetDown(), Up: b.GetUp()})
	}
	return out
}

func remedyView(r history.Remedy, lang string) view.RemedyResult {
	why, _ := saying.Tell(lang, saying.Read(r.GetWhy()), r.GetWhy())
	return view.RemedyResult{Order: r.GetId(), Kind: r.GetKind(), At: r.At, Kept: r.GetKept(), Why: why, Before: lineView(r.GetBefore()), After: lineView(r.GetAfter())}
}
