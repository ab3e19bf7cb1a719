package units

import (
	"hash/maphash"
	"time"

	"cardea/home"
)

// twice finds what two captures of a unit both show, as one of the whole and one that was cut out of it: it happened once.
type twice struct {
	seed   maphash.Seed
	owner  map[uint64]int // which capture tells of a flow that goes on, by its id
	recent [128]mark      // what was told last, other than flows
	next   int
	logs   map[int]bool // streams beside packets of the same home
	beside beside
}

type mark struct {
	sum    uint64
	stream int
}

func newTwice(sources []*source) *twice {
	t := &twice{seed: maphash.MakeSeed(), owner: map[uint64]int{}, logs: map[int]bool{}, beside: beside{now: map[uint64]time.Time{}, dropped: map[dropped]bool{}}}
	for i, s := range sources {
		if s.link != nil && s.link.later > 0 {
			t.logs[i] = true
		}
	}
	return t
}

// told says whether another capture tells the same. Of a flow the capture that told its beginning tells all.
func (t *twice) told(e *home.Event, stream int) bool {
	if e.Kind == home.EventTick {
		return false
	}
	if len(t.logs) > 0 && t.logs[stream] && t.beside.told(e, stream) {
		return true
	}
	if e.Kind == home.EventFlow {
		if len(t.logs) > 0 && !t.logs[stream] && e.Flow.State == home.FlowNew {
			t.beside.began(e)
		}
		at, ok := t.owner[e.Flow.ID]
		switch {
		case ok && at != stream, !ok && e.Flow.State != home.FlowNew: // every capture tells of a flow from New on
			return true
		case e.Flow.State == home.FlowEnd:
			delete(t.owner, e.Flow.ID)
		default:
			t.owner[e.Flow.ID] = stream
		}
		return false
	}
	sum := t.sum(e)
	for i := range t.recent {
		if t.recent[i].sum == sum && t.recent[i].stream != stream+1 && t.recent[i].stream != 0 {
			return true
		}
	}
	t.recent[t.next] = mark{sum, stream + 1}
	t.next = (t.next + 1) % len(t.recent)
	return false
}

// sum is the same for what is the same frame in two captures.
func (t *twice) sum(e *home.Event) uint64 {
	type key struct {
		kind         home.EventKind
		at           int64
		source, dest home.MAC
		bytes        uint32
		flow         uint64
		question     string
	}
	k := key{kind: e.Kind, at: e.Time.UnixNano(), source: e.Source, dest: e.Dest, bytes: e.Bytes}
	switch {
	case e.Name != nil:
		k.flow = e.Name.Flow.ID
	case e.Served != nil:
		k.flow = e.Served.Flow.ID
	case e.Lookup != nil:
		k.question = e.Lookup.Question
	}
	return maphash.Comparable(t.seed, k)
}
