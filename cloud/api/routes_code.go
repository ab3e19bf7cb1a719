package api

import (
	"context"
	"net/http"

	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"

	"github.com/danielgtaylor/huma/v2"
)

const inCode = inStaff + "/codes/{code}"

// CodeIn is the code in a path.
type CodeIn struct {
	Code string `path:"code" minLength:"3" maxLength:"16"`
}

type codeLookIn struct {
	CodeIn
	Body view.CodeReason
}

type codeUndoIn struct {
	CodeIn
	Key  string `header:"Idempotency-Key" maxLength:"128"`
	Body view.CodeUndo
}

// codes are the routes by which staff help with one block without opening the home.
func (s *Server) codes() {
	p := s.parts.Codes
	show(s, "POST "+inCode, "The one case whose code a resident reads out; they see that it was looked at", func(ctx context.Context, in *codeLookIn) (view.CodeCase, error) {
		return p.Case(ctx, who(ctx), in.Code, in.Body.Reason)
	}, status(http.StatusOK))
	show(s, "POST "+inCode+"/undo", "Take the newest block of that case back, or a named one", func(ctx context.Context, in *codeUndoIn) (view.CodeCase, error) {
		return p.Undo(ctx, who(ctx), in.Code, in.Key, in.Body)
	}, status(http.StatusAccepted))
	do(s, "POST "+inStaff+"/approvals/{approval}/archive", "The export that was agreed to, once, within a day", s.takeExport, zipped)
}

func (s *Server) takeExport(ctx context.Context, in *approvalIn) (*huma.StreamResponse, error) {
	if who(ctx).May(rights.HomeExport) != rights.Yes {
		return nil, errRight
	}
	write, err := s.parts.HandOut.TakeExport(ctx, who(ctx), in.Approval)
	if err != nil {
		return nil, err
	}
	return s.zip(ctx, write), nil
}
