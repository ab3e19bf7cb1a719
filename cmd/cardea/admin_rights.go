package main

import (
	"cardea/cloud/staff/rights"
)

type adminRights struct{}

// Run is called by kong. The table is the program's own: no database is needed.
func (c adminRights) Run(top *cli) error {
	a := &admin{json: top.Admin.JSON}
	short, long, _ := rights.Markdown()
	return a.print(rights.Describe(), short, long)
}
