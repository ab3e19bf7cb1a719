package gateway

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/wire/pb"

	"github.com/google/renameio/v2"
)

// What is normal: the profiles that the cloud learned from all homes, and what this gateway learned of each of its devices.
const (
	profilesBundle = "profiles"
	normalFile     = "normal.bin" // what is normal for each device
	normalMagic    = "cardea normal 1\n"
	maxNormal      = 1 << 20 // bytes of the file: 512 devices, with room
)

// usualConfig ties what is usual to the rest of the gateway.
func (g *Gateway) usualConfig() usual.Config {
	return usual.Config{
		Profiles:  g.profiles.Load,
		Class:     func(d *home.Device) home.DeviceClass { return g.who.book.Strictest(d.ID, g.now()) },
		Domain:    registrable,
		Zone:      time.Local,
		Sensitive: func(id home.DeviceID) float64 { return g.responder.Sensitivity(id) },
		Salt:      salt,
		Beside:    g.cloud.profiles.set, Differs: g.cloud.differsNew,
	}
}

// salt is a device's own, so that nobody outside can find two endpoints that its memory takes for one.
func salt() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails (crypto/rand)
	return binary.LittleEndian.Uint64(b[:])
}

// checked are profiles that were read, and not put in force yet: reading takes a gateway's memory and time, so it is done once.
type checked struct {
	mu  sync.Mutex
	of  [sha256.Size]byte
	set *profile.Set
}

// checkProfiles reads profiles and keeps them for setProfiles.
func (g *Gateway) checkProfiles(b []byte) error {
	set, err := profile.Parse(b)
	if err != nil {
		return fmt.Errorf("profiles: %w", err)
	}
	g.checked.mu.Lock()
	defer g.checked.mu.Unlock()
	g.checked.of, g.checked.set = sha256.Sum256(b), set
	return nil
}

// setProfiles puts profiles in force; what is known of devices stays.
func (g *Gateway) setProfiles(b []byte) error {
	g.checked.mu.Lock()
	set := g.checked.set
	if g.checked.of != sha256.Sum256(b) {
		set = nil
	}
	g.checked.set = nil
	g.checked.mu.Unlock()
	if set == nil {
		var err error
		if set, err = profile.Parse(b); err != nil {
			return fmt.Errorf("profiles: %w", err)
		}
	}
	g.profiles.Store(set)
	g.changedIntel()
	return nil
}

// guestStays is how long a device that nobody knows is taken for a guest's.
const guestStays = 24 * time.Hour

// private says whether what a device contacts leaves the home in no form: it is a person's, or may be a guest's. It needs no lock.
func (g *Gateway) private(id home.DeviceID, now time.Time) bool {
	r := g.roster.Load()
	if r == nil || r.ids[id] == nil {
		return true // not known yet
	}
	d := r.ids[id]
	if g.household.Guest(id) {
		return true
	}
	return d.Class.Personal() || d.Class == "" && now.Sub(d.First) < guestStays
}

// manyHomes says whether an endpoint is normal for the device's model in many homes, so that its name is no secret of this one.
func (g *Gateway) manyHomes(c *home.Contact, chain endpoint.Chain) bool {
	set := g.profiles.Load()
	if set == nil {
		return false
	}
	r := g.roster.Load() // not the observer: its lock may be held, and may not
	if r == nil || r.ids[c.Device] == nil || r.ids[c.Device].Class.Personal() || r.ids[c.Device].Model == "" {
		return false
	}
	st, ok := set.For(profile.LevelOf(r.ids[c.Device].Identity)).Known(&chain)
	return ok && st.Standing == profile.Normal && st.Grain == endpoint.Host && st.Homes >= profile.MinHomes
}

// dayScores are of devices whose day is over. The lock is held.
func (g *Gateway) dayScores(now time.Time) (out []*pb.DayScore) {
	g.judge.Days(now, func(id home.DeviceID, d usual.Day) {
		dev := g.observer.Borrow(id)
		if dev == nil || dev.Gateway || dev.Class.Personal() {
			return
		}
		s := &pb.DayScore{Device: string(id), Day: d.Of, Profile: d.Profile, Endpoints: uint32(d.Endpoints), Fresh: uint32(d.Fresh), Up: d.Up}
		for i := range calibrate.Stats {
			s.Maxima = append(s.Maxima, d.Max[i])
		}
		for _, n := range d.Hours {
			s.Hours = append(s.Hours, uint32(n))
		}
		out = append(out, s)
	})
	return out
}

var normalTable = crc32.MakeTable(crc32.Castagnoli)

// normalBytes is the file: magic, for each device its id with a length byte and its state with a length of two bytes, at the end
// the CRC-32C of all of it. The lock is held.
func (g *Gateway) normalBytes() []byte {
	out := []byte(normalMagic)
	for _, d := range g.observer.Devices() {
		s, ok := g.judge.Normal(d.ID)
		if !ok || d.Gateway || len(d.ID) > 255 {
			continue
		}
		b, err := s.MarshalBinary()
		if err != nil || len(b) > 1<<16-1 {
			continue
		}
		out = append(append(out, byte(len(d.ID))), d.ID...)
		out = append(binary.LittleEndian.AppendUint16(out, uint16(len(b))), b...)
	}
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, normalTable))
}

var errNormal = errors.New("not what was normal for devices, or damaged")

// parseNormal reads such a file; what one device's state cannot be read costs only itself.
func parseNormal(b []byte) (map[home.DeviceID]usual.State, error) {
	if len(b) < len(normalMagic)+4 || string(b[:len(normalMagic)]) != normalMagic {
		return nil, errNormal
	}
	body := b[:len(b)-4]
	if crc32.Checksum(body, normalTable) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return nil, errNormal
	}
	out := map[home.DeviceID]usual.State{}
	for body = body[len(normalMagic):]; len(body) > 0; {
		n := 1 + int(body[0])
		if len(body) < n+2 {
			return nil, errNormal
		}
		id, size := home.DeviceID(body[1:n]), int(binary.LittleEndian.Uint16(body[n:]))
		if body = body[n+2:]; len(body) < size {
			return nil, errNormal
		}
		var s usual.State
		if s.UnmarshalBinary(body[:size]) == nil {
			out[id] = s
		}
		body = body[size:]
	}
	return out, nil
}

// recallNormal gives the devices back what was normal for them. Without the file, or with a broken one, it is learned anew.
func (g *Gateway) recallNormal() error {
	f, err := os.Open(filepath.Join(g.cfg.State, normalFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("what is normal for devices: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxNormal))
	var all map[home.DeviceID]usual.State
	if err == nil {
		all, err = parseNormal(b)
	}
	if err != nil {
		return fmt.Errorf("what is normal for devices: %w", err)
	}
	for _, d := range g.observer.Devices() {
		if s, ok := all[d.ID]; ok {
			g.judge.Restore(d.ID, s)
		}
	}
	return nil
}

// rememberNormal writes the file.
func (g *Gateway) rememberNormal() error {
	g.mu.Lock()
	b := g.normalBytes()
	g.mu.Unlock()
	if err := renameio.WriteFile(filepath.Join(g.cfg.State, normalFile), b, 0o600); err != nil {
		return fmt.Errorf("save what is normal for devices: %w", err)
	}
	return nil
}

// announced gives the table of announced endpoints the means to tell what is no secret; nil: an empty one.
func (g *Gateway) announced(a *report.Announced) *report.Announced {
	if a == nil {
		a = report.NewAnnounced()
	}
	a.Known = g.manyHomes
	return a
}
