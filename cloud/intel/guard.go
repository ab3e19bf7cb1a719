package intel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"cardea/home"
	"cardea/intel"
)

const (
	// maxPopular is how many of the most popular names count: the further down, the more of them are nobody's loss, and the more likely
	// one of them is hacked.
	maxPopular = 10_000
	maxOwn     = 10_000
	knownLife  = time.Hour
)

// ReasonProvider is why a list may not name what is the provider's own.
const ReasonProvider intel.Reason = "the provider's own"

// guard refuses what a list has by mistake. It is made once and then only read.
type guard struct {
	base  *intel.Guard // time, updates, the provider's own, public suffixes: of whatever class a list is
	avoid *intel.Avoid // what healthy homes use: of malware and phishing. Trackers are used by healthy devices too
	own   []netip.Prefix
	known map[string]Known
}

// Reasons that only the cloud has.
const (
	ReasonHomes  intel.Reason = "a name within homes' own networks"
	ReasonUpdate intel.Reason = "updates come from there, as a profile knows"
)

// withinHomes end the names that are of homes' own networks, as their gateways' are: nobody outside is meant by them (RFC 6761, 6762, 8375).
var withinHomes = []string{"home.arpa", "local", "lan", "internal", "localhost", "localdomain"}

// isUpdate says whether a name says of itself that updates come from there.
func isUpdate(name string) bool {
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' }) {
		switch word {
		case "fw", "ota", "fota", "dfu":
			return true
		}
		if strings.Contains(word, "update") || strings.Contains(word, "upgrade") || strings.Contains(word, "firmware") {
			return true
		}
	}
	return false
}

// refuse says why an entry of a list of a class is left out, "" when it is not, and because of which name.
func (g *guard) refuse(e intel.Entry, class home.Class) (why intel.Reason, name string) {
	if class == home.ClassAdult && e.Name == "" {
		return intel.ReasonNamesOnly, ""
	}
	for _, of := range withinHomes {
		if e.Name == of || strings.HasSuffix(e.Name, "."+of) {
			return ReasonHomes, ""
		}
	}
	if why := g.base.Refuse(e); why != "" {
		if why == intel.ReasonOwn {
			why = ReasonProvider
		}
		return why, ""
	}
	why, name = g.avoid.Refuse(e)
	if class == home.ClassMalware || class == home.ClassPhishing {
		return why, name
	}
	if _, used := g.known[name]; (used || why == intel.ReasonUsual) && (isUpdate(e.Name) || isUpdate(name)) { // a device that gets none is hurt, whatever the list is about
		return ReasonUpdate, name
	}
	return "", ""
}

// guards makes guards when what they are made of changed.
type guards struct {
	mu      sync.Mutex
	now     *guard
	at      time.Time
	own     stamp
	popular stamp
}

type stamp struct {
	at   time.Time
	size int64
}

func stampOf(path string) stamp {
	st, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{st.ModTime(), st.Size()}
}

func (g *guards) len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now == nil {
		return 0
	}
	return g.now.avoid.Len()
}

// guard gives the guard of now.
func (n *Intel) guard(ctx context.Context) (*guard, error) {
	g := &n.guards
	g.mu.Lock()
	defer g.mu.Unlock()
	own, popular := filepath.Join(n.o.Dir, "own.txt"), filepath.Join(n.o.Dir, "popular.txt")
	now := n.o.Now()
	if n.o.Dir != "" {
		if a, b := stampOf(own), stampOf(popular); a != g.own || b != g.popular {
			g.now, g.own, g.popular = nil, a, b
		}
	}
	if g.now != nil && now.Sub(g.at) < knownLife {
		return g.now, nil
	}
	made := &guard{avoid: intel.NewAvoid(), known: map[string]Known{}}
	var names []string
	if n.o.Dir != "" {
		var err error
		if names, made.own, err = readOwn(own); err != nil {
			return nil, err
		}
		if err := readPopular(popular, made.avoid); err != nil {
			return nil, err
		}
	}
	if n.o.Known != nil {
		list, err := n.o.Known(ctx)
		if err != nil {
			return nil, fmt.Errorf("what profiles know: %w", err)
		}
		for _, k := range list {
			made.avoid.Add(k.Name, intel.ReasonUsual)
			if was, ok := made.known[k.Name]; !ok || k.Share > was.Share {
				made.known[k.Name] = k
			}
		}
	}
	made.base = intel.NewGuard(made.own, append(names, n.o.Own...))
	g.now, g.at = made, now
	return made, nil
}

// readOwn reads the provider's own names, each with all below it, and addresses. A file that cannot be read whole stops everything: it
// is what keeps a list from cutting the provider off.
func readOwn(path string) (names []string, blocks []netip.Prefix, err error) {
	err = lines(path, func(n int, s string) error {
		if n > maxOwn {
			return fmt.Errorf("it has more than %d lines", maxOwn)
		}
		if b, err := netip.ParsePrefix(s); err == nil {
			blocks = append(blocks, b.Masked())
		} else if a, err := netip.ParseAddr(s); err == nil {
			blocks = append(blocks, netip.PrefixFrom(a, a.BitLen()))
		} else if name, ok := home.CleanName(strings.TrimPrefix(s, "*.")); ok && strings.Contains(name, ".") {
			names = append(names, name)
		} else {
			return fmt.Errorf("line %d is neither a name nor an address", n)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("the provider's own names (own.txt): %w", err)
	}
	return names, blocks, nil
}

// readPopular reads names by rank: one a line, or "rank,name".
func readPopular(path string, a *intel.Avoid) error {
	err := lines(path, func(n int, s string) error {
		if n > maxPopular {
			return io.EOF
		}
		if _, after, ok := strings.Cut(s, ","); ok {
			s = after
		}
		s, _, _ = strings.Cut(s, ",")
		if name, ok := home.CleanName(strings.Trim(s, `" `)); ok {
			a.Add(name, intel.ReasonPopular)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("popular names (popular.txt): %w", err)
	}
	return nil
}

// lines gives a file's lines, without comments; io.EOF of do ends it. A file that is not there has none.
func lines(path string, do func(n int, s string) error) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		text, _, _ := strings.Cut(strings.TrimPrefix(s.Text(), "\ufeff"), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if err := do(n, text); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return s.Err()
}
