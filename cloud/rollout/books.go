package rollout

import (
	"context"
	"sync"

	"cardea/playbook"
)

// shelves are playbooks of kept versions that were read already: reading them takes its time.
type shelves struct {
	mu sync.Mutex
	of map[uint64]*playbook.Shelf // by version, at most keepWholes and those that are pinned
}

// Playbook finds the playbook that a gateway's case began with: on the newest kept version that has that very one, else as near as there is
// one; nil: none. What came with the program counts as the oldest.
func (r *Rollout) Playbook(ctx context.Context, ref string) *playbook.Playbook {
	if p := playbook.Default().Exact(ref); p != nil {
		return p
	}
	list, err := r.books(ctx)
	if err != nil {
		r.log.Error("playbooks that gateways have cannot be read", "error", err)
	}
	return playbook.Find(ref, append(list, playbook.Default())...)
}

func (r *Rollout) books(ctx context.Context) (out []*playbook.Shelf, err error) {
	kept, err := r.Kept(ctx, "playbooks")
	if err != nil {
		return nil, err
	}
	r.shelves.mu.Lock()
	defer r.shelves.mu.Unlock()
	read := make(map[uint64]*playbook.Shelf, len(kept))
	for _, v := range kept {
		s := r.shelves.of[v]
		if s == nil {
			data, err := r.Data(ctx, "playbooks", v)
			if err != nil {
				return out, err
			}
			if s, err = playbook.ParseBundle(data); err != nil {
				r.log.Warn("playbooks that gateways refuse", "version", v, "error", err)
				s = playbook.Old(nil)
			}
		}
		read[v] = s
		out = append(out, s)
	}
	r.shelves.of = read
	return out, nil
}
