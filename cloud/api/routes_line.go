package api

import (
	"context"
	"time"

	"cardea/cloud/api/view"
)

type lineIn struct {
	HomeIn
	Hours int    `query:"hours" minimum:"1" maximum:"720" default:"24" doc:"How far back"`
	Lang  string `query:"lang" enum:"en,de" doc:"Of all sentences; by Accept-Language when left out"`
}

// lines shows a home's line; staff see it too, under /v1/staff, after a look.
func (s *Server) lines(prefix string) {
	show(s, "GET "+prefix+"/homes/{home}/line", "How well the home's line works: now, by hour, and what was tried", func(ctx context.Context, in *lineIn) (view.Line, error) {
		since := s.config.Now().Add(-time.Duration(in.Hours) * time.Hour)
		l, err := s.parts.Lines.Line(ctx, where(ctx), since, Language(ctx))
		for i := range l.Hours {
			if err == nil {
				err = each(s, ctx, l.Hours[i].Busiest, func(b *view.LineBusy) string { return b.Device }, func(b *view.LineBusy) { b.Name = "" })
			}
		}
		return l, err
	})
}
