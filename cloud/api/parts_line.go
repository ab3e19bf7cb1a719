package api

import (
	"context"
	"time"

	"cardea/cloud/api/view"
	"cardea/home"
)

// Lines tells how well homes' lines work.
type Lines interface {
	// Line tells it now and by hour since a time, its sentences in a language.
	Line(ctx context.Context, p home.Place, since time.Time, lang string) (view.Line, error)
}
