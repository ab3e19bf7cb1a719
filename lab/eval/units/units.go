// Package units reads real captures as units, and plays them. A unit is what counts as one home: one capture, or several that
// show the same device by its own Ethernet address, since one physical device is one home's; where not all have these, several that show the
// same flows. A unit can be played any number of times, through the gateway's own capture and observer; it tells what its devices
// use, week by week, for a profile; and an attack can be spliced into its benign time. Everything here is deterministic: the same
// captures, the same output, in whatever order they are given.
//
// It may import the gateway's capture and observe, behavior's shared parts, identity with its parts and intel; it writes no
// file. A Unit is immutable after Read or Splice and may be played by several goroutines at once.
package units

import (
	"cmp"
	"context"
	"net/netip"
	"time"

	"cardea/home"
	"cardea/identity"
)

// Options say how captures are read. The zero value is fit for use.
type Options struct {
	Home     []netip.Prefix  // the home's own addresses; nil: private ones, and those that a log of flows calls local
	Model    *identity.Model // what was learned of who devices are; nil: the rules alone
	ByFolder bool            // who is not identified by model is called by the folder that the capture lies in
	Each     bool            // every file is a unit of its own, whatever it shows: attacks
	Benign   bool            // what is read is taken for normal: rows that a log's own labels do not call benign are left out, and counted
	Progress func(file string, done, of int)
}

// Problem is what was wrong with a file.
type Problem struct {
	File string
	Err  error
	Part bool // what was readable before the error is used
}

// Unit is one home's worth of captures.
type Unit struct {
	Name        string   // of its captures, short; unique among the units of one Read
	Files       []string // by the time of their first packets
	Devices     []Device // without the router; who contacts most first
	Gateway     []home.Device
	First, Last time.Time // of the packets
	Packets     uint64
	Left        Left    // with Options.Benign, of all its logs
	Attack      *Attack // of a unit that Splice made; nil otherwise

	home    []netip.Prefix
	sources []*source
}

// Device is one of a unit's devices, as it is known after the whole unit was seen.
type Device struct {
	home.Device
	Folder string  // of the captures that show it; "" where these lie in several
	Days   []int64 // on which it was active, in days since 1970 (UTC), in order
	Flows  uint64  // that it began, to the internet and at home
}

// Attack is what Splice put into a unit.
type Attack struct {
	Name   string        // of the unit that it came from
	Device home.DeviceID // the device of the benign unit that the attack was put onto
	From   home.DeviceID // the infected device in its own capture
	At     time.Time     // when the attack's capture begins in the benign unit's time
	End    time.Time     // of the attack's capture, in the benign unit's time
	Shift  time.Duration // from the attack capture's own time
}

// Device finds a device by its id.
func (u *Unit) Device(id home.DeviceID) (Device, bool) {
	for _, d := range u.Devices {
		if d.ID == id {
			return d, true
		}
	}
	return Device{}, false
}

// DeviceDays is on how many days devices were active, summed over the devices.
func (u *Unit) DeviceDays() int {
	n := 0
	for i := range u.Devices {
		n += len(u.Devices[i].Days)
	}
	return n
}

// Read reads files, and folders with all below them, as units. Files of a folder that are no captures are passed over; a
// file that is named itself must be one. What cannot be read is told as a Problem and does not keep the rest from being read;
// the error is for a cancelled context alone.
func Read(ctx context.Context, paths []string, o Options) ([]*Unit, []Problem, error) {
	sources, problems := find(paths)
	sources, more, err := survey(ctx, sources, o)
	problems = append(problems, more...)
	if err != nil {
		return nil, problems, err
	}
	groups := group(sources, o.Each)
	list := make([]*Unit, 0, len(groups))
	for _, g := range groups {
		u, err := assemble(ctx, g, o)
		if err != nil {
			return nil, problems, err
		}
		list = append(list, u)
	}
	rename(list)
	return list, problems, nil
}

// FilesAt are the unit's files that show the time; where none does, the last one that was over by then.
func (u *Unit) FilesAt(t time.Time) (list []string) {
	last := u.sources[0].path
	for _, s := range u.sources {
		switch {
		case s.first.After(t):
		case s.last.Before(t):
			last = s.path
		default:
			list = append(list, s.path)
		}
	}
	if len(list) == 0 {
		return []string{last}
	}
	return list
}

// Who says in words which device is meant: its Ethernet address, or where that was made up the address of the home that it has; and what
// it is, as far as that is known.
func (u *Unit) Who(id home.DeviceID, mac home.MAC) string {
	d, ok := u.Device(id)
	if !ok {
		for i := range u.Gateway {
			if u.Gateway[i].ID == id {
				d, ok = Device{Device: u.Gateway[i]}, true
			}
		}
	}
	who := mac.String()
	if ok {
		who = d.MAC.String()
		if madeUp(d.MAC) && len(d.Addresses) > 0 {
			who = d.Addresses[0].String()
		}
	}
	if what := cmp.Or(d.Model, d.Vendor, string(d.Class)); what != "" {
		who += " (" + what + ")"
	}
	return who
}
