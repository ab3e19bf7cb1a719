package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cardea/behavior/profile"
	"cardea/gateway/bundle"
	"cardea/gateway/control"
	"cardea/gateway/report"
	"cardea/gateway/update"
	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// identityFile is what uplink keeps an identity in.
const identityFile = "identity.pem"

// IdentityDir is the folder where enrolling has to put who the gateway is.
func IdentityDir(cfg Config) string { return filepath.Join(cfg.State, cloudDir) }

// reachCloud makes the real way to the cloud.
func (g *Gateway) reachCloud() {
	c := g.cloud
	var known struct { // the identity as it was read last: reading it costs checking signatures
		place   home.Place
		changed time.Time
	}
	c.enrolled = func() (home.Place, error) {
		info, err := os.Stat(filepath.Join(IdentityDir(g.cfg), identityFile))
		if err != nil {
			return home.Place{}, fmt.Errorf("identity: %w", err)
		}
		if !info.ModTime().Equal(known.changed) {
			id, err := uplink.LoadIdentity(IdentityDir(g.cfg))
			if err != nil {
				return home.Place{}, err
			}
			known.place, known.changed = id.Place, info.ModTime()
		}
		return known.place, nil
	}
	c.dial = c.open
}

// open opens the spool and makes the link.
func (c *cloud) open(place home.Place) (*line, error) {
	id, err := uplink.LoadIdentity(c.path(cloudDir))
	if err != nil {
		return nil, err
	}
	if id.Place != place {
		return nil, errMoved
	}
	s, err := uplink.OpenSpool(c.path(spoolDir), c.g.cfg.Cloud.SpoolBytes)
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	l := uplink.New(uplink.Config{Dir: c.path(cloudDir), Jitter: c.g.cfg.Cloud.Reconnect, Fit: c.fit}, id, s, c, c.g.log)
	b := bundle.New(bundle.Config{
		Dir: c.path(bundleDir), Root: id.BundleRoot, Into: c.path(cloudListsDir), Own: c.g.ownPrefixes(), Protected: c.g.cfg.Cloud.Protected,
		Wanted: func() uint64 { return c.wantedOf(listsBundle) },
		Fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
			return fetchPart(ctx, l, path, offset)
		},
	}, c.g.log)
	way := &line{spool: s, link: l, status: func() control.Cloud { return cloudStatus(l.Status()) }}
	if len(id.BundleRoot) > 0 { // a cloud without lists has none
		way.update = func(ctx context.Context) (uint64, error) {
			if err := b.Restore(ctx); err != nil {
				return 0, err
			}
			version, _, err := b.Update(ctx)
			if err != nil {
				version = b.Status().Version
			}
			return version, err
		}
		program := bundle.NewProgram(bundle.FileConfig{Name: agentBundle + "-" + platform(), Dir: filepath.Join(c.path(knownDir), programDir), Root: id.BundleRoot,
			Most: update.MaxSize, Wanted: func() uint64 { return c.wantedOf(agentBundle) },
			Fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
				return fetchPart(ctx, l, path, offset)
			}}, c.g.log)
		way.follow = append(way.follow, func(ctx context.Context) error { return c.followAgent(ctx, program) })
		for _, k := range c.g.knowns() {
			var wanted func() uint64 // what homes agree on is asked for without being told of it: the newest is for everybody
			if k.name != herdBundle {
				wanted = func() uint64 { return c.wantedOf(k.name) }
			}
			f := bundle.NewFile(bundle.FileConfig{Wanted: wanted, Name: k.name, Dir: filepath.Join(c.path(knownDir), k.name), Root: id.BundleRoot, Most: maxKnown, Check: k.check,
				Fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
					return fetchPart(ctx, l, path, offset)
				}}, c.g.log)
			way.follow = append(way.follow, func(ctx context.Context) error { return c.keepUp(ctx, k, f) })
		}
	}
	way.follow = append(way.follow, c.searches)
	if len(id.BundleRoot) > 0 {
		way.follow = append(way.follow, c.trying(c.try, listsBundle, fetchEvery, c.tryLists(bundle.Config{
			Dir: c.path(besideDir), Root: id.BundleRoot, Into: c.path(besideListsDir), Own: c.g.ownPrefixes(), Protected: c.g.cfg.Cloud.Protected,
			Wanted: func() uint64 { return c.besideOf(listsBundle) },
			Fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
				return fetchPart(ctx, l, path, offset)
			},
		})), c.trying(c.tryAlso, profilesBundle, besideEvery, c.tryProfiles(bundle.FileConfig{
			Name: profilesBundle, Dir: c.path(besideProfilesDir), Root: id.BundleRoot, Most: maxKnown,
			Check:  func(b []byte) error { _, err := profile.Parse(b); return err },
			Wanted: func() uint64 { return c.besideOf(profilesBundle) },
			Fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
				return fetchPart(ctx, l, path, offset)
			},
		})), c.trying(c.tryWho, modelsBundle, besideEvery, c.tryModels(bundle.FileConfig{
			Name: modelsBundle, Dir: c.path(besideModelsDir), Root: id.BundleRoot, Most: maxKnown,
			Wanted: func() uint64 { return c.besideOf(modelsBundle) },
			Fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
				return fetchPart(ctx, l, path, offset)
			},
		})))
	}
	return way, nil
}

func (g *Gateway) ownPrefixes() []netip.Prefix { return slices.Clone(g.kernel.Ports().Prefixes()) }

func cloudStatus(s uplink.Status) control.Cloud {
	return control.Cloud{
		Connected: s.Connected, Since: s.Since, Problem: s.Problem, LastAck: s.LastAck, Until: s.Until, Items: uint64(max(s.SpoolItems, 0)),
		Bytes: uint64(max(s.SpoolBytes, 0)), Dropped: s.Dropped, Desired: s.Running, Wanted: s.Wanted,
	}
}

// requester is what fetching needs of a link.
type requester interface {
	Request(ctx context.Context, what string, data []byte) ([]byte, error)
}

// fetchPart asks the cloud for a part of a bundle's file.
func fetchPart(ctx context.Context, l requester, path string, offset int64) ([]byte, int64, error) {
	req, err := proto.Marshal(&pb.BundleRequest{Path: path, Offset: offset})
	if err != nil {
		return nil, 0, fmt.Errorf("ask for %s: %w", path, err)
	}
	b, err := l.Request(ctx, "bundle", req)
	if err != nil {
		return nil, 0, fmt.Errorf("ask for %s: %w", path, err)
	}
	reply := &pb.BundleReply{}
	if err := proto.Unmarshal(b, reply); err != nil {
		return nil, 0, fmt.Errorf("ask for %s: %w", path, err)
	}
	if reply.GetError() != "" {
		return nil, 0, fmt.Errorf("ask for %s: %w", path, errors.New(report.Text(reply.GetError(), maxWhy)))
	}
	return reply.GetData(), reply.GetSize(), nil
}
