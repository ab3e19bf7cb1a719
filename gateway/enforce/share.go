package enforce

import (
	"encoding/binary"
	"errors"
	"fmt"

	"cardea/home"

	"github.com/google/nftables"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Share divides the line fairly: each device has a class of its own, may use all that others leave, and waits in its own queue only.
type Share struct {
	Up, Down uint64 // bytes a second that the line carries; 0: this direction is left alone
	Devices  [][]home.MAC
}

// Bounds of a share. Devices beyond maxShares have one class together, as all has that is of no device.
const (
	maxShares    = 64
	minShareRate = 8_000              // bytes a second that a class is promised at least
	maxShareRate = 1_250_000_000      // 10 Gbit/s
	shareMajor   = 0xca7d             // of our queues' handles
	shareRoot    = shareMajor<<16 | 1 // the class above all others
	shareRest    = shareMajor<<16 | 2
	shareFirst   = 0x10 // the minor number of the first device's class
	tableShare   = "cardea_share"
)

// Why a line is not shared out.
var (
	ErrQueues    = errors.New("something else shares the line out already")
	ErrNoSharing = errors.New("the kernel cannot share the line out")
)

// ShareLine puts a share in force, in place of the one before. Queues that somebody else set up are not touched: it is refused with ErrQueues.
// After an error nothing of it is in force.
func ShareLine(bridge, wan string, s Share) (err error) {
	if s.Up == 0 && s.Down == 0 {
		return UnshareLine(bridge, wan)
	}
	links, err := shareLinks(bridge, wan)
	if err != nil {
		return err
	}
	for _, l := range links {
		if others, err := foreignQueue(l); err != nil || others {
			return errors.Join(err, map[bool]error{true: ErrQueues}[others])
		}
	}
	if err := UnshareLine(bridge, wan); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = UnshareLine(bridge, wan) // what it says is no news beside err
		}
	}()
	s.Devices = s.Devices[:min(len(s.Devices), maxShares)]
	if s.Down > 0 {
		if err = shareQueues(links[0], s.Down, len(s.Devices)); err == nil {
			err = shareByDestination(links[0], s.Devices)
		}
	}
	if s.Up > 0 && err == nil {
		if err = shareQueues(links[1], s.Up, len(s.Devices)); err == nil {
			err = shareBySource(bridge, wan, s.Devices)
		}
	}
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("%w: %w", ErrNoSharing, err)
	}
	return err
}

// UnshareLine ends it, whoever of this program began it.
func UnshareLine(bridge, wan string) error {
	links, err := shareLinks(bridge, wan)
	if err != nil {
		return err
	}
	for _, l := range links {
		root, err := rootQueue(l)
		if err != nil {
			return err
		}
		if root != nil && root.Attrs().Handle == shareMajor<<16 {
			if err := netlink.QdiscDel(root); err != nil {
				return fmt.Errorf("end sharing on %s: %w", l.Attrs().Name, err)
			}
		}
	}
	return dropShareTable()
}

func shareLinks(bridge, wan string) (out [2]netlink.Link, err error) {
	for i, name := range []string{bridge, wan} {
		if out[i], err = netlink.LinkByName(name); err != nil {
			return out, fmt.Errorf("share: %s: %w", name, err)
		}
	}
	return out, nil
}

// rootQueue is nil when there is none.
func rootQueue(l netlink.Link) (netlink.Qdisc, error) {
	list, err := netlink.QdiscList(l)
	if err != nil {
		return nil, fmt.Errorf("queues of %s: %w", l.Attrs().Name, err)
	}
	for _, q := range list {
		if q.Attrs().Parent == netlink.HANDLE_ROOT {
			return q, nil
		}
	}
	return nil, nil
}

// foreignQueue says whether somebody set up a queue: those that the kernel chooses itself have no handle.
func foreignQueue(l netlink.Link) (bool, error) {
	q, err := rootQueue(l)
	return q != nil && q.Attrs().Handle != 0 && q.Attrs().Handle != shareMajor<<16, err
}

func shareQueues(l netlink.Link, rate uint64, devices int) error {
	rate = min(max(rate, minShareRate), maxShareRate)
	root := netlink.NewHtb(netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Handle: shareMajor << 16, Parent: netlink.HANDLE_ROOT})
	root.Defcls = shareRest & 0xffff
	if err := netlink.QdiscReplace(root); err != nil {
		return fmt.Errorf("share %s: %w", l.Attrs().Name, err)
	}
	class := func(id, parent uint32, promised uint64) error {
		c := netlink.NewHtbClass(netlink.ClassAttrs{LinkIndex: l.Attrs().Index, Handle: id, Parent: parent},
			netlink.HtbClassAttrs{Rate: 8 * promised, Ceil: 8 * rate, Quantum: 3000})
		if err := netlink.ClassAdd(c); err != nil {
			return fmt.Errorf("share %s: class %x: %w", l.Attrs().Name, id, err)
		}
		return nil
	}
	if err := class(shareRoot, shareMajor<<16, rate); err != nil {
		return err
	}
	each := max(rate/uint64(devices+1), min(minShareRate, rate))
	if err := class(shareRest, shareRoot, each); err != nil {
		return err
	}
	shareLeaf(l, shareRest)
	for i := range devices {
		if err := class(shareClass(i), shareRoot, each); err != nil {
			return err
		}
		shareLeaf(l, shareClass(i))
	}
	return nil
}

func shareClass(i int) uint32 { return shareMajor<<16 | uint32(shareFirst+i) }

// shareLeaf has the flows of one device wait for each other no longer than they must, where the kernel can; else its queue is a plain one.
func shareLeaf(l netlink.Link, class uint32) {
	at := netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Parent: class}
	if netlink.QdiscAdd(netlink.NewFqCodel(at)) != nil {
		_ = netlink.QdiscAdd(&netlink.Sfq{QdiscAttrs: at, Perturb: 10}) // a kernel without both is usual on small systems
	}
}

// shareByDestination tells devices apart by the address that a frame goes to.
func shareByDestination(l netlink.Link, devices [][]home.MAC) error {
	for i, macs := range devices {
		for _, m := range macs {
			err := netlink.FilterAdd(&netlink.U32{
				FilterAttrs: netlink.FilterAttrs{LinkIndex: l.Attrs().Index, Parent: shareMajor << 16, Priority: 1, Protocol: unix.ETH_P_ALL},
				ClassId:     shareClass(i),
				Sel: &netlink.TcU32Sel{Flags: netlink.TC_U32_TERMINAL, Nkeys: 2, Keys: []netlink.TcU32Key{ // offsets are from behind the Ethernet header
					{Off: -16, Mask: 0xffff, Val: uint32(binary.BigEndian.Uint16(m[:]))},
					{Off: -12, Mask: 0xffffffff, Val: binary.BigEndian.Uint32(m[2:])},
				}},
			})
			if err != nil {
				return fmt.Errorf("share %s: filter: %w", l.Attrs().Name, err)
			}
		}
	}
	return nil
}

func dropShareTable() error {
	c, err := nftables.New()
	if err != nil {
		return fmt.Errorf("share: %w", err)
	}
	list, err := c.ListTablesOfFamily(nftables.TableFamilyINet)
	if err != nil {
		return fmt.Errorf("share: list tables: %w", err)
	}
	for _, t := range list {
		if t.Name == tableShare {
			c.DelTable(t)
			if err := c.Flush(); err != nil {
				return fmt.Errorf("share: delete table: %w", err)
			}
		}
	}
	return nil
}
