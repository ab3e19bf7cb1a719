package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cardea/lab/bot"
	"cardea/lab/device"
	"cardea/lab/plan"
)

// Infect starts the scenario's malware on a device; "" is the scenario's own. In a benign home it is the camera story. The
// malware runs until the device is switched off. When no other malware runs, the counters begin again.
func (h *Home) Infect(ctx context.Context, name string) (string, error) {
	s := h.Plan.Scenario
	if len(s.Moves) == 0 {
		s, _ = plan.Find("camera")
	}
	if name == "" {
		name = s.Device
	}
	d, err := h.device(name)
	if err != nil {
		return "", err
	}
	if d.Later {
		if err := h.PowerOn(ctx, name); err != nil {
			return "", err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.bots[name] != nil:
		return "", fmt.Errorf("lab: %s is infected already", name)
	case h.lives[name] == nil:
		return "", fmt.Errorf("lab: %s is switched off", name)
	case h.ctx.Err() != nil:
		return "", errors.New("lab: closed")
	case len(h.bots) == 0:
		h.count.reset()
	}
	return name, h.infect(d, s)
}

// infect starts malware on a device. The caller holds the lock.
func (h *Home) infect(d *device.Device, s plan.Scenario) error {
	stop, err := h.watchSource(d)
	if err != nil {
		return err
	}
	b := &bot.Bot{Device: d, Plan: h.Plan, Moves: s.Moves, Framed: s.Framed, Log: h.log}
	h.bots[d.Name] = h.start(func(ctx context.Context) {
		defer stop()
		for _, name := range s.Restarts {
			h.running.Go(func() { h.restarts(ctx, name) })
		}
		if err := b.Run(ctx); err != nil && ctx.Err() == nil {
			h.log.Warn("malware stopped", "device", d.Name, "error", err)
		}
	})
	return nil
}

// restarts takes a device off the mains again and again.
func (h *Home) restarts(ctx context.Context, name string) {
	for ctx.Err() == nil {
		if err := h.PowerCycle(ctx, name); err != nil && ctx.Err() == nil {
			h.log.Warn("restart", "device", name, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
	// do not leave it off: it is nobody's fault. A closed home switches nothing on.
	if d, err := h.device(name); err == nil {
		h.power(d)
	}
}

// caught is called when somebody broke into a device by telnet. In a worm's scenario the device wakes up later.
func (h *Home) caught(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	life := h.lives[name]
	if life == nil || h.victims[name] {
		return
	}
	h.victims[name] = true
	h.log.Info("broken into", "device", name)
	s := h.Plan.Scenario
	d, err := h.device(name)
	if s.Worm == 0 || err != nil || h.ctx.Err() != nil {
		return
	}
	h.running.Go(func() {
		select {
		case <-life.done: // switched off before it woke up
			return
		case <-h.ctx.Done():
			return
		case <-time.After(s.Worm):
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.victims[name] && h.bots[name] == nil && h.lives[name] == life && h.ctx.Err() == nil {
			if err := h.infect(d, s); err != nil {
				h.log.Warn("worm", "device", name, "error", err)
			}
		}
	})
}
