package report

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// SightScheme is of how tokens are collapsed and hashed; those of different schemes have nothing in common.
const SightScheme = 1

const (
	maxTokens  = 128       // of a device
	tellAgain  = time.Hour // a device whose sightings change all the time is told no more often
	maxSighted = 512       // devices that are remembered
)

// Token is one thing that was seen of a device.
type Token struct {
	Hash    uint64 // of the clue and the collapsed value
	Clue    byte
	Telling wire.Telling // what Text is; 0: it stays in the home
	Text    string       // the collapsed value
	Age     byte         // as pb.Token has it
}

// Seen is a device with all that the fleet may learn from it. Identity is as judged, without its owner's word.
type Seen struct {
	Device   home.DeviceID
	Identity home.Identity
	Personal bool // also by its owner's word: then nothing but class and vendor is told
	Tokens   []Token
	Age      byte // how long it has been watched, as Token.Age
}

// Sights remembers what was told of whom, so that it is told when it has changed, and each week. It is used by one goroutine
// and is of this run only: after a restart all is told again, and the cloud keeps the newest.
type Sights struct {
	told map[home.DeviceID]sight
}

type sight struct {
	sum  uint64
	week uint32
	at   time.Time
}

// Changes gives what is to be told now, and takes it as told.
func (s *Sights) Changes(now time.Time, list []Seen) (out []*pb.Sightings) {
	if s.told == nil {
		s.told = map[home.DeviceID]sight{}
	}
	size, week := MaxItem, wire.Week(now)
	for i := range list {
		before, known := s.told[list[i].Device]
		if !known && len(s.told) >= maxSighted {
			continue
		}
		recent := known && now.Sub(before.at) < tellAgain && !now.Before(before.at)
		if recent && before.week >= week {
			continue
		}
		m := sighted(&list[i])
		sum := sumOf(m)
		if known && before.sum == sum && before.week >= week {
			continue
		}
		s.told[list[i].Device] = sight{sum, week, now}
		m.Week = week
		n := proto.Size(m) + 4
		if size += n; size > MaxItem {
			out, size = append(out, &pb.Sightings{Scheme: SightScheme}), n
		}
		last := out[len(out)-1]
		last.Devices = append(last.Devices, m)
	}
	return out
}

// Forget drops devices that the home has forgotten.
func (s *Sights) Forget(known func(home.DeviceID) bool) {
	for id := range s.told {
		if !known(id) {
			delete(s.told, id)
		}
	}
}

func sighted(s *Seen) *pb.Sighted {
	i := &s.Identity
	out := &pb.Sighted{Device: string(s.Device), Vendor: Text(i.Vendor, maxName), Class: Text(string(i.Class), maxName)}
	if s.Personal || i.Class.Personal() {
		return out
	}
	out.Model, out.By, out.Confidence, out.Age = Text(i.Model, maxName), Text(i.By, 16), share(i.Confidence), uint32(s.Age)
	tokens := slices.SortedFunc(slices.Values(s.Tokens), func(a, b Token) int { return cmp.Or(cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.Clue, b.Clue)) })
	tokens = slices.CompactFunc(tokens, func(a, b Token) bool { return a.Hash == b.Hash })
	for _, t := range tokens[:min(len(tokens), maxTokens)] {
		m := &pb.Token{Hash: t.Hash, Clue: uint32(t.Clue), Age: uint32(t.Age)}
		if wire.MayTell(t.Telling, t.Text) {
			m.Telling, m.Text = uint32(t.Telling), t.Text
		}
		out.Tokens = append(out.Tokens, m)
	}
	return out
}

// sumOf names what a message says, without its confidence: that alone is no news.
func sumOf(m *pb.Sighted) uint64 {
	h := fnv.New64a()
	for _, s := range []string{m.GetModel(), m.GetVendor(), m.GetClass(), m.GetBy()} {
		h.Write([]byte(s + "\x00"))
	}
	for _, t := range m.GetTokens() {
		h.Write(binary.LittleEndian.AppendUint64(nil, t.GetHash()))
	}
	h.Write([]byte{byte(m.GetAge())})
	return h.Sum64()
}

// Correction is its owner's word of who a device is; all empty when it was taken back. Of a personal device no model is told.
func Correction(id home.DeviceID, model, vendor string, class home.DeviceClass) *pb.Correction {
	if class.Personal() {
		model = ""
	}
	return &pb.Correction{Device: string(id), Model: Text(model, maxName), Vendor: Text(vendor, maxName), Class: Text(string(class), maxName)}
}
