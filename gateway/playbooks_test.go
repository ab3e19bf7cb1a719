package gateway

import (
	"context"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cardea/cloud/rollout"
	"cardea/gateway/bundle"
	"cardea/gateway/portal"
	"cardea/home"
	"cardea/internal/platform/db/dbtest"
	"cardea/playbook"
	"cardea/wire/pb"
)

// press signs playbooks as a cloud does.
type press struct {
	t    *testing.T
	repo *rollout.Rollout
	root []byte
}

func newPress(t *testing.T) *press {
	t.Helper()
	d := dbtest.SQLite(t)
	if err := d.Migrate(t.Context(), "rollout", rollout.Migrations); err != nil {
		t.Fatal(err)
	}
	keys, err := rollout.LoadKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &press{t: t, repo: rollout.New(d, keys, time.Now, slog.New(slog.DiscardHandler))}
	if p.root, err = p.repo.Root(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// sign publishes data as they are; nobody checks them here.
func (p *press) sign(data []byte) uint64 {
	p.t.Helper()
	v, _, err := p.repo.PublishData(p.t.Context(), playbooksBundle, data)
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

// edited is the shipped playbooks with a text in place of another, by file.
func (p *press) edited(changes map[string][2]string) []byte {
	p.t.Helper()
	dir := os.DirFS(filepath.Join("..", "playbook", "data"))
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		p.t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range names {
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			p.t.Fatal(err)
		}
		if c, ok := changes[name]; ok {
			now := strings.Replace(string(b), c[0], c[1], 1)
			if now == string(b) {
				p.t.Fatalf("%q is not in %s", c[0], name)
			}
			b = []byte(now)
		}
		files[name] = &fstest.MapFile{Data: b}
	}
	out, err := playbook.Pack(files)
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// taker is the part of an agent that takes them.
func (p *press) taker(g *Gateway) *taker {
	c := g.cloud
	for _, k := range g.knowns() {
		if k.name != playbooksBundle {
			continue
		}
		f := bundle.NewFile(bundle.FileConfig{Name: k.name, Dir: filepath.Join(c.path(knownDir), k.name), Root: p.root, Most: maxKnown, Check: k.check,
			Wanted: func() uint64 { return c.wantedOf(k.name) }, Fetch: func(ctx context.Context, path string, offset int64) ([]byte, int64, error) {
				return p.repo.File(ctx, path, offset, 64<<10)
			}}, g.log)
		return &taker{c: c, known: k, f: f}
	}
	p.t.Fatal("gateways do not take playbooks")
	return nil
}

// want is what the cloud tells a gateway to have.
func (p *press) want(g *Gateway, version uint64) {
	p.t.Helper()
	if err := g.cloud.Apply(p.t.Context(), &pb.Desired{Version: version, Bundles: []*pb.BundleVersion{{Name: playbooksBundle, Version: version}}}); err != nil {
		p.t.Fatal(err)
	}
}

// told is which version of the playbooks a heartbeat says is in force.
func told(g *Gateway) uint64 {
	for _, b := range g.cloud.bundles() {
		if b.GetName() == playbooksBundle {
			return b.GetVersion()
		}
	}
	return 0
}

// shown is what a person at home reads of a device's case: the title and the texts of its steps.
func shown(t *testing.T, g *Gateway, device home.DeviceID, lang string) (title string, texts map[string]string) {
	t.Helper()
	inc, ok := g.responder.Of(device)
	if !ok {
		t.Fatalf("%s has no case", device)
	}
	plan, ok := guests{g}.Plan(portal.View{Incident: inc}, lang)
	if !ok {
		t.Fatal("no plan")
	}
	texts = map[string]string{}
	for _, s := range plan.Steps {
		texts[s.ID] = s.Text
	}
	for _, s := range inc.Steps {
		if texts[s.ID] == "" {
			t.Errorf("%s in %q: step %s of %s has no text", device, lang, s.ID, inc.Playbook)
		}
	}
	return plan.Title, texts
}

// Playbooks that the cloud signs are for cases that begin after they came. A case that is open keeps steps, rate and texts, also when the
// agent is started again and when the version it began with is nowhere any more.
func TestPlaybooksOfTheCloudAreForNewCases(t *testing.T) {
	p, dir := newPress(t), t.TempDir()
	g, _ := start(t, dir)
	take := p.taker(g)
	g.Find(hard("camera"))
	begun, _ := g.responder.Of("camera")
	if told(g) != 0 || !strings.HasSuffix(begun.Playbook, "@1") {
		t.Fatalf("version %d is told, the case has %q", told(g), begun.Playbook)
	}
	file := strings.TrimSuffix(begun.Playbook, "@1") + ".yaml"
	if begun.Playbook == "telnet-botnet@1" {
		file = "telnet.yaml"
	}
	title := [2]string{"version: 1", "version: 2"}
	two := p.sign(p.edited(map[string][2]string{file: title}))
	if p.want(g, two); take.take(t.Context()) != nil || told(g) != two {
		t.Fatalf("version %d is told, want %d", told(g), two)
	}
	g.Find(hard("lamp"))
	lamp, _ := g.responder.Of("lamp")
	camera, _ := g.responder.Of("camera")
	if camera.Playbook != begun.Playbook || lamp.Playbook != strings.Replace(begun.Playbook, "@1", "@2", 1) {
		t.Fatalf("the open case has %s, the new one %s", camera.Playbook, lamp.Playbook)
	}
	// The next one has a step less, other words, and no version 2.
	three := p.sign(p.edited(map[string][2]string{file: {"version: 1", "version: 3"}, "steps.yaml": {"    en: ", "    en: Now "}}))
	if p.want(g, three); take.take(t.Context()) != nil || told(g) != three {
		t.Fatalf("version %d is told, want %d", told(g), three)
	}
	was := map[string]map[string]string{}
	for _, lang := range playbook.Languages {
		_, was[lang] = shown(t, g, "lamp", lang)
	}
	g.Find(hard("tv"))
	if tv, _ := g.responder.Of("tv"); !strings.HasSuffix(tv.Playbook, "@3") {
		t.Errorf("the newest case has %s", tv.Playbook)
	}
	if p := g.bookOf(lamp.Playbook); p == nil || p.Ref() != lamp.Playbook {
		t.Errorf("the lamp's playbook is %v", p)
	}
	if _, err := g.check(lamp.ID, "portal"); err != nil {
		t.Error("checked again:", err)
	}
	if now, _ := g.responder.Of("lamp"); now.Playbook != lamp.Playbook || len(now.Steps) != len(lamp.Steps) {
		t.Errorf("checking again made other steps of it: %+v", now)
	}
	if err := g.remember(); err != nil {
		t.Fatal(err)
	}
	if err := g.ledger.Close(); err != nil {
		t.Fatal(err)
	}

	again, _ := start(t, dir)
	if err := again.recallPlaybooks(); err != nil {
		t.Fatal(err)
	}
	offline := p.taker(again)
	if err := offline.restore(); err != nil || told(again) != three {
		t.Fatalf("after a restart version %d is told, %v", told(again), err)
	}
	for _, lang := range playbook.Languages {
		_, now := shown(t, again, "lamp", lang)
		for id, text := range was[lang] {
			if now[id] != text {
				t.Errorf("step %s in %q says %q after the restart, before %q", id, lang, now[id], text)
			}
		}
	}
	if again.playbooks().Exact(strings.Replace(begun.Playbook, "@1", "@3", 1)) == nil {
		t.Error("new cases do not begin with the newest")
	}
}

// A bad bundle is refused with what is wrong, and the one before stays, for as long as the bad one is what the cloud has.
func TestBadPlaybooksChangeNothing(t *testing.T) {
	p := newPress(t)
	good := p.edited(map[string][2]string{"telnet.yaml": {"version: 1", "version: 7"}})
	for name, c := range map[string]struct{ data, want string }{
		"cut short":   {string(good[:len(good)/2]), "unexpected EOF"},
		"no German":   {strings.Replace(string(good), `    de: `, `    xx: `, 1), "not one of the languages"},
		"no playbook": {"{\"format\":1,\"files\":{}}\n", "no playbook for"},
		"not ours":    {"#!/bin/sh\n", "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPress(t)
			g, _ := start(t, t.TempDir())
			take := p.taker(g)
			first := p.sign(good)
			if p.want(g, first); take.take(t.Context()) != nil {
				t.Fatal("the good one is not taken")
			}
			bad := p.sign([]byte(c.data))
			for range 2 {
				p.want(g, bad)
				if err := take.take(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %q", err, c.want)
				}
				if told(g) != first || g.playbooks().Exact("telnet-botnet@7") == nil {
					t.Errorf("version %d is told", told(g))
				}
			}
			after := p.sign(append(good[:len(good):len(good)], "\n"...)) // JSON all the same, and not as it is written
			if p.want(g, after); take.take(t.Context()) == nil {
				t.Error("another way of writing was taken")
			}
			next := p.sign(p.edited(map[string][2]string{"telnet.yaml": {"version: 1", "version: 8"}}))
			if p.want(g, next); take.take(t.Context()) != nil || told(g) != next {
				t.Errorf("the next good one: version %d is told", told(g))
			}
		})
	}
}
