package api

import (
	"context"
	"io"

	"cardea/cloud/api/view"
)

// Codes are cases by the code that a resident reads out, without the home around them.
type Codes interface {
	Case(ctx context.Context, by Session, code, reason string) (view.CodeCase, error)
	Undo(ctx context.Context, by Session, code, key string, u view.CodeUndo) (view.CodeCase, error)
}

// HandOut is what is handed out of a home when it was agreed to.
type HandOut interface {
	// TakeExport takes an agreed export, once, and gives what writes it as a zip.
	TakeExport(ctx context.Context, by Session, approval string) (func(context.Context, io.Writer) error, error)
}
