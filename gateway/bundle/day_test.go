package bundle

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/internal/realdata"
)

// realLists are real lists, line by line; comments are left out.
func realLists(t *testing.T) map[string][]string {
	t.Helper()
	root := filepath.Join(realdata.Dir(t), "intel")
	out := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".txt" || strings.Contains(path, "levels") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.ReplaceAll(strings.TrimPrefix(path, root+"/"), "maltrail/", "malware/maltrail/")
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' && line[0] != '!' {
				out[name] = append(out[name], line)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// dayChurn is the share of all entries that a day takes out and that it brings in, each.
const dayChurn = 0.03

// A usual day: real lists, of which each hour a 24th of 3 % goes and as much comes. What the gateway fetches is counted,
// metadata and all.
func TestAUsualDayCostsLittle(t *testing.T) {
	all := realLists(t)
	c := newCloud(t)
	rng := rand.New(rand.NewPCG(1, 2))
	shown, held := map[string][]string{}, map[string][]string{}
	for name, lines := range all {
		for _, line := range lines {
			if rng.Float64() < dayChurn*1.1 {
				held[name] = append(held[name], line)
			} else {
				shown[name] = append(shown[name], line)
			}
		}
	}
	publish := func() map[string]string {
		files := map[string]string{}
		for name, lines := range shown {
			files[name] = strings.Join(lines, "\n") + "\n"
		}
		return files
	}
	first := c.publish(t, publish())
	if first.Entries < 100_000 {
		t.Fatalf("%d entries only", first.Entries)
	}
	cfg := c.config(t)
	cfg.Own, cfg.Protected = nil, nil
	b := update(t, cfg, 1, true)
	t.Logf("%d entries, text %d bytes, whole %d bytes, refused by the cloud %v, by the gateway %v", first.Entries,
		first.TextBytes, first.Whole, first.Refused, b.Status().Refused)
	hours, worst, total := 5, int64(0), int64(0)
	if os.Getenv("CARDEA_SOAK") != "" {
		hours = 100 // past the length of a chain
	}
	for hour := range hours {
		for name, lines := range shown {
			for range int(float64(len(lines)) * dayChurn / 24) {
				if len(held[name]) == 0 {
					break
				}
				i, k := rng.IntN(len(lines)), rng.IntN(len(held[name]))
				lines[i], held[name][k] = held[name][k], lines[i]
			}
		}
		c.now = c.now.Add(time.Hour)
		rep := c.publish(t, publish())
		c.bytes = map[string]int64{}
		update(t, cfg, uint64(hour)+2, true)
		var sum int64
		for _, n := range c.bytes {
			sum += n
		}
		worst, total = max(worst, sum), total+sum
		if hour < 3 {
			t.Logf("hour %d: %d changes, delta %d bytes, fetched %v", hour+1, rep.Changes, rep.Delta, c.bytes)
		}
	}
	t.Logf("fetched in %d hours: %d bytes an hour, at worst %d", hours, total/int64(hours), worst)
	if worst > 50_000 {
		t.Errorf("an hour cost %d bytes, more than 50,000", worst)
	}
	fresh := c.config(t)
	fresh.Own, fresh.Protected = nil, nil
	update(t, fresh, uint64(hours)+1, true)
	if a, b := tree(t, filepath.Join(cfg.Into, inForce)), tree(t, filepath.Join(fresh.Into, inForce)); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("by deltas the lists are not what they are as a whole")
	}
}
