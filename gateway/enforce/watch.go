package enforce

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"cardea/gateway/enforce/nfnl"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// Watch notices when somebody else changes or removes our tables, and puts them right: containment first, in one
// transaction, then the list of addresses. It also removes the rules for killed flows when there are none any more. It blocks until the context ends. Our own changes are told apart by the
// netlink number of the socket that made them.
func (e *Enforcer) Watch(ctx context.Context) error {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return fmt.Errorf("watch nftables: %w", err)
	}
	defer conn.Close()
	if conn.SetReadBuffer(4<<20) != nil {
		e.log.Debug("small receive buffer for nftables notifications") // an overrun leads to a check
	}
	if err := conn.JoinGroup(unix.NFNLGRP_NFTABLES); err != nil {
		return fmt.Errorf("watch nftables: %w", err)
	}
	stop := context.AfterFunc(ctx, func() {
		if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
			e.log.Error("cannot stop watching nftables", "err", err)
		}
	})
	defer stop()
	refill := make(chan struct{}, 1) // owner: this loop; full means that one is due already
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range refill {
			if err := e.refill(ctx); err != nil && ctx.Err() == nil {
				e.log.Error("listed addresses are not in force again", "err", err)
			}
		}
	}()
	defer func() { close(refill); <-done }()
	touched := true // something may have happened before we listened
	for {
		if touched {
			touched = !e.heal(refill)
		}
		due, err := e.disarm() // killing flows wakes us: our own changes are told as well
		if err != nil {
			e.log.Warn("rules for killed flows stay", "err", err)
		}
		if touched { // healing failed and is to be tried again soon
			due = time.Now().Add(100 * time.Millisecond)
		}
		if err := conn.SetReadDeadline(due); err != nil {
			return fmt.Errorf("watch nftables: %w", err)
		}
		if ctx.Err() != nil { // it may have ended before the deadline was set
			return nil
		}
		messages, err := conn.Receive()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, unix.ENOBUFS), errors.Is(err, os.ErrDeadlineExceeded):
			touched = true
		case err != nil:
			return fmt.Errorf("watch nftables: %w", err)
		}
		for _, m := range messages {
			touched = touched || e.foreign(m)
		}
	}
}

// foreign says whether a notification is about one of our tables and not of our making.
func (e *Enforcer) foreign(m netlink.Message) bool {
	if m.Header.Type>>8 != unix.NFNL_SUBSYS_NFTABLES || m.Header.Type&0xff == unix.NFT_MSG_NEWGEN ||
		m.Header.PID == e.sock.Port() || len(m.Data) < 4 {
		return false
	}
	ours := false
	nfnl.Each(m.Data[4:], func(typ uint16, b []byte) {
		// the table's name is attribute 1 of every kind of object (linux/netfilter/nf_tables.h)
		ours = ours || typ == 1 && (strings.TrimRight(string(b), "\x00") == tableEnforce || strings.TrimRight(string(b), "\x00") == tableObserve)
	})
	return ours
}

// heal brings back what was last applied. False: it did not work, try again.
func (e *Enforcer) heal(refill chan<- struct{}) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.applied == nil {
		return true
	}
	before := e.writes
	emptied, err := e.reconcile(e.rules)
	if err != nil {
		e.log.Error("our tables were changed by others and could not be put right", "err", err)
		return false
	}
	if e.writes != before {
		e.healed++
		e.log.Warn("our tables were changed by others and put right")
	}
	e.permitAll(*e.applied)
	if emptied {
		select {
		case refill <- struct{}{}:
		default:
		}
	}
	return true
}

// Healed is how often others' changes to our tables were put right.
func (e *Enforcer) Healed() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.healed
}
