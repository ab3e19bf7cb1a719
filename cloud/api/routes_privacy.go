package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"cardea/cloud/api/view"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// archiveTime is how long making an archive may take: most of it is the gateway's answers.
const archiveTime = 3 * time.Minute

type eraseDeviceIn struct {
	HomeIn
	Device string `path:"device" maxLength:"64"`
}

// privacy is what people may know, take along and have erased.
func (s *Server) privacy() {
	p := s.parts.Privacy
	show(s, "GET /v1/privacy", "What is kept about homes, why and for how long", func(ctx context.Context, _ *none) (view.Inventory, error) {
		return p.Inventory(Language(ctx)), nil
	})
	do(s, "GET /v1/homes/{home}/export", "What is kept about the home as one archive of open formats", s.archive, zipped)
	show(s, "DELETE /v1/homes/{home}/devices/{device}/data", "Erase what a device did", func(ctx context.Context, in *eraseDeviceIn) (view.Erased, error) {
		return p.EraseDevice(ctx, where(ctx), who(ctx), in.Device)
	}, status(http.StatusOK))
}

func zipped(op *huma.Operation) {
	op.Responses = map[string]*huma.Response{"200": {Description: "A zip: README.txt says what is in it, and what is not",
		Content: map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
}

func (s *Server) archive(ctx context.Context, _ *glanceIn) (*huma.StreamResponse, error) {
	place, by := where(ctx), who(ctx)
	return s.zip(ctx, func(ctx context.Context, w io.Writer) error { return s.parts.Privacy.Archive(ctx, place, by, w) }), nil
}

// zip answers with what write makes.
func (s *Server) zip(ctx context.Context, write func(context.Context, io.Writer) error) *huma.StreamResponse {
	now := s.config.Now()
	return &huma.StreamResponse{Body: func(c huma.Context) {
		r, w := humago.Unwrap(c)
		out := http.NewResponseController(w)
		end := time.Now().Add(archiveTime)
		_ = out.SetWriteDeadline(end) // one that cannot be set is the server's, which is shorter
		_ = out.SetReadDeadline(end)
		h := w.Header()
		h.Set("Content-Type", "application/zip")
		h.Set("Cache-Control", "no-store, no-transform")
		h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="cardea-home-%s.zip"`, now.UTC().Format(time.DateOnly)))
		if r.Method == http.MethodHead {
			return
		}
		ctx, cancel := context.WithDeadline(ctx, end)
		defer cancel()
		if err := write(ctx, w); err != nil {
			s.log.Warn("an archive was not made to its end", "err", err)
			panic(http.ErrAbortHandler) // half an archive must not look like a whole one
		}
	}}
}
