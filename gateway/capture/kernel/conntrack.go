package kernel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"cardea/gateway/capture/kernel/nl"

	"golang.org/x/sys/unix"
)

// conntrackGroups are NFNLGRP_CONNTRACK_NEW, _UPDATE and _DESTROY as a bit mask.
const conntrackGroups = 1<<(unix.NFNLGRP_CONNTRACK_NEW-1) | 1<<(unix.NFNLGRP_CONNTRACK_UPDATE-1) |
	1<<(unix.NFNLGRP_CONNTRACK_DESTROY-1)

func openConntrack(bufferBytes int, groups uint32) (*nl.Socket, error) {
	return nl.Open(unix.NETLINK_NETFILTER, bufferBytes, groups)
}

// enableConntrack switches on what the events need in this network namespace, and says what it could not do. With
// nf_conntrack_events at 2, the kernel's own choice, flows that began while no agent listened would end unheard.
func enableConntrack(write func(string, []byte, os.FileMode) error) (errs []error) {
	for _, s := range [...]struct{ name, without string }{
		{"nf_conntrack_acct", "flows have no counters"},
		{"nf_conntrack_timestamp", "the start of a flow found late is unknown"},
		{"nf_conntrack_events", "flows are seen by the minute's dump only"},
	} {
		if err := write("/proc/sys/net/netfilter/"+s.name, []byte("1\n"), 0); err != nil {
			errs = append(errs, fmt.Errorf("could not enable %s (without it %s; is nf_conntrack loaded?): %w",
				s.name, s.without, err))
		}
	}
	return errs
}

// readConntrack reads events until the socket is closed.
func (k *Kernel) readConntrack(ctx context.Context) error {
	for {
		b, err := k.events.Receive()
		switch {
		case errors.Is(err, nl.ErrOverrun):
			k.c.overruns.Add(1)
			k.mu.Lock()
			k.table.lossy = true
			k.mu.Unlock()
			k.askResync()
			continue
		case errors.Is(err, net.ErrClosed):
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("conntrack events: %w", err)
		}
		k.mu.Lock()
		_, lost, err := k.conntrackBatch(b, time.Now(), false)
		k.table.lossy = k.table.lossy || lost
		k.mu.Unlock()
		if lost {
			k.askResync()
		}
		if err != nil { // nothing was asked on this socket
			k.log.Warn("conntrack events", "err", err)
		}
	}
}

// conntrackBatch feeds one datagram to the table. It says whether a dump is over, whether some of it is lost (the table
// changed its size during the dump, or a message is not to be parsed), and the kernel's error for it. mu is held.
func (k *Kernel) conntrackBatch(b []byte, now time.Time, dump bool) (done, lost bool, err error) {
	var e nl.Conntrack
	for {
		m, rest, ok, bad := nl.Next(b)
		if !ok {
			if bad != nil {
				k.c.malformed.Add(1)
				lost = true
			}
			return done, lost, nil
		}
		b = rest
		switch m.Type {
		case unix.NLMSG_DONE, unix.NLMSG_ERROR:
			return true, lost, nl.KernelError(m.Body)
		case unix.NLMSG_NOOP, unix.NLMSG_OVERRUN:
			continue
		}
		lost = lost || m.Flags&unix.NLM_F_DUMP_INTR != 0
		if !nl.DecodeConntrack(&e, m.Type, m.Flags, m.Body) {
			k.c.malformed.Add(1)
			continue
		}
		if dump {
			e.Kind = nl.Dumped
			k.c.dumped.Add(1)
		} else {
			k.c.conntrack.Add(1)
		}
		k.table.conntrack(&e, now)
	}
}

// Counters come with dumps only. While few flows live a dump costs next to nothing (some 2 µs a flow), and a flood in one
// flow shows within seconds.
const (
	fewFlows   = 2048
	soonerDump = 4 * time.Second
)

// dumpConntrack dumps at the start, after each loss and every DumpEvery, with few flows every soonerDump. A failed dump is
// tried again at the next.
func (k *Kernel) dumpConntrack(ctx context.Context) error {
	every := time.NewTicker(k.cfg.DumpEvery)
	defer every.Stop()
	sooner := time.NewTicker(min(soonerDump, k.cfg.DumpEvery))
	defer sooner.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-every.C:
		case <-sooner.C:
			if k.Stats().Flows > fewFlows {
				continue
			}
		case <-k.resync:
		}
		if err := k.dump(); err != nil {
			if errors.Is(err, net.ErrClosed) {
				return ctx.Err()
			}
			k.log.Warn("conntrack dump", "err", err)
			k.askResync()
			if !sleep(ctx, time.Second) {
				return ctx.Err()
			}
		}
	}
}

// dump reads the kernel's whole table once, with counters, while events go on being read beside it.
func (k *Kernel) dump() error {
	k.mu.Lock()
	heal := k.table.beginDump()
	k.mu.Unlock()
	k.c.dumps.Add(1)
	if heal {
		k.c.resyncs.Add(1)
	}
	_, err := k.dumps.Dump(nl.MsgConntrackGet, []byte{unix.AF_UNSPEC, 0, 0, 0}) // struct nfgenmsg
	whole := false
	if err == nil {
		whole, err = k.readDump()
	}
	k.mu.Lock()
	k.table.endDump(time.Now(), whole && err == nil)
	k.mu.Unlock()
	if err == nil && !whole {
		err = errors.New("the table changed its size meanwhile, or a message was not to be parsed")
	}
	return err
}

func (k *Kernel) readDump() (whole bool, err error) {
	whole = true
	for {
		b, err := k.dumps.Receive()
		if err != nil {
			return false, err
		}
		k.mu.Lock()
		done, lost, err := k.conntrackBatch(b, time.Now(), true)
		k.mu.Unlock()
		whole = whole && !lost
		if done || err != nil {
			return whole, err
		}
	}
}

// sleep waits, and says false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
