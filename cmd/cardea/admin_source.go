package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	intelligence "cardea/cloud/intel"
	"cardea/home"
)

// adminIntelSource is about where intelligence comes from.
type adminIntelSource struct {
	Add    adminSourceAdd    `cmd:"" help:"Add a source, or change one: a folder, a list of the web, a TAXII 2.1 collection."`
	List   adminSourceList   `cmd:"" help:"List sources, how they stand and what of each is in force."`
	Remove adminSourceRemove `cmd:"" help:"Remove a source with all that it told."`
	Fetch  adminSourceFetch  `cmd:"" help:"Have a source asked at once."`
	Agree  adminSourceAgree  `cmd:"" help:"Put in force what a source holds back: it had lost half of what it said or all, or grown tenfold."`
}

type adminSourceAdd struct {
	Tenant string        `required:"" help:"Whose audit it is written in."`
	Name   string        `arg:"" help:"A short name: small letters, digits, hyphens."`
	Place  string        `arg:"" help:"A folder's or file's whole path, or a URL."`
	TAXII  bool          `name:"taxii" help:"The URL is a collection's of a TAXII 2.1 server."`
	Format string        `help:"plain, hosts, adblock, dnsmasq, unbound, rpz, csv or stix; default: found out."`
	Class  string        `help:"malware, phishing, tracking, bypass or adult; default: as the source says, else malware."`
	Family string        `help:"Of malware, where all of it is about one."`
	Trust  int           `default:"80" help:"How far it is believed, 0 to 100; 0: it is fetched and in no list."`
	Every  time.Duration `default:"5m" help:"How often it is asked."`
	Life   time.Duration `default:"720h" help:"After how long what was not told again is dropped."`
	Exact  bool          `help:"Names mean themselves only, not what is below them."`
	Secret string        `help:"Name of a file in the folder intel/secrets of the data folder that holds user:password, or Bearer and a token."`
	Inside bool          `help:"It may be in the provider's own network, or by http."`
	Why    string        `required:"" help:"Why, in one line."`
}

// Run is called by kong.
func (c adminSourceAdd) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		kind := intelligence.KindFolder
		switch {
		case c.TAXII:
			kind = intelligence.KindTAXII
		case strings.Contains(c.Place, "://"):
			kind = intelligence.KindHTTP
		}
		note, err := a.noteRefusal(c.Tenant, "set a source of intelligence", c.Name+" "+c.Place, c.Why)
		if err != nil {
			return err
		}
		err = a.rooms.Intel.SetSource(a.ctx, intelligence.Source{Name: c.Name, Kind: kind, Place: c.Place, Format: c.Format, Class: home.Class(c.Class), Family: c.Family, Trust: c.Trust,
			Every: c.Every, Life: c.Life, Exact: c.Exact, Secret: c.Secret, Inside: c.Inside, Why: c.Why, Who: "admin"}, note)
		if err != nil {
			return err
		}
		return a.print(map[string]any{"name": c.Name, "kind": kind}, c.Name+" is asked within half a minute, and in force a minute later. See cardea admin intel source list.")
	})
}

type adminSourceList struct{}

// Run is called by kong.
func (c adminSourceList) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		list, err := a.rooms.Intel.Sources(a.ctx)
		if err != nil {
			return err
		}
		lists, err := a.rooms.Intel.Lists(a.ctx)
		if err != nil {
			return err
		}
		text := []string{fmt.Sprintf("Lists of version %d, %d entries, of %s.", lists.Version, lists.Entries, lists.At.Format(time.RFC3339))}
		if lists.Version == 0 {
			text = []string{"No lists were published of these sources yet."}
		}
		if lists.Failure != "" {
			text = append(text, "The newest could not be published: "+lists.Failure)
		}
		for i := range list {
			text = append(text, sourceText(&list[i])...)
		}
		if list == nil {
			list = []intelligence.State{}
		}
		return a.print(map[string]any{"sources": list, "lists": lists}, text...)
	})
}

// sourceText is a source for people.
func sourceText(s *intelligence.State) []string {
	out := []string{fmt.Sprintf("%s  %s  trust %d  %s: %d told, %d in force", s.Name, s.Kind, s.Trust, s.State, s.Entries, s.Placed.Entries)}
	if s.Failure != "" {
		out = append(out, "    "+s.Failure)
	}
	if s.Held > 0 {
		out = append(out, fmt.Sprintf("    What it says now (%d entries) is so unlike what it said that it waits: cardea intel dry-run source:%s, then cardea admin intel source agree %s.", s.Held, s.Name, s.Name))
	}
	for _, why := range slices.Sorted(maps.Keys(s.Placed.Refused)) {
		out = append(out, fmt.Sprintf("    %d left out: %s", s.Placed.Refused[why], why))
	}
	for _, why := range slices.Sorted(maps.Keys(s.Report.Refused)) {
		out = append(out, fmt.Sprintf("    %d not understood: %s", s.Report.Refused[why], why))
	}
	return out
}

type adminSourceRemove struct {
	Tenant string `required:"" help:"Whose audit it is written in."`
	Name   string `arg:"" help:"The source."`
}

// Run is called by kong.
func (c adminSourceRemove) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		note, err := a.noteRefusal(c.Tenant, "remove a source of intelligence", c.Name, "")
		if err != nil {
			return err
		}
		if err := a.rooms.Intel.RemoveSource(a.ctx, c.Name, note); err != nil {
			return err
		}
		return a.print(map[string]any{"name": c.Name}, "Removed. The lists are without it within two minutes.")
	})
}

type adminSourceFetch struct {
	Tenant string `required:"" help:"Whose audit it is written in."`
	Name   string `arg:"" help:"The source."`
	Here   bool   `help:"By this command, where no cloud runs; else the running cloud does it."`
}

// Run is called by kong.
func (c adminSourceFetch) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		note, err := a.noteRefusal(c.Tenant, "fetch a source of intelligence", c.Name, "")
		if err != nil {
			return err
		}
		if err := a.rooms.Intel.FetchNow(a.ctx, c.Name, note); err != nil {
			return err
		}
		if !c.Here {
			return a.print(map[string]any{"name": c.Name}, "The running cloud asks it within half a minute.")
		}
		t, err := a.rooms.Intel.Turn(a.ctx)
		if err != nil {
			return err
		}
		s, err := a.rooms.Intel.Source(a.ctx, c.Name)
		if err != nil {
			return err
		}
		return a.print(map[string]any{"source": s, "published": t.Built, "version": t.Version}, sourceText(&s)...)
	})
}

type adminSourceAgree struct {
	Tenant string `required:"" help:"Whose audit it is written in."`
	Name   string `arg:"" help:"The source."`
}

// Run is called by kong.
func (c adminSourceAgree) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		note, err := a.noteRefusal(c.Tenant, "agree a source of intelligence", c.Name, "")
		if err != nil {
			return err
		}
		if err := a.rooms.Intel.Agree(a.ctx, c.Name, note); err != nil {
			return err
		}
		return a.print(map[string]any{"name": c.Name}, "In force with the next lists, within two minutes.")
	})
}

// adminIntelAllow is about what no list blocks.
type adminIntelAllow struct {
	Add    adminAllowAdd    `cmd:"" help:"Make an exception: no list blocks this in any home, from the next minutes on."`
	Remove adminAllowRemove `cmd:"" help:"Take an exception back."`
	List   adminAllowList   `cmd:"" help:"List exceptions."`
}

type adminAllowAdd struct {
	Tenant string `required:"" help:"Whose audit it is written in."`
	Why    string `required:"" help:"Why, in one line."`
	Value  string `arg:"" help:"A name with all below it, an address or a block."`
}

// Run is called by kong.
func (c adminAllowAdd) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		note, err := a.noteRefusal(c.Tenant, "make an exception of all lists", c.Value, c.Why)
		if err != nil {
			return err
		}
		x, err := a.rooms.Intel.Allow(a.ctx, c.Value, c.Why, "admin", note)
		if err != nil {
			return err
		}
		return a.print(x, x.Value+" is blocked by no list once homes have the next one: a running cloud signs it within two minutes, of sources as of what was published by hand.")
	})
}

type adminAllowRemove struct {
	Tenant string `required:"" help:"Whose audit it is written in."`
	Value  string `arg:"" help:"As the list of exceptions has it."`
}

// Run is called by kong.
func (c adminAllowRemove) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		note, err := a.noteRefusal(c.Tenant, "take an exception of all lists back", c.Value, "")
		if err != nil {
			return err
		}
		if err := a.rooms.Intel.Disallow(a.ctx, c.Value, note); err != nil {
			return err
		}
		return a.print(map[string]any{"value": c.Value}, "Taken back: sources list it again within two minutes, lists that were published by hand when they are published again.")
	})
}

type adminAllowList struct{}

// Run is called by kong.
func (c adminAllowList) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		list, err := a.rooms.Intel.Exceptions(a.ctx)
		if err != nil {
			return err
		}
		text := []string{}
		for _, x := range list {
			text = append(text, fmt.Sprintf("%s: %s (%s, %s)", x.Value, x.Why, x.Who, x.Made.Format("2006-01-02")))
		}
		if list == nil {
			list, text = []intelligence.Allowed{}, []string{"There are no exceptions."}
		}
		return a.print(list, text...)
	})
}
