package privacy

import (
	"archive/zip"
	"context"
	"errors"
	"io"

	"cardea/cloud/adapt/homes"
	"cardea/cloud/api"
	"cardea/home"
)

// Stored writes what the cloud keeps of a home as a zip. Messages to its people are theirs.
func (a Privacy) Stored(ctx context.Context, p home.Place, w io.Writer) error {
	all, err := homes.Homes(a).Export(ctx, p)
	if err != nil {
		return err
	}
	reports, err := homes.Reports(a).Reports(ctx, p)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	f := &archive{zip: z, made: a.Now()}
	f.json("home.json", all)
	f.json("reports.json", reports)
	f.json("kept.json", a.Inventory(api.Language(ctx)))
	f.tables(all, reports, nil)
	f.table("contacts.csv", contactColumns...)
	f.readme(readme{language: api.Language(ctx), staff: true, private: all.Household.Privacy.Private, contacts: reachedNotAsked})
	return errors.Join(f.err, z.Close())
}
