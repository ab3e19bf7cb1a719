package api

//go:generate go run ./openapi ../../web/openapi.json
//go:generate go generate ../../client/api

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

func describe() huma.Config {
	const prefix = "#/components/schemas/"
	c := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Cardea", Version: "1",
				Description: "What the apps do, this describes; the apps use nothing else. Times are RFC 3339 in UTC, errors RFC 9457 problems with a stable type."},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry(prefix, huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					string(Resident): {Type: "apiKey", In: "cookie", Name: cookieName(Resident)},
					string(Staff):    {Type: "apiKey", In: "cookie", Name: cookieName(Staff)},
					"token":          {Type: "http", Scheme: "bearer", Description: "A token of the provider's systems, with scopes"},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
	}
	return c
}

// finish says what huma's tags cannot: which operations need which session, and which objects may be null.
func finish(o *huma.OpenAPI) {
	for path, item := range o.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Patch, item.Delete, item.Put} {
			if op != nil {
				speaks(path, op)
			}
			switch {
			case op == nil || isOpen(op):
			case staffPath(path):
				op.Security = []map[string][]string{{string(Staff): {}}, {"token": {}}}
			default:
				op.Security = []map[string][]string{{string(Resident): {}}}
			}
		}
	}
	reg := o.Components.Schemas
	for name, schema := range reg.Map() {
		t := reg.TypeFromRef("#/components/schemas/" + name)
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(t) {
			tag := f.Tag.Get("json")
			p := schema.Properties[strings.Split(tag, ",")[0]]
			if f.Type.Kind() != reflect.Pointer || p == nil || p.Ref == "" || strings.Contains(tag, "omitempty") {
				continue
			}
			schema.Properties[strings.Split(tag, ",")[0]] = &huma.Schema{AnyOf: []*huma.Schema{{Ref: p.Ref}, {Type: "null"}}}
		}
	}
	examples(o)
}

// Document is the OpenAPI document as it is served, indented.
func Document() ([]byte, error) {
	s, err := New(Config{}, Parts{}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return s.document()
}

func (s *Server) document() ([]byte, error) {
	b, err := json.MarshalIndent(s.huma.OpenAPI(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("api: document: %w", err)
	}
	return append(b, '\n'), nil
}
