package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/api/problem"
	"cardea/cloud/audit"
	"cardea/cloud/desired"
	"cardea/cloud/staff"
	"cardea/home"
	"cardea/internal/platform/db"
)

const (
	bulkEnds   = 20   // endpoints of a bulk block
	bulkOrders = 5000 // orders of one; what is for more homes is a list's
	bulkSlice  = 100  // orders between two looks whether it goes well
	bulkFor    = 8 * time.Minute
	homesPage  = 200
)

// bulk is a block in many homes: in all of the tenant's, or for the devices of a model; or the end of one.
type bulk struct {
	Endpoints []string `json:"endpoints,omitempty"`
	Model     string   `json:"model,omitempty"`
	All       bool     `json:"all,omitempty"`
	Undo      string   `json:"undo,omitempty"` // the id of the proposal that is taken back
}

func readBulk(what []byte) (b bulk, err error) {
	const want = `{"endpoints": up to 20 names or addresses, "model": a model's name or "all": true} or {"undo": the proposal's id}`
	if err = readWhat(what, &b, want); err != nil {
		return b, err
	}
	b.Model = strings.TrimSpace(b.Model)
	filters := (b.Model != "") != b.All
	if b.Undo != "" && (len(b.Endpoints) > 0 || b.Model != "" || b.All || !home.IsUUID(b.Undo)) || b.Undo == "" && (!filters || len(b.Endpoints) == 0 || len(b.Endpoints) > bulkEnds) {
		err = fmt.Errorf("%w: want %s", staff.ErrInput, want)
	}
	return b, err
}

// target is a home, or one of its devices.
type target struct {
	home   home.Place
	device string
}

// targets are whom a bulk block is for, in the order of homes. dark are homes of whose devices nothing is known, where a model is asked for.
func (r *Rooms) targets(ctx context.Context, tenant string, b bulk) (out []target, homes, dark int, err error) {
	for after := ""; ; {
		page, err := r.Accounts.Homes(ctx, tenant, account.Query{After: after, Limit: homesPage})
		if err != nil || len(page) == 0 {
			return out, homes, dark, err
		}
		var places []home.Place
		for _, h := range page {
			places, after = append(places, h.Place().OfHome()), h.ID
		}
		if b.All {
			for _, p := range places {
				out = append(out, target{home: p})
			}
			homes += len(places)
		} else {
			list, some, unknown, err := r.ofModel(ctx, places, b.Model)
			if err != nil {
				return nil, 0, 0, err
			}
			out, homes, dark = append(out, list...), homes+some, dark+unknown
		}
		if len(out)*len(b.Endpoints) > bulkOrders {
			return nil, 0, 0, problem.New(problem.Invalid, "That is for more than %d orders at once. Choose fewer homes, or put it into a list: lists reach all homes.", bulkOrders)
		}
	}
}

// ofModel are the devices of a model in some homes. Of a home that does not help others the fleet keeps nothing: there it is what its gateway tells
// for the home itself, since a block protects that home and nobody learns from it. dark are homes of which neither knows a device.
func (r *Rooms) ofModel(ctx context.Context, places []home.Place, model string) (out []target, homes, dark int, err error) {
	labels, err := r.Fleet.Labels(ctx, places)
	if err != nil {
		return nil, 0, 0, err
	}
	var apart []home.Place
	for _, p := range places {
		if len(labels[p]) == 0 {
			apart = append(apart, p)
		}
	}
	own, told, err := r.History.OfModel(ctx, apart, model)
	if err != nil {
		return nil, 0, 0, err
	}
	for _, p := range places {
		list := own[p]
		for device, l := range labels[p] {
			if strings.EqualFold(l.Model, model) {
				list = append(list, device)
			}
		}
		slices.Sort(list)
		for _, device := range list {
			out = append(out, target{p, device})
		}
		if len(list) > 0 {
			homes++
		}
		if len(labels[p]) == 0 && !told[p] {
			dark++
		}
	}
	return out, homes, dark, nil
}

func (r *Rooms) previewBulk(ctx context.Context, tenant string, what []byte) (string, error) {
	b, err := readBulk(what)
	if err != nil {
		return "", err
	}
	if b.Undo != "" {
		asked, err := r.bulkAsked(ctx, tenant, b.Undo)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%d blocks end again. %s", len(asked), ProgressWords(asked)), nil
	}
	d, err := r.Intel.DryRun(ctx, tenant, "list", strings.NewReader(strings.Join(b.Endpoints, "\n")), home.ClassMalware)
	if err != nil {
		return "", err
	}
	if refused := len(d.Refused); refused > 0 {
		return "", problem.New(problem.Invalid, "Some of it is never blocked, as the provider's own or what very many use: %s.", strings.Join(d.Names, "; "))
	}
	if d.Entries != len(b.Endpoints) {
		return "", problem.New(problem.Invalid, "Some of it is neither a name nor an address, or is there twice.")
	}
	list, homes, dark, err := r.targets(ctx, tenant, b)
	switch {
	case err != nil:
		return "", err
	case len(list) == 0:
		return "", problem.New(problem.Invalid, "No home has such a device.")
	case b.All:
		return fmt.Sprintf("%d endpoints are blocked for everything in %d homes. %s", len(b.Endpoints), homes, touchedWords(d)), nil
	}
	said := fmt.Sprintf("%d endpoints are blocked for %d devices in %d homes. %s", len(b.Endpoints), len(list), homes, touchedWords(d))
	if dark > 0 {
		said += fmt.Sprintf(" Of %d further homes no devices are known: they have no gateway, or it has told nothing yet.", dark)
	}
	return said, nil
}

// BulkKey begins the key of each order of a bulk block, by the id of what was proposed.
func BulkKey(id string) string { return "bulk " + id + " " }

// bulkAsked are the orders of a bulk block; another tenant's are not there.
func (r *Rooms) bulkAsked(ctx context.Context, tenant, id string) ([]desired.Order, error) {
	a, err := r.Staff.Approval(ctx, tenant, id)
	if err == nil && a.Kind != "bulk.block" {
		err = staff.ErrUnknown
	}
	if err != nil {
		return nil, err
	}
	list, err := r.Desired.Keyed(ctx, tenant, BulkKey(id))
	if err == nil && len(list) == 0 {
		err = problem.New(problem.Conflict, "Nothing was asked of any home by it.")
	}
	return list, err
}

// ProgressWords says what became of orders.
func ProgressWords(list []desired.Order) string {
	n := map[desired.Status]int{}
	for _, o := range list {
		n[o.Status]++
	}
	return fmt.Sprintf("Of %d orders %d are in force, %d wait for their gateways, %d came too late and %d were refused.", len(list), n[desired.InForce],
		n[desired.Asked], n[desired.Expired], n[desired.Failed])
}

// bulkAgreed asks each home, whether who agreed is still there or not.
func (r *Rooms) bulkAgreed(ctx context.Context, a staff.Approval) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bulkFor)
	defer cancel()
	b, err := readBulk(a.What)
	if err != nil {
		return "", err
	}
	var orders []desired.Order
	if b.Undo != "" {
		asked, err := r.bulkAsked(ctx, a.Tenant, b.Undo)
		if err != nil {
			return "", err
		}
		for _, o := range asked {
			if o.Verb == "block" {
				orders = append(orders, desired.Order{Place: o.Place, Verb: "unblock", Device: o.Device, Endpoint: o.Endpoint})
			}
		}
		return r.askEach(ctx, a, orders)
	}
	list, _, _, err := r.targets(ctx, a.Tenant, b)
	if err != nil {
		return "", err
	}
	for _, t := range list {
		for _, e := range b.Endpoints {
			orders = append(orders, desired.Order{Place: t.home, Verb: "block", Device: t.device, Endpoint: e})
		}
	}
	return r.askEach(ctx, a, orders)
}

// askEach gives orders, slice by slice. The key of each says whose it is, so that the same proposal asks nobody twice. A home that
// cannot be asked is left out; a whole slice of them ends it.
func (r *Rooms) askEach(ctx context.Context, a staff.Approval, orders []desired.Order) (string, error) {
	asked, left, at, noted := 0, 0, -1, home.Place{}
	said := func() string { return fmt.Sprintf("Asked for %d times, and %d could not be asked.", asked, left) }
	for slice := range slices.Chunk(orders, bulkSlice) {
		good := 0
		for _, o := range slice {
			at++
			o.By, o.Who, o.Why, o.Key = "support", a.Decider, a.Reason, BulkKey(a.ID)+fmt.Sprint(asked+left)
			note := func(tx *db.Tx) error {
				if noted == o.Place {
					return nil
				}
				return r.Audit.Add(tx, audit.Entry{Tenant: a.Tenant, Home: o.Place.Home, Who: a.Decider, Role: "staff", Act: "bulk-" + o.Verb, What: endsOf(orders[at:], o.Place) + ", proposal " + a.ID, Reason: a.Reason})
			}
			switch _, err := r.Desired.Ask(ctx, o, note); {
			case err == nil:
				asked, good, noted = asked+1, good+1, o.Place
			case errors.Is(err, desired.ErrTooMany):
				left++
				continue
			default:
				return said(), fmt.Errorf("ask home %s: %w", o.Place.Home, err)
			}
		}
		if good == 0 {
			return said(), problem.New(problem.Conflict, "The gateways have not confirmed what they were asked for before. Propose it again later.")
		}
	}
	return said() + " Gateways that are not online within an hour are left out.", nil
}

// maxEnds bounds what is said of a home's endpoints, in bytes.
const maxEnds = 1500

// endsOf names the endpoints of a home's orders, which come first and one after the other.
func endsOf(orders []desired.Order, p home.Place) string {
	var ends []string
	for _, o := range orders {
		if o.Place != p {
			break
		}
		if !slices.Contains(ends, o.Endpoint) {
			ends = append(ends, o.Endpoint)
		}
	}
	for n := len(ends); ; n-- {
		text := strings.Join(ends[:n], ", ")
		if n < len(ends) {
			text += fmt.Sprintf(" and %d more", len(ends)-n)
		}
		if len(text) <= maxEnds || n == 1 {
			return text
		}
	}
}
