package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/audit"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"
	"cardea/home"
	"cardea/internal/show"
	"cardea/wire"

	"github.com/skip2/go-qrcode"
	"golang.org/x/term"
)

// adminCmd works on the database and the keys of a cloud, beside the running one.
type adminCmd struct {
	Data string `help:"The cloud's data folder." default:"/var/lib/cardea-cloud" type:"path"`
	DB   string `help:"Its database; default: cardea.db in the data folder."`
	JSON bool   `help:"Print JSON."`

	typed string // the command with which errors begin, where it is another that opens a cloud in this way

	Tenant struct {
		Create adminTenantCreate `cmd:"" help:"Make a tenant: one CSP."`
		List   adminTenantList   `cmd:"" help:"List tenants."`
		Set    adminTenantSet    `cmd:"" help:"Say what is learned from a tenant's homes, and who gets it."`
	} `cmd:"" help:"Tenants."`
	Home struct {
		Create   adminHomeCreate   `cmd:"" help:"Make a home."`
		List     adminHomeList     `cmd:"" help:"List a tenant's homes."`
		Resident adminHomeResident `cmd:"" help:"Add a resident to a home; the password is read from standard input."`
		Claim    adminHomeClaim    `cmd:"" help:"Make a claim code for the home's first gateway: once, for 15 minutes."`
		Label    adminHomeLabel    `cmd:"" help:"Make the code on a gateway's label, which makes the first resident the owner."`
		Remove   adminHomeRemove   `cmd:"" help:"Erase all that is kept of a home and its people, and revoke its gateway: the customer left."`
	} `cmd:"" help:"Homes and the people in them."`
	Staff struct {
		Create adminStaffCreate `cmd:"" aliases:"add" help:"Add a member of staff; the password is read from standard input."`
		List   adminStaffList   `cmd:"" help:"List staff and their roles."`
		Role   adminStaffRole   `cmd:"" help:"Say what somebody of staff is from now on."`
		Remove adminStaffRemove `cmd:"" help:"Take somebody of staff away."`
		Token  struct {
			Make   adminTokenMake   `cmd:"" help:"Make a token for one of the provider's systems; its secret is told this once."`
			List   adminTokenList   `cmd:"" help:"List tokens."`
			Revoke adminTokenRevoke `cmd:"" help:"End a token at once."`
		} `cmd:"" help:"Tokens of the provider's systems."`
	} `cmd:"" help:"The tenant's staff."`
	Gateway struct {
		List   adminGatewayList   `cmd:"" help:"List a home's gateways."`
		Revoke adminGatewayRevoke `cmd:"" help:"Take a gateway's right to speak for its home away, as when it was stolen."`
	} `cmd:"" help:"Gateways."`
	Intel struct {
		Publish   adminIntelPublish   `cmd:"" help:"Sign a folder of lists and offer it to all gateways."`
		Exposures adminIntelExposures `cmd:"" help:"Sign what is known of exploited vulnerabilities and ends of life, and offer it to all gateways."`
		Models    adminIntelModels    `cmd:"" help:"Learn now, from what all homes told, who devices are, and offer it to all gateways."`
		Profiles  adminIntelProfiles  `cmd:"" help:"Sign profiles of what is normal, and offer them to all gateways; start the workers with --no-learn, or the next hour makes its own."`
		MUD       adminIntelMUD       `cmd:"" name:"mud" help:"Makers' documents of what their products do."`
		Source    adminIntelSource    `cmd:"" help:"Where lists come from: folders, the web, TAXII 2.1."`
		Allow     adminIntelAllow     `cmd:"" help:"Exceptions: what no list blocks."`
		Refuse    adminIntelRefuse    `cmd:"" help:"Keep an endpoint from ever being an indicator of herd protection, as when homes agreed on something good."`
		Unrefuse  adminIntelUnrefuse  `cmd:"" help:"Take that back."`
		Refused   adminIntelRefused   `cmd:"" help:"List what is refused."`
		Again     adminIntelAgain     `cmd:"" help:"Offer an older version of models, profiles or exposures again, as a new one; start the workers with --no-learn, or the next hour makes its own models."`
		Status    adminIntelStatus    `cmd:"" help:"Tell which version is offered."`
	} `cmd:"" help:"What gateways are sent: lists of indicators, models, exposures."`
	Audit struct {
		Verify adminAuditVerify `cmd:"" help:"Check that nothing of the audit was changed, removed or added."`
		Export adminAuditExport `cmd:"" help:"Write a tenant's audit: as a chain that can be verified, or its entries of a time as JSON lines or CSV."`
	} `cmd:"" help:"Who did and looked at what."`
	Rights      adminRights      `cmd:"" help:"Which role of staff may do what: the table in the program."`
	Link        adminLink        `cmd:"" help:"Make a link that signs somebody in, once."`
	Certificate adminCertificate `cmd:"" help:"Make the certificate of a broker, worker or API on a server of its own."`
}

// admin is what the commands get.
type admin struct {
	ctx   context.Context
	rooms *rooms.Rooms
	json  bool
}

// with opens a cloud's data for one command. A folder without one is a mistake in typing, not a new cloud with new keys.
func (c *adminCmd) with(ctx context.Context, f func(*admin) error) error {
	if _, err := os.Stat(filepath.Join(c.Data, "ca")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no cloud in %s: --data names its folder, and cardea serve or cardea admin tenant create makes it", c.Data)
	}
	return c.begin(ctx, f)
}

// begin is with, and makes the folder and its keys where there are none.
func (c *adminCmd) begin(ctx context.Context, f func(*admin) error) (err error) {
	typed := cmp.Or(c.typed, "admin")
	rooms, err := cloud.Open(ctx, cloud.Config{Data: c.Data, DB: c.DB})
	if err != nil {
		return fmt.Errorf("%s: %w", typed, err)
	}
	defer func() { err = errors.Join(err, rooms.Close()) }()
	if err := f(&admin{ctx: ctx, rooms: rooms, json: c.JSON}); errors.Is(err, errSilent) {
		return err
	} else if err != nil {
		return fmt.Errorf("%s: %w", typed, err)
	}
	return nil
}

// print shows a value as JSON, or as lines for people.
func (a *admin) print(v any, text ...string) error {
	if a.json {
		return json.NewEncoder(os.Stdout).Encode(v)
	}
	for _, s := range text {
		fmt.Println(show.Text(s))
	}
	return nil
}

func (a *admin) tenant(slug string) (account.Tenant, error) {
	list, err := a.rooms.Accounts.Tenants(a.ctx)
	if err != nil {
		return account.Tenant{}, err
	}
	for _, t := range list {
		if t.Slug == slug || t.ID == slug {
			return t, nil
		}
	}
	return account.Tenant{}, fmt.Errorf("there is no tenant %q", slug)
}

func tenantJSON(t account.Tenant) map[string]any {
	return map[string]any{"id": t.ID, "slug": t.Slug, "name": t.Name, "share": t.Sharing.Share, "helping": t.Sharing.Helping}
}

func homeJSON(h account.Home) map[string]any {
	return map[string]any{"id": h.ID, "tenant": h.Tenant, "name": h.Name, "account": h.Account, "created": h.Created}
}

func personJSON(p account.Person) map[string]any {
	return map[string]any{"id": p.ID, "tenant": p.Tenant, "kind": p.Kind, "email": p.Email, "name": p.Name}
}

// secret reads a password: without echo from a terminal, else the first line of standard input.
func secret(what string) (string, error) {
	if term.IsTerminal(int(os.Stdin.Fd())) {
		fmt.Fprint(os.Stderr, what+": ")
		b, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(os.Stderr)
		return string(b), err
	}
	line, err := bufio.NewReader(io.LimitReader(os.Stdin, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

type adminTenantCreate struct {
	Slug string `arg:"" help:"Short name, as in an address: example."`
	Name string `arg:"" help:"Name that residents see."`
}

// Run is called by kong.
func (c adminTenantCreate) Run(ctx context.Context, top *cli) error {
	return top.Admin.begin(ctx, func(a *admin) error {
		t, err := a.rooms.Accounts.CreateTenant(a.ctx, c.Slug, c.Name)
		if err == nil {
			err = a.rooms.Audit.AddNow(a.ctx, audit.Entry{Tenant: t.ID, Who: "admin", Role: "admin", Act: "tenant-created", What: t.Slug})
		}
		if err != nil {
			return err
		}
		return a.print(tenantJSON(t), t.ID)
	})
}

type adminTenantList struct{}

// Run is called by kong.
func (c adminTenantList) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		list, err := a.rooms.Accounts.Tenants(a.ctx)
		if err != nil {
			return err
		}
		text, out := []string{}, []map[string]any{}
		for _, t := range list {
			text, out = append(text, fmt.Sprintf("%s  %-16s %s", t.ID, t.Slug, t.Name)), append(out, tenantJSON(t))
		}
		return a.print(out, text...)
	})
}

type adminHomeCreate struct {
	Tenant  string `required:"" help:"The tenant's short name or id."`
	Name    string `help:"What its residents call it." default:"Home"`
	Account string `arg:"" help:"The customer's account number with the tenant."`
}

// Run is called by kong.
func (c adminHomeCreate) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		h, err := a.rooms.Accounts.CreateHome(a.ctx, t.ID, c.Name, c.Account)
		if err == nil {
			err = a.rooms.Audit.AddNow(a.ctx, audit.Entry{Tenant: t.ID, Home: h.ID, Who: "admin", Role: "admin", Act: "home-created"})
		}
		if err != nil {
			return err
		}
		return a.print(homeJSON(h), h.ID)
	})
}

type adminHomeList struct {
	Tenant string `required:"" help:"The tenant's short name or id."`
	After  string `help:"Go on after this home."`
	Limit  int    `help:"How many at most." default:"100"`
}

// Run is called by kong.
func (c adminHomeList) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		list, err := a.rooms.Accounts.Homes(a.ctx, t.ID, account.Query{After: c.After, Limit: c.Limit})
		if err != nil {
			return err
		}
		text, out := []string{}, []map[string]any{}
		for _, h := range list {
			text, out = append(text, fmt.Sprintf("%s  %-16s %s", h.ID, h.Account, h.Name)), append(out, homeJSON(h))
		}
		return a.print(out, text...)
	})
}

// homeFlags name a home.
type homeFlags struct {
	Tenant string `required:"" help:"The tenant's short name or id."`
	Home   string `arg:"" help:"The home's id."`
}

func (f homeFlags) place(a *admin) (home.Place, error) {
	t, err := a.tenant(f.Tenant)
	if err != nil {
		return home.Place{}, err
	}
	p := home.Place{Tenant: t.ID, Home: f.Home}
	_, err = a.rooms.Accounts.Home(a.ctx, p)
	return p, err
}

type adminHomeResident struct {
	homeFlags
	Email string `required:"" help:"The address with which the resident signs in."`
	Name  string `required:"" help:"What to call the resident."`
}

// Run is called by kong.
func (c adminHomeResident) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		p, err := c.place(a)
		if err != nil {
			return err
		}
		password, err := secret("Password")
		if err != nil {
			return err
		}
		r, err := a.rooms.Accounts.AddResident(a.ctx, p.Tenant, []string{p.Home}, c.Email, c.Name, password)
		if err != nil {
			return err
		}
		if err := a.rooms.Audit.AddNow(a.ctx, audit.Entry{Tenant: p.Tenant, Home: p.Home, Who: "admin", Role: "admin", Act: "resident", What: r.ID}); err != nil {
			return err
		}
		return a.print(personJSON(r), r.ID)
	})
}

type adminHomeClaim struct {
	homeFlags
	Cloud string `help:"The URL at which the gateway reaches the cloud; goes into the QR code." placeholder:"https://home.example.net"`
}

// Run is called by kong.
func (c adminHomeClaim) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		p, err := c.place(a)
		if err != nil {
			return err
		}
		code, expires, err := a.rooms.Accounts.CreateClaim(a.ctx, p, "admin", false)
		if err != nil {
			return err
		}
		uri := wire.ClaimURI(c.Cloud, code)
		if a.json {
			return a.print(map[string]any{"code": code, "uri": uri, "expires": expires})
		}
		qr, err := qrcode.New(uri, qrcode.Medium)
		if err != nil {
			return fmt.Errorf("QR code: %w", err)
		}
		fmt.Print(qr.ToSmallString(false))
		fmt.Printf("%s\nOne gateway may use it, until %s.\n", code, expires.Local().Format(time.TimeOnly))
		return nil
	})
}

type adminHomeRemove struct {
	homeFlags
	Yes bool `required:"" help:"Say that you mean it: it cannot be undone."`
}

// Run is called by kong.
func (c adminHomeRemove) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		p, err := c.place(a)
		if err != nil {
			return err
		}
		counts, err := a.rooms.Remove(a.ctx, p, "admin")
		if err != nil {
			return err
		}
		return a.print(counts, "Erased.")
	})
}

type adminStaffCreate struct {
	Tenant string        `required:"" help:"The tenant's short name or id."`
	Email  string        `required:"" help:"The address with which they sign in."`
	Name   string        `required:"" help:"Their name, as residents see it when they look into a home."`
	Role   []rights.Role `default:"tier2" help:"What they are: tier1, tier2, soc, engineer, privacy or admin; repeat for several. See cardea admin rights."`
}

// Run is called by kong.
func (c adminStaffCreate) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		password, err := secret("Password")
		if err != nil {
			return err
		}
		p, err := a.rooms.Accounts.AddStaff(a.ctx, t.ID, c.Email, c.Name, password, c.Role...)
		if err != nil {
			return err
		}
		return a.print(personJSON(p), p.ID)
	})
}

type adminGatewayList struct{ homeFlags }

// Run is called by kong.
func (c adminGatewayList) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		p, err := c.place(a)
		if err != nil {
			return err
		}
		list, err := a.rooms.Accounts.Gateways(a.ctx, p)
		if err != nil {
			return err
		}
		text, out := []string{}, []map[string]any{}
		for _, g := range list {
			text = append(text, fmt.Sprintf("%s  %-8s %s", g.Place.Gateway, g.State, g.Version))
			out = append(out, map[string]any{"id": g.Place.Gateway, "state": g.State, "version": g.Version, "enrolled": g.Enrolled,
				"expires": g.Expires, "why": g.Why})
		}
		return a.print(out, text...)
	})
}

type adminGatewayRevoke struct {
	homeFlags
	Gateway string `required:"" help:"The gateway's id."`
	Why     string `required:"" help:"Why; goes into the audit log."`
}

// Run is called by kong.
func (c adminGatewayRevoke) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		p, err := c.place(a)
		if err != nil {
			return err
		}
		p.Gateway = c.Gateway
		if err := a.rooms.Accounts.Revoke(a.ctx, p, c.Why, "admin"); err != nil {
			return err
		}
		return a.print(map[string]string{"revoked": p.Gateway}, "Revoked. Brokers turn it out within seconds.")
	})
}
