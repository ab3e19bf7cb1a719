package rooms

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	intelligence "cardea/cloud/intel"
	"cardea/cloud/normal"
	"cardea/home"
	"cardea/wire/pb"
)

const (
	modelPage = 200
	maxModels = 5000 // whose names no list may have
)

// ownHosts are the names by which people and gateways reach this cloud.
func ownHosts(cfg Config) (out []string) {
	if u, err := url.Parse(cfg.Public); err == nil && strings.Contains(u.Hostname(), ".") {
		out = append(out, u.Hostname())
	}
	for _, at := range cfg.Advertise {
		if host, _, err := net.SplitHostPort(at); err == nil && strings.Contains(host, ".") {
			out = append(out, host)
		}
	}
	return out
}

// openIntel makes the room of intelligence with what it needs of the others.
func (r *Rooms) openIntel(cfg Config, log *slog.Logger) *intelligence.Intel {
	return intelligence.New(r.DB, intelligence.Options{Dir: filepath.Join(cfg.Data, "intel"), Own: ownHosts(cfg), Publish: r.publishLists, Amend: r.amendLists, Known: r.knownNames, Hunt: r.usedBy, Day: r.usedOn, Days: r.History.UsedOn, Log: log})
}

func (r *Rooms) publishLists(ctx context.Context, lists fs.FS) (intelligence.Published, error) {
	p, err := r.Rollout.Publish(ctx, "lists", lists)
	return intelligence.Published{Version: p.Version, Changed: p.Changed, Entries: p.Entries}, err
}

func (r *Rooms) amendLists(ctx context.Context, by *intelligence.Check) (intelligence.Published, error) {
	p, err := r.Rollout.Amend(ctx, by)
	return intelligence.Published{Version: p.Version, Changed: p.Changed, Entries: p.Entries}, err
}

// knownNames are the names that healthy devices of models use, as far as many homes told them.
func (r *Rooms) knownNames(ctx context.Context) (out []intelligence.Known, err error) {
	after := ""
	for n := 0; n < maxModels; {
		list, next, err := r.Normal.Models(ctx, "", "", after, modelPage)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			f, err := r.Normal.Model(ctx, "", m.ID)
			if err != nil {
				return nil, fmt.Errorf("profile of %s: %w", m.Level, err)
			}
			for _, e := range f.Ends {
				if e.Name != "" && e.Standing == "normal" && !e.Shared {
					out = append(out, intelligence.Known{Name: e.Name, Model: m.Level.String(), Share: e.Share, Homes: f.Voted, Hash: e.Hash})
				}
			}
		}
		if n += len(list); next == "" {
			break
		}
		after = next
	}
	return out, nil
}

func (r *Rooms) usedBy(ctx context.Context, ends []uint64, since time.Time, do func(home.Place, string, uint64) error) error {
	return r.Normal.Hunt(ctx, ends, since, func(h normal.Hit) error { return do(h.Place, h.Device, h.Endpoint) })
}

// usedOn gives what a home's devices used on a day.
func (r *Rooms) usedOn(ctx context.Context, p home.Place, day time.Time) (map[string][]uint64, error) {
	told, err := r.History.Day(ctx, p, day)
	if err != nil {
		return nil, err
	}
	out := map[string][]uint64{}
	for _, h := range told.GetHours() {
		for _, u := range h.GetUsage() {
			if u.GetFlows() > 0 {
				out[h.GetDevice()] = append(out[h.GetDevice()], u.GetEndpoint())
			}
		}
	}
	return out, nil
}

// hunts are what a home's past is to be looked through for.
func (r *Rooms) hunts(ctx context.Context, p home.Place) ([]*pb.Hunt, error) {
	return r.Intel.HuntsFor(ctx, p)
}
