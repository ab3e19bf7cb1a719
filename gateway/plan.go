package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/renameio/v2"
)

// What the home's people bought and how their company shows itself: it came from the cloud, is kept in a file of its own and holds
// without the cloud. Nothing that protects asks for it.
const (
	planFile = "plan.json"
	maxPlan  = 16 << 10
)

// recallPlan puts back what the cloud said before a restart. Without a file, or with a broken one, all extras are there and the page shows
// what the configuration says.
func (g *Gateway) recallPlan() error {
	f, err := os.Open(filepath.Join(g.cfg.State, planFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPlan))
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	var p home.Plan
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("plan, in %s: %w", planFile, err)
	}
	p.Brand, _ = p.Brand.Clean()
	g.sells(p)
	return nil
}

// sold puts a plan into force that the cloud tells; nil is one with all extras and without a brand. What cannot be shown of its brand is
// left out. Bedtimes and pauses, and levels, rest while the plan has none, and go on when it has them again.
func (g *Gateway) sold(m *pb.Plan) error {
	p, faults, err := wire.ParsePlan(m)
	if err != nil {
		return err
	}
	if reflect.DeepEqual(p, g.plan()) {
		return nil
	}
	for _, f := range faults {
		g.count("cloud_brands_cut", 1)
		g.log.Warn("something of the brand cannot be shown", "what", f.Field, "why", f.Why)
	}
	b, err := json.Marshal(p)
	if err == nil {
		err = renameio.WriteFile(filepath.Join(g.cfg.State, planFile), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	g.sells(p)
	g.wake()
	return nil
}

func (g *Gateway) sells(p home.Plan) {
	g.bought.Store(&p)
	g.household.Rest(!p.Has(home.ExtraPeople))
	g.household.RestLevels(!p.Has(home.ExtraContent))
}

// plan is what holds now.
func (g *Gateway) plan() home.Plan {
	if p := g.bought.Load(); p != nil {
		return *p
	}
	return home.Plan{}
}

// brand is what the page shows of whoever serves the home.
func (g *Gateway) brand() home.Brand { return g.plan().Brand }
