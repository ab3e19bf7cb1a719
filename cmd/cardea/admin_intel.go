package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/audit"
)

type adminIntelPublish struct {
	Folder string `arg:"" type:"existingdir" help:"Lists as the agent reads them: a folder's name gives the class."`
	Agree  bool   `help:"Publish them also where they lost half of the newest ones' entries, or grew tenfold."`
	signedWhy
}

// Help says what is left out.
func (adminIntelPublish) Help() string {
	return `What no list may block (the provider's own names, what most people use, hosts of updates …) and what is excepted (cardea admin intel
allow) is left out, counted and named; the exceptions go with the lists.`
}

// Run is called by kong.
func (c adminIntelPublish) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		by, err := a.hand("intel-publish", c.Why, c.Agree)
		if err != nil {
			return err
		}
		r, err := a.rooms.Rollout.PublishLists(a.ctx, os.DirFS(c.Folder), by)
		if err != nil {
			return err
		}
		refused := 0
		for _, n := range r.Refused {
			refused += n
		}
		reaches, err := a.reaches("lists", r.Version)
		if err != nil {
			return err
		}
		return a.print(r, append([]string{fmt.Sprintf("%s %d entries, %d refused; %d bytes whole, %d as a difference.", reaches, r.Entries, refused, r.Whole, r.Delta)}, leftText(&r)...)...)
	})
}

type adminIntelStatus struct{}

// Run is called by kong.
func (c adminIntelStatus) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		list, err := a.rooms.Rollout.Newest(a.ctx)
		if err != nil {
			return err
		}
		var text []string
		out := map[string]uint64{}
		for _, b := range list {
			out[b.GetName()] = b.GetVersion()
			text = append(text, fmt.Sprintf("%s: version %d", b.GetName(), b.GetVersion()))
		}
		if len(text) == 0 {
			text = []string{"Nothing was published yet."}
		}
		return a.print(out, text...)
	})
}

type adminLink struct {
	Kind   string `arg:"" enum:"resident,staff" help:"resident or staff."`
	Email  string `arg:"" help:"Whose."`
	Tenant string `required:"" help:"The tenant's short name or id."`
	Public string `help:"The URL by which people reach the cloud." default:"http://localhost:8490"`
}

// Run is called by kong.
func (c adminLink) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		kind, page := account.Resident, "/sign-in#"
		if c.Kind == "staff" {
			kind, page = account.Staff, "/staff/sign-in#"
		}
		p, err := a.rooms.Accounts.PersonBy(a.ctx, kind, t.ID, c.Email)
		if err != nil {
			return err
		}
		// Before the link is there: with a resident's, somebody sees a home as its resident does.
		if err := a.rooms.Audit.AddNow(a.ctx, audit.Entry{Tenant: t.ID, Who: "admin", Role: "admin", Act: "link", What: c.Kind + " " + p.ID}); err != nil {
			return err
		}
		token, err := a.rooms.Accounts.SignInLink(a.ctx, kind, t.ID, p.ID, 15*time.Minute)
		if err != nil {
			return err
		}
		link := strings.TrimSuffix(c.Public, "/") + page + token
		return a.print(map[string]string{"link": link}, link)
	})
}

type adminCertificate struct {
	Role string   `arg:"" enum:"broker,worker,api" help:"broker, worker or api."`
	Out  string   `arg:"" type:"path" help:"Folder for the certificate, its key and the authority's certificate."`
	Host []string `help:"A name or an address of the server; repeat. For brokers."`
}

// Run is called by kong.
func (c adminCertificate) Run(ctx context.Context, top *cli) error {
	return top.Admin.begin(ctx, func(a *admin) error {
		if err := cloud.WriteCertificate(a.rooms.CA, c.Role, c.Host, c.Out); err != nil {
			return err
		}
		return a.print(map[string]string{"folder": c.Out}, "Written to "+c.Out+".")
	})
}
