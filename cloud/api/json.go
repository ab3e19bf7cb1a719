package api

import (
	"encoding/json"
	"io"

	"github.com/danielgtaylor/huma/v2"
)

// jsonFormat escapes what HTML would read as markup, so that even a browser that took an answer for a page found text.
var jsonFormat = huma.Format{
	Marshal:   func(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) },
	Unmarshal: json.Unmarshal,
}
