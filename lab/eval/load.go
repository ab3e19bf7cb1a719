package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cardea/gateway/capture/file"
	"cardea/home"
	"cardea/identity"
)

// load plays all captures of the folders.
func (r reading) load(ctx context.Context, folders []folder) ([]*watched, error) {
	var out []*watched
	for _, f := range folders {
		for _, path := range f.captures {
			w, err := r.watch(ctx, f, path)
			if errors.Is(err, errNoDevice) {
				w = &watched{folder: f.name, path: path} // the capture counts all the same: nobody is known from nothing
			} else if err != nil {
				return nil, err
			}
			out = append(out, w)
		}
	}
	return out, nil
}

// name gives folders without a file of addresses the device's: one that other folders name, as a device behind a hub has the
// hub's; else the one that is in all captures and in the fewest other folders, which sends the most. It returns the folders whose
// address was found so.
func name(ctx context.Context, folders ...[]folder) ([]string, error) {
	var all []*folder
	named := map[home.MAC]bool{}
	for _, list := range folders {
		for i := range list {
			all = append(all, &list[i])
			for _, m := range list[i].macs {
				named[m] = true
			}
		}
	}
	var found []string
	var census map[string]map[home.MAC]int
	for _, f := range all {
		if len(f.macs) > 0 {
			continue
		}
		if census == nil {
			var err error
			if census, err = count(ctx, all); err != nil {
				return nil, err
			}
		}
		m, ok := guess(f, census, named)
		if !ok {
			return nil, fmt.Errorf("%s: no %s, and no device that sends anything in its captures", f.name, macFile)
		}
		f.macs = []home.MAC{m}
		if !slices.Contains(found, f.name) {
			found = append(found, f.name)
		}
	}
	return found, nil
}

// senders counts events by who sent the frame.
type senders map[home.MAC]int

// Handle counts one event.
func (s senders) Handle(e *home.Event) {
	if !e.Source.IsZero() && !e.Source.IsGroup() && e.Kind != home.EventTick {
		s[e.Source]++
	}
}

func count(ctx context.Context, all []*folder) (map[string]map[home.MAC]int, error) {
	out := map[string]map[home.MAC]int{}
	for _, f := range all {
		sum := senders{}
		for _, path := range f.captures {
			one := senders{}
			var broken *file.FormatError
			if err := replay(ctx, path, one); err != nil && !errors.As(err, &broken) {
				return nil, err
			}
			for m, n := range one {
				sum[m] += min(n, 1000)
			}
		}
		out[f.name] = sum
	}
	return out, nil
}

func guess(f *folder, census map[string]map[home.MAC]int, named map[home.MAC]bool) (best home.MAC, ok bool) {
	most := -1.
	for m, n := range census[f.name] {
		elsewhere := 0
		for other, c := range census {
			if other != f.name && c[m] > 0 {
				elsewhere++
			}
		}
		v := float64(n) / float64(1+elsewhere)
		if named[m] {
			v += 1e9
		}
		if v > most || v == most && m.String() < best.String() {
			best, most, ok = m, v, true
		}
	}
	return best, ok
}

// units makes the voters of labelled captures: one physical device is one.
func units(labels map[string]identity.Label, list []*watched) []identity.Unit {
	type key struct {
		folder string
		mac    home.MAC
	}
	var out []identity.Unit
	at := map[key]int{}
	for _, w := range list {
		if len(w.session.Tokens) == 0 {
			continue
		}
		k := key{w.folder, w.mac}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, identity.Unit{Home: w.folder + " " + w.mac.String(), Label: labels[w.folder]})
		}
		out[i].Sessions = append(out[i].Sessions, w.session)
	}
	return out
}
