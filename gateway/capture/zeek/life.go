package zeek

import (
	"net/netip"
	"time"

	"cardea/home"
)

// What a connection's life is made of where the line does not say.
const (
	firstReply   = 50 * time.Millisecond // at most this long after the first packet comes the answer
	lingerClosed = 5 * time.Second       // the end of a connection is told so long after its last packet, as of a capture of packets
	lingerSilent = 30 * time.Second      // of one that nobody answered
	lingerUDP    = time.Minute
	lingerReply  = 3 * time.Minute // of UDP that was answered
	countEvery   = time.Minute     // counters of one that lasts
	countMost    = 256             // times that one connection is counted, at most about
	earlyCount   = 512             // packets at which counters are told before a minute has passed, and at each doubling
	heavy        = 256             // packets from which on a connection is counted each second of its first minute
)

// stage says which event of a connection is next.
type stage uint8

const (
	stageNew stage = iota
	stageReply
	stageCount
	stageEnd
	stageOver // all was told
)

// life is a connection that is played. It is small: very many wait.
type life struct {
	next     int64 // nanoseconds since 1970: of the next event
	start    int64
	took     int64
	id       uint64
	src, dst netip.AddrPort
	bytes    [2]uint64
	packets  [2]uint64
	line     int
	power    uint32 // packets at which counters are told next
	proto    uint8
	stage    stage
	answered bool
	refused  bool
	local    bool
}

func lifeOf(r *Row) life {
	l := life{
		start: r.Start.UnixNano(), took: int64(r.Duration), id: r.ID, src: r.Src, dst: r.Dst, line: r.Line, proto: r.Proto,
		bytes: [2]uint64{r.UpBytes, r.DownBytes}, packets: [2]uint64{r.UpPackets, r.DownPackets}, power: earlyCount,
		answered: r.Answered(), refused: r.Refused(),
		local: own(r.Src.Addr()) && own(r.Dst.Addr()) || r.SrcHome == Yes && r.DstHome == Yes,
	}
	l.next = l.start
	return l
}

// own says whether an address is one that only a home's own network has, as for packets.
func own(a netip.Addr) bool { return a.IsPrivate() || a.IsLinkLocalUnicast() }

// fill makes the event that is due.
func (l *life) fill(f *home.Flow) {
	*f = home.Flow{ID: l.id, Proto: l.proto, Src: l.src, Dst: l.dst, Start: time.Unix(0, l.start).UTC(), Local: l.local}
	share := 1.
	switch l.stage {
	case stageNew:
		f.State, f.UpPackets, f.UpBytes = home.FlowNew, min(1, l.packets[0]), per(l.bytes[0], l.packets[0])
		return
	case stageReply:
		f.State, f.Answered = home.FlowRefused, l.answered
		if l.answered {
			f.State = home.FlowAnswered
		}
		f.UpPackets, f.UpBytes = min(1, l.packets[0]), per(l.bytes[0], l.packets[0])
		f.DownPackets, f.DownBytes = min(1, l.packets[1]), per(l.bytes[1], l.packets[1])
		return
	case stageCount:
		f.State, f.Answered = home.FlowCount, l.answered
		share = float64(l.next-l.start) / float64(max(l.took, 1))
	case stageEnd, stageOver:
		f.State, f.Answered = home.FlowEnd, l.answered
	}
	if share >= 1 {
		f.UpPackets, f.UpBytes, f.DownPackets, f.DownBytes = l.packets[0], l.bytes[0], l.packets[1], l.bytes[1]
		return
	}
	f.UpPackets, f.DownPackets = part(l.packets[0], share), part(l.packets[1], share)
	f.UpBytes, f.DownBytes = part(l.bytes[0], share), part(l.bytes[1], share)
}

// per is the mean size of a packet.
func per(bytes, packets uint64) uint64 { return bytes / max(packets, 1) }

// part is a share of a counter; once a packet has been told there is no less than one.
func part(n uint64, share float64) uint64 { return max(min(1, n), uint64(float64(n)*share)) }

// advance sets what is next.
func (l *life) advance() {
	switch l.stage {
	case stageNew:
		if l.answered || l.refused {
			l.stage, l.next = stageReply, l.start+min(l.took, int64(firstReply))
			return
		}
		l.count()
	case stageReply, stageCount:
		l.count()
	case stageEnd, stageOver:
	}
}

// count finds when counters are told next, else the end.
func (l *life) count() {
	now, end := l.next, l.start+l.took
	every := max(int64(countEvery), l.took/countMost)
	next := l.start + ((now-l.start)/every+1)*every
	all := l.packets[0] + l.packets[1]
	if all > heavy && now-l.start < int64(time.Minute) {
		next = min(next, l.start+((now-l.start)/int64(time.Second)+1)*int64(time.Second))
	}
	if all > uint64(l.power) && l.power < 1<<31 {
		if at := l.start + int64(float64(l.took)*float64(l.power)/float64(all)); at <= next {
			next = max(at, now)
			l.power *= 2
		}
	}
	if next < end {
		l.stage, l.next = stageCount, next
		return
	}
	l.stage, l.next = stageEnd, end+int64(l.linger())
}

// linger is how long after its last packet a connection is over, as for packets.
func (l *life) linger() time.Duration {
	switch {
	case l.proto == home.ProtoUDP && l.answered:
		return lingerReply
	case l.proto == home.ProtoUDP:
		return lingerUDP
	case l.answered && l.proto == home.ProtoTCP:
		return lingerClosed
	}
	return lingerSilent
}
