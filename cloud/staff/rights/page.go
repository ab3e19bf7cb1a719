package rights

// Page is docs/rights.md, whole.
func Page() string {
	short, long, meaning := Markdown()
	return `# Rights of staff

This page is written from the code: [cloud/staff/rights](../cloud/staff/rights/rights.go) has the table,
[cloud/api/rights.go](../cloud/api/rights.go) says which route needs which right, and one place, the API's gate, keeps everybody to it.
` + "`cardea admin rights --json`" + ` prints the same.

` + short + `
A person may have several roles; each right is then granted as the best of them has it. Roles are given by an administrator (` + "`cardea\nadmin staff role`" + `), or read from the claims of the provider's sign-on at each sign-in. Who was staff before there were roles is an
administrator. Automation is the role of tokens, which have no more than their scopes.

## What the words mean

` + meaning + `
## Each right

` + long + `
A look into a home wants a reason, lasts half an hour, is written into the audit, and is shown to the residents. Names are what devices
contacted: addresses, sites, and sentences that have them. What the gateway itself is asked (contacts, a live view) it answers to staff
only with a consent that a resident has signed, whatever their role.
`
}
