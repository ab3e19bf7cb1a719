package line

import (
	"slices"
	"time"
)

// Figures are what some whole minutes were like. Times of 0 are not measured.
type Figures struct {
	Minutes            int
	First, Beyond, DNS time.Duration // the middle ones of the minutes'
	Lost               int           // of 1,000 probes
	DNSLost            int           // of 1,000 questions
	Down, Up           uint64        // bytes a second
	Probes, Asked      int           // how many were sent, and how many questions were asked
}

// past is a minute that is over.
type past struct {
	begin              time.Time
	first, beyond, dns time.Duration
	probes, lost       int
	asked, dnsLost     int
	down, up           uint64 // bytes
}

const keepMinutes = 10

func (b *Book) keep(p past) {
	if b.past = append(b.past, p); len(b.past) > keepMinutes {
		b.past = slices.Delete(b.past, 0, len(b.past)-keepMinutes)
	}
}

// Figures sums up the whole minutes from a time to another one, of the last ten.
func (b *Book) Figures(from, to time.Time) (f Figures) {
	var first, beyond, dns []time.Duration
	var probes, lost, asked, dnsLost int
	note := func(list *[]time.Duration, d time.Duration) {
		if d > 0 {
			*list = append(*list, d)
		}
	}
	for _, p := range b.past {
		if p.begin.Before(from) || p.begin.Add(time.Minute).After(to) {
			continue
		}
		f.Minutes++
		note(&first, p.first)
		note(&beyond, p.beyond)
		note(&dns, p.dns)
		probes, lost, asked, dnsLost = probes+p.probes, lost+p.lost, asked+p.asked, dnsLost+p.dnsLost
		f.Down, f.Up = f.Down+p.down, f.Up+p.up
	}
	if f.Minutes == 0 {
		return f
	}
	f.Probes, f.Asked = probes, asked
	f.First, f.Beyond, f.DNS = mean(first), mean(beyond), mean(dns)
	if probes > 0 {
		f.Lost = lost * 1000 / probes
	}
	if asked > 0 {
		f.DNSLost = dnsLost * 1000 / asked
	}
	f.Down, f.Up = f.Down/60/uint64(f.Minutes), f.Up/60/uint64(f.Minutes)
	return f
}

func mean(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	var sum time.Duration
	for _, d := range list {
		sum += d
	}
	return sum / time.Duration(len(list))
}
