package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/internal/show"
)

// asJSON is what every command that a program may read has.
type asJSON struct {
	JSON bool `help:"Print JSON."`
}

func printJSON(v any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

type statusCmd struct{ asJSON }

// Run is called by kong.
func (c statusCmd) Run(ctx context.Context, all *cli) error {
	s, err := control.Dial(all.Socket).Status(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s)
	}
	fmt.Printf("running since %s, version %s\n", s.Started.Local().Format(time.DateTime), s.Version)
	fmt.Printf("%d devices, %d contained, %d open incidents, %d indicators\n", s.Devices, s.Contained, s.Incidents, s.Indicators)
	if s.Armed {
		fmt.Println("armed")
	} else {
		fmt.Printf("DISARMED until %s\n", s.Until.Local().Format(time.DateTime))
	}
	printCloud(s.Cloud)
	for _, d := range s.Degraded {
		fmt.Println("!", show.Text(d))
	}
	return nil
}

type devicesCmd struct{ asJSON }

// Run is called by kong.
func (c devicesCmd) Run(ctx context.Context, all *cli) error {
	list, err := control.Dial(all.Socket).Devices(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list)
	}
	w := tabwriter.NewWriter(os.Stdout, 2, 8, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tMAC\tADDRESS\tPORT\tSTATE\tLAST SEEN")
	for _, d := range list {
		state := string(d.Mode)
		switch {
		case d.Gateway:
			state = "gateway"
		case d.Mode == home.ModeOff:
			state = "ok"
		default:
			state += " (" + string(d.Grade) + ")"
		}
		addr := ""
		if len(d.Addresses) > 0 {
			addr = d.Addresses[0].String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s ago\n", show.Text(d.Name), d.MAC, addr, d.Port, state, time.Since(d.Last).Round(time.Second))
	}
	return w.Flush()
}

type contactsCmd struct {
	asJSON
	Device string        `help:"Device id, name, MAC or address; all without it."`
	Since  time.Duration `help:"How far back." default:"24h"`
	Limit  int           `help:"Most contacts to print." default:"1000"`
}

// Run is called by kong.
func (c contactsCmd) Run(ctx context.Context, all *cli) error {
	client := control.Dial(all.Socket)
	q := control.ContactQuery{From: time.Now().Add(-c.Since), Limit: c.Limit}
	if c.Device != "" {
		id, err := resolveDevice(ctx, client, c.Device)
		if err != nil {
			return err
		}
		q.Device = id
	}
	if c.JSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetEscapeHTML(false)
		return client.Contacts(ctx, q, func(v home.Contact) bool { return enc.Encode(v) == nil })
	}
	w := tabwriter.NewWriter(os.Stdout, 2, 8, 2, ' ', 0)
	fmt.Fprintln(w, "LAST\tENDPOINT\tPORT\tFLOWS\tBYTES\tVERDICT\tREASON")
	err := client.Contacts(ctx, q, func(v home.Contact) bool {
		what := v.Endpoint.Name
		if what == "" {
			what = v.Endpoint.IP.String()
		}
		fmt.Fprintf(w, "%s\t%s\t%s/%d\t%d\t%d\t%s\t%s\n", v.Last.Local().Format(time.TimeOnly), show.Text(what),
			v.Endpoint.Proto, v.Endpoint.Port, v.Flows, v.Up+v.Down, v.Action, show.Text(v.Reason))
		return true
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

func resolveDevice(ctx context.Context, client *control.Client, target string) (home.DeviceID, error) {
	list, err := client.Devices(ctx)
	if err != nil {
		return "", err
	}
	for _, d := range list {
		if d.Is(target) {
			return d.ID, nil
		}
	}
	return "", fmt.Errorf("device %q: %w", target, control.ErrNotFound)
}

type incidentsCmd struct{ asJSON }

// Run is called by kong.
func (c incidentsCmd) Run(ctx context.Context, all *cli) error {
	list, err := control.Dial(all.Socket).Incidents(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list)
	}
	w := tabwriter.NewWriter(os.Stdout, 2, 8, 2, ' ', 0)
	fmt.Fprintln(w, "CODE\tOPENED\tDEVICE\tSTATE\tMODE\tWHY")
	for _, i := range list {
		why := ""
		if len(i.History) > 0 {
			why = i.History[len(i.History)-1].Why
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", i.Code, i.Opened.Local().Format(time.DateTime), i.Device, i.State, i.Mode, show.Text(why))
	}
	return w.Flush()
}

// target is the argument of what is done to one device.
type target struct {
	Device string `arg:"" help:"Device id, name, MAC or address, or its incident's code."`
}

type quarantineCmd struct {
	asJSON
	target
	Why string `help:"Reason, kept with the incident."`
}

// Run is called by kong.
func (c quarantineCmd) Run(ctx context.Context, all *cli) error {
	var i home.Incident
	if err := control.Dial(all.Socket).Ask(ctx, control.Action{Verb: "quarantine", Target: c.Device, Why: c.Why}, &i); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(i)
	}
	fmt.Printf("shut in; incident %s\n", i.Code)
	return nil
}

type checkCmd struct {
	asJSON
	target
}

// Run is called by kong.
func (c checkCmd) Run(ctx context.Context, all *cli) error {
	var k home.Check
	if err := control.Dial(all.Socket).Ask(ctx, control.Action{Verb: "check", Target: c.Device}, &k); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(k)
	}
	fmt.Println(show.Text(k.Sentence))
	return nil
}

type releaseCmd struct {
	asJSON
	target
}

// Run is called by kong.
func (c releaseCmd) Run(ctx context.Context, all *cli) error {
	var answer json.RawMessage
	if err := control.Dial(all.Socket).Ask(ctx, control.Action{Verb: "release", Target: c.Device}, &answer); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(answer)
	}
	fmt.Println("let out; on probation now")
	return nil
}

// endpoint is the argument of what is done about one endpoint.
type endpoint struct {
	Endpoint string `arg:"" help:"Name (with all names below it), address or block of addresses."`
	Device   string `help:"Only for this device: id, name, MAC or address."`
}

type blockCmd struct{ endpoint }

// Run is called by kong.
func (c blockCmd) Run(ctx context.Context, all *cli) error {
	return c.ask(ctx, all, "block", "blocked; flows that were running to it are cut")
}

type unblockCmd struct{ endpoint }

// Run is called by kong.
func (c unblockCmd) Run(ctx context.Context, all *cli) error {
	return c.ask(ctx, all, "unblock", "not blocked any more")
}

type allowCmd struct{ endpoint }

// Run is called by kong.
func (c allowCmd) Run(ctx context.Context, all *cli) error {
	return c.ask(ctx, all, "allow", "allowed, also against a list")
}

type disallowCmd struct{ endpoint }

// Run is called by kong.
func (c disallowCmd) Run(ctx context.Context, all *cli) error {
	return c.ask(ctx, all, "disallow", "lists decide about it again")
}

func (e endpoint) ask(ctx context.Context, all *cli, verb, done string) error {
	if err := control.Dial(all.Socket).Ask(ctx, control.Action{Verb: verb, Target: e.Device, Endpoint: e.Endpoint}, nil); err != nil {
		return err
	}
	fmt.Println(done)
	return nil
}

// Run is called by kong.
func (c disarmCmd) Run(ctx context.Context, all *cli) error {
	var s control.Status
	if err := control.Dial(all.Socket).Ask(ctx, control.Action{Verb: "disarm", For: c.For}, &s); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s)
	}
	fmt.Printf("disarmed for %s: nothing is enforced, quarantine included\n", c.For)
	return nil
}

type armCmd struct{ asJSON }

// Run is called by kong.
func (c armCmd) Run(ctx context.Context, all *cli) error {
	var s control.Status
	if err := control.Dial(all.Socket).Ask(ctx, control.Action{Verb: "arm"}, &s); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s)
	}
	fmt.Println("armed")
	return nil
}
