package gateway

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"cardea/gateway/control"
	"cardea/gateway/report"
	"cardea/home"
	"cardea/wire/pb"
)

const (
	maxLooks = 256 << 10 // bytes of the log, twice: it and the one before it
	maxLook  = 4 << 10   // bytes of an entry
	// sameLook is how long a resident who keeps a page open counts as looking once.
	sameLook = 10 * time.Minute
	maxTold  = 256
)

// look logs that somebody asked, on disk and for the cloud; refused is why there was no answer.
func (c *cloud) look(q *pb.Question, what string, device home.DeviceID, refused error, now time.Time) error {
	l := control.Look{
		Time: now.UTC(), Question: report.Text(q.GetId(), maxID), Asker: report.Text(q.GetAsker(), 16), Who: report.Text(q.GetWho(), 128),
		Reason: report.Text(q.GetReason(), maxWhy), Consent: report.Text(q.GetConsent().GetId(), maxID), What: what,
		Device: report.Text(string(device), maxID),
	}
	if refused != nil {
		l.Refused, l.Why = true, report.Text(refused.Error(), maxWhy)
	}
	c.g.count("cloud_looks", 1)
	if c.again(&l, now) {
		return nil
	}
	if l.Refused {
		c.g.count("cloud_looks_refused", 1)
	}
	if err := c.logLook(&l); err != nil {
		c.g.log.Error("a look could not be logged", "err", err)
		return refusal("The gateway cannot keep its log of who looks, so nobody may.")
	}
	c.queue(&pb.Item{Time: report.Millis(now), Body: &pb.Item_Look{Look: &pb.Look{
		Question: l.Question, Asker: l.Asker, Who: l.Who, Reason: l.Reason, Consent: l.Consent, Refused: l.Refused, Why: l.Why,
	}}})
	return nil
}

// again says whether this is a resident's page that asks again.
func (c *cloud) again(l *control.Look, now time.Time) bool {
	if l.Asker != askerResident || l.Refused {
		return false
	}
	key := l.Who + "\n" + l.What + "\n" + l.Device
	c.mu.Lock()
	defer c.mu.Unlock()
	at, ok := c.told[key]
	if ok && now.Sub(at) < sameLook && !now.Before(at) {
		return true
	}
	if len(c.told) >= maxTold {
		clear(c.told)
	}
	c.told[key] = now
	return false
}

// logLook appends to the log. When it is full it becomes the one before, and a new one is begun.
func (c *cloud) logLook(l *control.Look) (err error) {
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("log of looks: %w", err)
	}
	c.looking.Lock()
	defer c.looking.Unlock()
	path := c.path(looksFile)
	if info, err := os.Stat(path); err == nil && info.Size() > maxLooks {
		if err := os.Rename(path, path+".1"); err != nil {
			return fmt.Errorf("log of looks: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("log of looks: %w", err)
	}
	// A line that was cut short by a crash ends before this one.
	_, err = f.Write(append(append([]byte("\n"), b...), '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// looks reads the log, the oldest first. Lines that are damaged are left out.
func (c *cloud) looks() ([]control.Look, error) {
	c.looking.Lock()
	defer c.looking.Unlock()
	out := []control.Look{}
	for _, name := range []string{looksFile + ".1", looksFile} {
		f, err := os.Open(c.path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("log of looks: %w", err)
		}
		list, err := parseLooks(io.LimitReader(f, maxLooks+2*maxLook))
		out = append(out, list...)
		if err = errors.Join(err, f.Close()); err != nil {
			return out, fmt.Errorf("log of looks: %w", err)
		}
	}
	return out, nil
}

func parseLooks(r io.Reader) (out []control.Look, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16*maxLook)
	for lines.Scan() {
		var l control.Look
		if line := bytes.TrimSpace(lines.Bytes()); len(line) > 0 && json.Unmarshal(line, &l) == nil {
			out = append(out, l)
		}
	}
	return out, lines.Err()
}
