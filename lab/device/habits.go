package device

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"cardea/lab/plan"
)

// habit is something a device does for as long as it is on. What fails (names, connections) is tried again later: that is
// what devices do, and whether they get through is asked by Reach.
type habit func(d *Device, ctx context.Context, r *rand.Rand) error

var habits = map[plan.Kind][]habit{
	plan.Camera:     {cloud, clock, announce},
	plan.Alarm:      {cloud, clock},
	plan.Phone:      {cloud, clock, checkNetwork, browse, watchCameras},
	plan.Laptop:     {cloud, clock, checkNetwork, browse, useOffice},
	plan.TV:         {cloud, clock, announce, stream},
	plan.Plug:       {cloud, clock},
	plan.Bulb:       {cloud, clock},
	plan.Printer:    {cloud, announce},
	plan.Speaker:    {cloud, clock, announce, music},
	plan.Thermostat: {cloud, clock},
	plan.Hub:        {cloud, clock, announce},
	plan.NAS:        {cloud, clock, announce},
}

// pause waits between half and one and a half times d; false when the device is switched off.
func pause(ctx context.Context, r *rand.Rand, d time.Duration) bool {
	t := time.NewTimer(d/2 + time.Duration(r.Int64N(int64(d))))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// cloud keeps one TLS connection to the maker and reports over it.
func cloud(d *Device, ctx context.Context, r *rand.Rand) error {
	c := d.client(r.IntN(3) == 0)
	defer c.CloseIdleConnections()
	for {
		report := fmt.Sprintf(`{"device":%q,"value":%d}`, d.Name, r.IntN(1000))
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+d.Cloud+"/v1/report", strings.NewReader(report))
		if err != nil {
			return err
		}
		fetch(c, req)
		if !pause(ctx, r, 4*time.Second) {
			return nil
		}
	}
}

func fetch(c *http.Client, req *http.Request) {
	if resp, err := c.Do(req); err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

func get(ctx context.Context, c *http.Client, address string) {
	if req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil); err == nil {
		fetch(c, req)
	}
}

// clock asks for the time (RFC 5905).
func clock(d *Device, ctx context.Context, r *rand.Rand) error {
	for {
		if c, err := d.Dial(ctx, "udp", plan.NTPName+":123", false); err == nil {
			q := make([]byte, 48)
			q[0] = 4<<3 | 3
			_ = c.SetDeadline(time.Now().Add(2 * time.Second))
			if _, err := c.Write(q); err == nil {
				_, _ = c.Read(q)
			}
			c.Close()
		}
		if !pause(ctx, r, time.Minute) {
			return nil
		}
	}
}

// checkNetwork asks for the plain page by which phones find captive portals.
func checkNetwork(d *Device, ctx context.Context, r *rand.Rand) error {
	for {
		c := d.client(false)
		get(ctx, c, "http://"+plan.CheckName+"/generate_204")
		c.CloseIdleConnections()
		if !pause(ctx, r, 30*time.Second) {
			return nil
		}
	}
}

// browse reads one page after another, sometimes several at once, as people do.
func browse(d *Device, ctx context.Context, r *rand.Rand) error {
	names := d.plan.BrowsedNames()
	c := d.client(r.IntN(2) == 0)
	defer c.CloseIdleConnections()
	for pause(ctx, r, 2500*time.Millisecond) {
		for range 1 + r.IntN(3) {
			scheme := "https://"
			if r.IntN(12) == 0 {
				scheme = "http://"
			}
			get(ctx, c, fmt.Sprintf("%s%s/?bytes=%d", scheme, names[r.IntN(len(names))], 2000+r.IntN(60000)))
		}
	}
	return nil
}

// stream watches films: pieces of some megabytes.
func stream(d *Device, ctx context.Context, r *rand.Rand) error {
	c := d.client(r.IntN(2) == 0)
	defer c.CloseIdleConnections()
	for pause(ctx, r, 8*time.Second) {
		get(ctx, c, fmt.Sprintf("https://%s/film?bytes=%d", plan.VideoName, 1<<20+r.IntN(3<<20)))
	}
	return nil
}

// music is a stream of small pieces.
func music(d *Device, ctx context.Context, r *rand.Rand) error {
	c := d.client(false)
	defer c.CloseIdleConnections()
	for pause(ctx, r, 5*time.Second) {
		get(ctx, c, fmt.Sprintf("https://%s/song?bytes=%d", plan.VideoName, 100000+r.IntN(200000)))
	}
	return nil
}

// watchCameras opens the cameras' pictures over the LAN.
func watchCameras(d *Device, ctx context.Context, r *rand.Rand) error {
	return visit(d, ctx, r, plan.Camera, 554, "OPTIONS rtsp://camera/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", 12*time.Second)
}

// useOffice prints and saves files over the LAN.
func useOffice(d *Device, ctx context.Context, r *rand.Rand) error {
	if r.IntN(2) == 0 {
		return visit(d, ctx, r, plan.NAS, 445, "\x00\x00\x00\x04\xfeSMB", 9*time.Second)
	}
	return visit(d, ctx, r, plan.Printer, 631, "POST /ipp/print HTTP/1.1\r\nHost: printer\r\nContent-Length: 0\r\n\r\n", 15*time.Second)
}

// visit connects to a device of a kind in the home now and then and says something.
func visit(d *Device, ctx context.Context, r *rand.Rand, kind plan.Kind, port uint16, say string, every time.Duration) error {
	var there []netip.Addr
	for _, o := range d.plan.Devices {
		if o.Kind == kind && !o.Later {
			there = append(there, o.IPv4)
		}
	}
	for len(there) > 0 && pause(ctx, r, every) {
		short, cancel := context.WithTimeout(ctx, 3*time.Second)
		c, err := d.Space.Dial(short, "tcp", netip.AddrPortFrom(there[r.IntN(len(there))], port).String())
		cancel()
		if err != nil {
			continue
		}
		_ = c.SetDeadline(time.Now().Add(3 * time.Second))
		if _, err := io.WriteString(c, say); err == nil {
			_, _ = c.Read(make([]byte, 512))
		}
		c.Close()
	}
	return nil
}
