// Package line keeps how well the home's line works: how long the provider's first router, a host beyond it and an upstream's answers
// take, what is lost, how much moves and by whom; and says where it is slow when it is. It is pure: probes are sent by gateway, the
// clock is each call's time. It imports home only. Its state is the Book's, which belongs to whoever made it; it is not safe for
// several goroutines.
package line

import (
	"cmp"
	"slices"
	"time"

	"cardea/home"
)

// Place is where something was measured, or where it is slow.
type Place string

// Places, the nearest first. The line is between the gateway and the provider's first router.
const (
	Nowhere  Place = ""
	AtHome   Place = "home" // the home fills its own line
	OnLine   Place = "line"
	Provider Place = "provider" // beyond the first router
	DNS      Place = "dns"
)

// Bounds.
const (
	maxDevices = 512 // whose bytes are counted in an hour
	busiest    = 5
	keepHours  = 7 * 24 // of which the usual is made
)

// Rules of what is slow. A minute is slow when its median takes at least slowFactor times and slowMore more than usual, or when lost
// probes are at least slowLost of 1,000. The line is slow after slowMinutes of the last window minutes, and well again after as many that
// are not. The usual is the lowest tenth of the hours' medians of a week: what the line does when nobody uses it.
const (
	slowFactor  = 3
	slowMore    = 40 * time.Millisecond
	slowLost    = 30
	window      = 5
	slowMinutes = 3
	needHours   = 2 // before that nothing is known as usual, and only losses count
	// busyShare is how much of what the line carries has to move so that its slowness is the home's own doing.
	busyShare = 0.7
)

// Now is how the line is now. Times of 0 are not measured.
type Now struct {
	Time         time.Time
	First        time.Duration // to the provider's first router
	Beyond       time.Duration
	Lost         int // of 1,000 probes
	DNS          time.Duration
	Down, Up     uint64 // bytes a second
	Slow         Place
	Since        time.Time     // that it is slow
	UsualFirst   time.Duration // 0: not known yet
	UsualBeyond  time.Duration
	UsualDNS     time.Duration
	BusiestNow   home.DeviceID // while it is slow at home
	BusiestShare float64       // of the bytes of the last minute
}

// Busy is a device and what it moved.
type Busy struct {
	Device   home.DeviceID
	Down, Up uint64
}

// Hour is an hour of it.
type Hour struct {
	Begin              time.Time
	First50, First95   time.Duration
	Beyond50, Beyond95 time.Duration
	DNS50, DNS95       time.Duration
	Probes, Lost       uint32 // Lost of Probes
	DownPeak, UpPeak   uint64 // the highest minute, bytes a second
	Slow               time.Duration
	Where              Place // of most of it
	Busiest            []Busy
	first, beyond, dns histogram
	slowAt             map[Place]int // minutes
	devices            map[home.DeviceID]*Busy
}

// minute is what the last minutes were like.
type minute struct {
	begin              time.Time
	first, beyond, dns []time.Duration // at most maxSamples
	probes, lost       int
	firstLost, dnsLost int
	down, up           uint64
	busy               map[home.DeviceID]uint64
	where              Place
}

const maxSamples = 64 // of one kind in a minute

// Book keeps it. Make it with New.
type Book struct {
	hour   *Hour
	done   []Hour // closed ones that nobody has taken
	minute minute
	last   []Place // of the last minutes, the newest last; at most window
	now    Now
	usual  [3]usual // first, beyond, dns
	past   []past   // the last minutes, the newest last; at most keepMinutes
	rates  rates    // what the line carries
}

// usual keeps the medians of the hours of a week.
type usual struct{ hours []time.Duration }

func (u *usual) add(d time.Duration) {
	if d == 0 {
		return
	}
	if u.hours = append(u.hours, d); len(u.hours) > keepHours {
		u.hours = slices.Delete(u.hours, 0, len(u.hours)-keepHours)
	}
}

// level is 0 while too little is known.
func (u *usual) level() time.Duration {
	if len(u.hours) < needHours {
		return 0
	}
	sorted := slices.Sorted(slices.Values(u.hours))
	return sorted[len(sorted)/10]
}

// New makes an empty book.
func New() *Book { return &Book{} }

// Probed says that an echo was sent to the first router or beyond and came back after took, or was lost.
func (b *Book) Probed(at time.Time, where Place, took time.Duration, lost bool) {
	m := b.at(at)
	m.probes++
	b.hour.Probes++
	if lost {
		m.lost++
		b.hour.Lost++
		if where == OnLine {
			m.firstLost++
		}
		return
	}
	if where == OnLine {
		sample(&m.first, took)
		b.hour.first.add(took)
	} else {
		sample(&m.beyond, took)
		b.hour.beyond.add(took)
	}
}

// Asked says how long an upstream took to answer a name, or that it did not.
func (b *Book) Asked(at time.Time, took time.Duration, lost bool) {
	m := b.at(at)
	if lost {
		m.dnsLost++
		return
	}
	sample(&m.dns, took)
	b.hour.dns.add(took)
}

// Moved says what a device moved since it was said last.
func (b *Book) Moved(at time.Time, device home.DeviceID, down, up uint64) {
	b.rates.moved(at, down, up)
	m := b.at(at)
	m.down += down
	m.up += up
	if m.busy == nil {
		m.busy = map[home.DeviceID]uint64{}
	}
	d := b.hour.devices[device]
	if d == nil && len(b.hour.devices) < maxDevices {
		d = &Busy{Device: device}
		b.hour.devices[device] = d
	}
	if d == nil {
		return
	}
	m.busy[device] += down + up
	d.Down += down
	d.Up += up
}

func sample(list *[]time.Duration, d time.Duration) {
	if len(*list) < maxSamples {
		*list = append(*list, d)
	}
}

// at closes minutes and hours that are over. A clock that went back stays in the minute that is open.
func (b *Book) at(t time.Time) *minute {
	begin := t.Truncate(time.Minute)
	if b.hour == nil {
		b.open(t)
		b.minute.begin = begin
	}
	if begin.After(b.minute.begin) {
		b.closeMinute()
		if gone := int(begin.Sub(b.minute.begin)/time.Minute) - 1; gone > 0 { // nothing was measured: nothing is known
			b.last = b.last[:max(len(b.last)-gone, 0)]
		}
		b.minute = minute{begin: begin, first: b.minute.first[:0], beyond: b.minute.beyond[:0], dns: b.minute.dns[:0]}
	}
	if hour := t.Truncate(time.Hour); hour.After(b.hour.Begin) {
		b.closeHour()
		b.open(t)
	}
	return &b.minute
}

func (b *Book) open(t time.Time) {
	b.hour = &Hour{Begin: t.Truncate(time.Hour), slowAt: map[Place]int{}, devices: map[home.DeviceID]*Busy{}}
}

func (b *Book) closeMinute() {
	m := &b.minute
	down, up := m.down/60, m.up/60
	b.hour.DownPeak, b.hour.UpPeak = max(b.hour.DownPeak, down), max(b.hour.UpPeak, up)
	first, beyond, dns := median(m.first), median(m.beyond), median(m.dns)
	b.keep(past{m.begin, first, beyond, dns, m.probes, m.lost, len(m.dns) + m.dnsLost, m.dnsLost, m.down, m.up})
	m.where = b.judge(first, beyond, dns)
	if b.last = append(b.last, m.where); len(b.last) > window {
		b.last = slices.Delete(b.last, 0, len(b.last)-window)
	}
	b.now.Time, b.now.First, b.now.Beyond, b.now.DNS, b.now.Down, b.now.Up = m.begin.Add(time.Minute), first, beyond, dns, down, up
	b.now.UsualFirst, b.now.UsualBeyond, b.now.UsualDNS = b.usual[0].level(), b.usual[1].level(), b.usual[2].level()
	if b.now.Lost = 0; m.probes > 0 {
		b.now.Lost = m.lost * 1000 / m.probes
	}
	b.settle(m)
	if b.now.Slow != Nowhere {
		b.hour.slowAt[b.now.Slow]++
	}
}

// settle says since when it is slow and where: the place of most of the slow minutes, the nearest of those that are as many.
func (b *Book) settle(m *minute) {
	count := map[Place]int{}
	slow := 0
	for _, p := range b.last {
		if p != Nowhere {
			count[p]++
			slow++
		}
	}
	switch {
	case slow >= slowMinutes:
		where, most := Nowhere, 0
		for _, p := range []Place{AtHome, OnLine, Provider, DNS} {
			if count[p] > most {
				where, most = p, count[p]
			}
		}
		if b.now.Slow == Nowhere {
			b.now.Since = m.begin.Add(-time.Duration(slow-1) * time.Minute)
		}
		b.now.Slow = where
	case len(b.last)-slow >= slowMinutes:
		b.now.Slow, b.now.Since = Nowhere, time.Time{}
	}
	b.now.BusiestNow, b.now.BusiestShare = "", 0
	if all := m.down + m.up; b.now.Slow == AtHome && all > 0 {
		for d, n := range m.busy {
			if share := float64(n) / float64(all); share > b.now.BusiestShare || share == b.now.BusiestShare && d < b.now.BusiestNow {
				b.now.BusiestNow, b.now.BusiestShare = d, share
			}
		}
	}
}

// judge says where a minute was slow.
func (b *Book) judge(first, beyond, dns time.Duration) Place {
	m := &b.minute
	near := len(m.first) > 0 || m.firstLost > 0
	lineBad := longer(first, b.usual[0].level()) || near && lost(m.firstLost, m.firstLost+len(m.first))
	farLost, far := m.lost-m.firstLost, m.lost-m.firstLost+len(m.beyond)
	farBad := longer(beyond, b.usual[1].level()) || lost(farLost, far)
	switch {
	case lineBad, farBad && !near:
		if b.full() {
			return AtHome
		}
		if lineBad {
			return OnLine
		}
		return Provider // the first router is silent: it cannot be told nearer
	case farBad:
		return Provider
	case longer(dns, b.usual[2].level()), lost(m.dnsLost, m.dnsLost+len(m.dns)):
		return DNS
	}
	return Nowhere
}

// What a home has to move at least to fill its line, in bytes a second.
const (
	minDown = 250_000
	minUp   = 60_000
)

// full says whether the minute moved nearly as much as the line carries, in either direction: a line on which much is sent is slow to
// answer, however little comes.
func (b *Book) full() bool {
	down, up := b.Carries()
	return fills(b.minute.down/60, down, minDown) || fills(b.minute.up/60, up, minUp)
}

func fills(now, carries, least uint64) bool {
	return carries > least && float64(now) >= busyShare*float64(carries)
}

func longer(d, usual time.Duration) bool {
	return usual > 0 && d >= slowFactor*usual && d >= usual+slowMore
}

// lost says whether too much of what was sent is lost; of fewer than ten one may be.
func lost(n, of int) bool { return n >= 2 && n*1000 >= slowLost*of }

func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

func (b *Book) closeHour() {
	h := b.hour
	h.First50, h.First95 = h.first.quantile(.5), h.first.quantile(.95)
	h.Beyond50, h.Beyond95 = h.beyond.quantile(.5), h.beyond.quantile(.95)
	h.DNS50, h.DNS95 = h.dns.quantile(.5), h.dns.quantile(.95)
	most := 0
	for _, p := range []Place{AtHome, OnLine, Provider, DNS} {
		n := h.slowAt[p]
		h.Slow += time.Duration(n) * time.Minute
		if n > most {
			h.Where, most = p, n
		}
	}
	for _, d := range h.devices {
		h.Busiest = append(h.Busiest, *d)
	}
	slices.SortFunc(h.Busiest, func(x, y Busy) int {
		return cmp.Or(cmp.Compare(y.Down+y.Up, x.Down+x.Up), cmp.Compare(x.Device, y.Device))
	})
	h.Busiest = slices.Clip(h.Busiest[:min(len(h.Busiest), busiest)])
	if h.Slow*2 < time.Hour { // an hour that was mostly slow is not what is usual
		b.usual[0].add(h.First50)
		b.usual[1].add(h.Beyond50)
		b.usual[2].add(h.DNS50)
	}
	if b.done = append(b.done, *h); len(b.done) > 48 {
		b.done = slices.Delete(b.done, 0, len(b.done)-48)
	}
}

// Take gives the hours that are over since it was called last, the oldest first; at most two days of them.
func (b *Book) Take() []Hour {
	out := b.done
	b.done = nil
	return out
}

// Now is how the line was in the last whole minute.
func (b *Book) Now() Now { return b.now }

// Tick closes what is over, when nothing else does.
func (b *Book) Tick(at time.Time) { b.at(at) }
