package main

import (
	"bufio"
	"cmp"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"cardea/gateway"
	"cardea/home"
	"cardea/internal/show"
)

const (
	textContacts = 8    // shown per device
	textKept     = 5000 // contacts kept for the tables
)

// replayText prints a replay for people: findings as they arise, then each device with what it talked to most.
func replayText(w *bufio.Writer) func(any) error {
	byDevice := map[home.DeviceID][]home.Contact{}
	kept, left := 0, 0
	return func(v any) error {
		switch r := v.(type) {
		case gateway.FindingRecord:
			at := fmt.Sprintf("packet %d", r.Frame)
			if r.Log {
				at = fmt.Sprintf("line %d", r.Frame)
			}
			if r.File != "" {
				at = r.File + ", " + at
			}
			fmt.Fprintf(w, "! %s  %s  %s: %s (%s)\n", r.Time.UTC().Format(time.DateTime), r.MAC, r.Detector, show.Text(r.Sentence), show.Text(at))
			return w.Flush()
		case gateway.ContactRecord:
			if kept++; kept > textKept {
				left++
				return nil
			}
			byDevice[r.Device] = append(byDevice[r.Device], r.Contact)
		case gateway.DeviceRecord:
			printDevice(w, r.Device, merge(byDevice[r.ID]))
		case gateway.Summary:
			fmt.Fprintf(w, "\n%s in %s of traffic: %s, %s, %s.\n", count(r.Packets, "packet"),
				time.Duration(r.Seconds*float64(time.Second)).Round(time.Second),
				count(uint64(r.Devices), "device"), count(r.Contacts, "contact"), count(r.Findings, "finding"))
			if r.Truncated+r.Malformed > 0 {
				what := "made no sense"
				if r.Lines > 0 {
					what = "packets or lines made no sense"
				}
				fmt.Fprintf(w, "%d packets were cut short by the capture, %d %s.\n", r.Truncated, r.Malformed, what)
			}
			if left > 0 {
				fmt.Fprintf(w, "The tables leave out %d contacts; --json has them all.\n", left)
			}
		}
		return nil
	}
}

func count(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// merge adds up the windows of each endpoint, the busiest first.
func merge(list []home.Contact) []home.Contact {
	at := map[home.Endpoint]int{}
	var out []home.Contact
	for _, c := range list {
		key := c.Endpoint
		if key.Name != "" {
			key.IP = home.Endpoint{}.IP
		}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, c)
			continue
		}
		out[i].Flows, out[i].Failed = out[i].Flows+c.Flows, out[i].Failed+c.Failed
		out[i].Up, out[i].Down, out[i].Packets = out[i].Up+c.Up, out[i].Down+c.Down, out[i].Packets+c.Packets
	}
	slices.SortStableFunc(out, func(a, b home.Contact) int { return cmp.Compare(b.Up+b.Down, a.Up+a.Down) })
	return out
}

func printDevice(w *bufio.Writer, d home.Device, contacts []home.Contact) {
	fmt.Fprintf(w, "\n%s", show.Text(d.Name()))
	if d.Gateway {
		fmt.Fprint(w, " (the router)")
	}
	if d.Vendor != "" {
		fmt.Fprintf(w, ", %s", d.Vendor)
	}
	if !d.MAC.IsZero() {
		fmt.Fprintf(w, ", %s", d.MAC)
	}
	for _, a := range d.Addresses {
		fmt.Fprintf(w, " %s", a)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	for i, c := range contacts {
		if i == textContacts {
			fmt.Fprintf(t, "    and %d more\n", len(contacts)-i)
			break
		}
		what := c.Endpoint.Name
		if what == "" {
			what = c.Endpoint.IP.String()
			if !c.Endpoint.IP.IsValid() {
				what = "many addresses"
			}
		}
		how := fmt.Sprintf("%s/%d", c.Endpoint.Proto, c.Endpoint.Port)
		if c.Lookup {
			how = "looked up"
		}
		note := ""
		if c.Action != home.Allow {
			note = c.Action.String() + ": " + c.Reason
		} else if c.Service != nil {
			note = c.Service.Name + " (" + c.Service.Company + ")"
		}
		fmt.Fprintf(t, "    %s\t%s\t%s\t%s\t%s\n", show.Text(what), how, count(c.Flows, "flow"), bytesOf(c.Up+c.Down), show.Text(note))
	}
	_ = t.Flush() // into w, which keeps its error for its own Flush
}

func bytesOf(n uint64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
