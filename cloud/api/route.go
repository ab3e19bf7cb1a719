package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"

	"github.com/danielgtaylor/huma/v2"
)

// maxBody is what a request may have in bytes.
const maxBody = 64 << 10

// readTime is how long a request may take to come in. The connection's deadline stays, so it bounds the answer's making too.
const readTime = 30 * time.Second

// init makes huma speak our problems: its hooks are variables of its package. What was sent is not sent back.
func init() {
	huma.DefaultArrayNullable = false
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		if status == 0 { // asked for its type
			return &problem.Problem{}
		}
		p := problem.Of(status, msg)
		for _, err := range errs {
			if d, ok := err.(huma.ErrorDetailer); ok && status < 500 && len(p.Errors) < 16 {
				e := d.ErrorDetail()
				p.Errors = append(p.Errors, problem.Field{Location: e.Location, Message: e.Message})
			}
		}
		return p
	}
	huma.NewErrorWithContext = func(c huma.Context, status int, msg string, errs ...error) huma.StatusError {
		e := huma.NewError(status, msg, errs...)
		if p, ok := e.(*problem.Problem); ok && c != nil {
			return p.In(Language(c.Context()))
		}
		return e
	}
}

// out is an answer's body.
type out[T any] struct{ Body T }

// none is an answer or a request without one.
type none struct{}

// HomeIn is the home in a path (huma reads only exported types that are embedded). The gate has resolved it already (gate.go); this documents it.
type HomeIn struct {
	Home string `path:"home" maxLength:"36"`
}

// PageIn asks for a page.
type PageIn struct {
	Cursor string `query:"cursor" maxLength:"700" doc:"As the page before gave it in next"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (p PageIn) page() (Page, error) {
	after, err := readCursor(p.Cursor)
	return Page{After: after, Limit: p.Limit}, err
}

func listOf[T any](s Slice[T], err error) (view.List[T], error) {
	l := view.List[T]{Items: s.Items}
	if s.Next != "" {
		c := makeCursor(s.Next)
		l.Next = &c
	}
	return l, err
}

func whole[T any](items []T, err error) (view.List[T], error) {
	return view.List[T]{Items: items}, err
}

// operation describes a route: "GET /v1/session" and what it is for. The id is made of both, so that it stays.
func operation(route, summary string) huma.Operation {
	method, path, _ := strings.Cut(route, " ")
	var id strings.Builder
	id.WriteString(strings.ToLower(method))
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/v1"), "/") {
		if part != "" {
			id.WriteString("-" + strings.Trim(part, "{}"))
		}
	}
	op := huma.Operation{OperationID: id.String(), Method: method, Path: path, Summary: summary, MaxBodyBytes: maxBody,
		BodyReadTimeout: readTime, RejectUnknownQueryParameters: true}
	op.Tags = []string{tag(path)}
	switch method {
	case http.MethodPost:
		op.DefaultStatus = http.StatusCreated
	case http.MethodDelete:
		op.DefaultStatus = http.StatusNoContent
	}
	return op
}

func tag(path string) string {
	switch {
	case strings.HasPrefix(path, "/v1/staff"):
		return "staff"
	case strings.HasPrefix(path, "/v1/homes"):
		return "home"
	}
	return "account"
}

// show registers a route whose answer is a body.
func show[I, O any](s *Server, route, summary string, f func(context.Context, *I) (O, error), change ...func(*huma.Operation)) {
	do(s, route, summary, func(ctx context.Context, in *I) (*out[O], error) {
		body, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		fill(reflect.ValueOf(&body))
		return &out[O]{body}, nil
	}, change...)
}

// do registers any route. An error that is no problem is logged and told as "internal" only.
func do[I, O any](s *Server, route, summary string, f func(context.Context, *I) (*O, error), change ...func(*huma.Operation)) {
	op := operation(route, summary)
	for _, c := range change {
		c(&op)
	}
	huma.Register(s.huma, op, func(ctx context.Context, in *I) (*O, error) {
		o, err := f(ctx, in)
		if err != nil {
			return nil, s.told(ctx, route, err).In(Language(ctx))
		}
		return o, nil
	})
}

func status(code int) func(*huma.Operation) {
	return func(op *huma.Operation) { op.DefaultStatus = code }
}

// fill makes empty lists and maps of nil ones, so that no client meets null where it expects a list.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				fill(f)
			}
		}
	case reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
		}
		if v.Type().Elem().Kind() == reflect.Struct { // what is in a map cannot be changed in place
			for _, k := range v.MapKeys() {
				e := reflect.New(v.Type().Elem()).Elem()
				e.Set(v.MapIndex(k))
				fill(e)
				v.SetMapIndex(k, e)
			}
		}
	case reflect.Slice:
		if v.IsNil() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		if k := v.Type().Elem().Kind(); k == reflect.Struct || k == reflect.Pointer {
			for i := range v.Len() {
				fill(v.Index(i))
			}
		}
	}
}
