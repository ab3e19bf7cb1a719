package main

import (
	"context"
	"fmt"

	"cardea/cloud/rooms"

	"github.com/skip2/go-qrcode"
)

type adminHomeLabel struct {
	homeFlags
	Public  string `required:"" help:"The URL by which residents reach the app; goes into the QR code." placeholder:"https://home.example.net"`
	Gateway string `help:"The gateway that the label is on: it ends with it. Without one it is good for any of the home's."`
	Revoke  bool   `help:"End all labels of the home first."`
}

// Help says what a label is.
func (adminHomeLabel) Help() string {
	return `Whoever has the label of a home in which nobody lives yet becomes its owner, once its gateway has joined. Print the
code on the gateway; it is told this once. A home with residents is not taken by it.`
}

// Run is called by kong.
func (c adminHomeLabel) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		p, err := c.place(a)
		if err != nil {
			return err
		}
		if c.Revoke {
			if err := a.rooms.Accounts.RemoveLabels(a.ctx, p, "admin"); err != nil {
				return err
			}
		}
		p.Gateway = c.Gateway
		l, code, err := a.rooms.Accounts.CreateLabel(a.ctx, p, "admin")
		if err != nil {
			return err
		}
		uri := rooms.PageLink(c.Public, "start", code)
		if a.json {
			return a.print(map[string]any{"id": l.ID, "code": code, "uri": uri})
		}
		qr, err := qrcode.New(uri, qrcode.Medium)
		if err != nil {
			return fmt.Errorf("QR code: %w", err)
		}
		fmt.Print(qr.ToSmallString(false))
		fmt.Printf("%s\n%s\n", code, uri)
		return nil
	})
}
