package report

import (
	"slices"

	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// lastSeen is how much later a device must have been seen for that alone to be told, in milliseconds.
const lastSeen = 5 * 60_000

const maxHomeRules = 128

// Roll is the list of devices as it was told last. It is used by one goroutine.
type Roll struct {
	told             map[string]*pb.Device
	blocked, allowed []string
	whole            bool
}

// Changes compares the home with what was told, and takes it as told: everything at first, then what changed.
func (r *Roll) Changes(now []*pb.Device, blocked, allowed []string) (out []*pb.Devices) {
	blocked, allowed = Rules(blocked, maxHomeRules), Rules(allowed, maxHomeRules)
	if r.told == nil {
		r.told = map[string]*pb.Device{}
	}
	var list []*pb.Device
	here := map[string]bool{}
	for _, d := range now {
		here[d.GetId()] = true
		if before := r.told[d.GetId()]; !r.whole || before == nil || Differs(before, d, lastSeen) {
			list = append(list, d)
			r.told[d.GetId()] = d
		}
	}
	for id, d := range r.told {
		if !here[id] {
			list = append(list, &pb.Device{Id: id, First: d.GetFirst(), Last: d.GetLast(), Removed: true})
			delete(r.told, id)
		}
	}
	if r.whole && len(list) == 0 && slices.Equal(blocked, r.blocked) && slices.Equal(allowed, r.allowed) {
		return nil
	}
	r.blocked, r.allowed = blocked, allowed
	out = append(out, &pb.Devices{Whole: !r.whole, Blocked: blocked, Allowed: allowed})
	r.whole = true
	size := 0
	for _, d := range list {
		n := proto.Size(d)
		if size += n; size > MaxItem {
			out, size = append(out, &pb.Devices{Blocked: blocked, Allowed: allowed}), n
		}
		last := out[len(out)-1]
		last.Devices = append(last.Devices, d)
	}
	return out
}

// Differs says whether a device has changed; having been seen later counts from slack milliseconds on.
func Differs(a, b *pb.Device, slack int64) bool {
	if d := b.GetLast() - a.GetLast(); d < 0 || d >= slack {
		return true
	}
	c := proto.CloneOf(a)
	c.Last = b.GetLast()
	return !proto.Equal(c, b)
}
