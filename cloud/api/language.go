package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// languages are those that answers are given in.
var languages = []string{"en", "de"}

type languageKey struct{}

// Language is what an answer's sentences are to be in: of the query (lang), else of Accept-Language, else English.
func Language(ctx context.Context) string {
	if l, ok := ctx.Value(languageKey{}).(string); ok {
		return l
	}
	return languages[0]
}

// speak finds out the language, and says that the answer depends on it.
func speak(c huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(c)
	if !slices.Contains(languages, r.URL.Query().Get("lang")) {
		w.Header().Add("Vary", "Accept-Language")
	}
	next(huma.WithValue(c, languageKey{}, wanted(r)))
}

// wanted is the language that a request asks for.
func wanted(r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); slices.Contains(languages, lang) {
		return lang
	}
	return accepted(r.Header.Get("Accept-Language"))
}

// accepted reads Accept-Language (RFC 9110 section 12.5.4): the language that is wanted most, of those that there are.
func accepted(header string) string {
	type want struct {
		lang string
		q    float64
	}
	var list []want
	for part := range strings.SplitSeq(header[:min(len(header), 200)], ",") {
		tag, param, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		q := 1.
		if v, is := strings.CutPrefix(strings.TrimSpace(param), "q="); is {
			var err error
			if q, err = strconv.ParseFloat(v, 64); err != nil {
				continue
			}
		}
		if slices.Contains(languages, base) && q > 0 && q <= 1 {
			list = append(list, want{base, q})
		}
	}
	slices.SortStableFunc(list, func(a, b want) int { return cmp.Compare(b.q, a.q) })
	if len(list) == 0 {
		return languages[0]
	}
	return list[0].lang
}

// speaks says of the operations on a home that their answers' language can be asked for.
func speaks(path string, op *huma.Operation) {
	if op.Method != http.MethodGet || !strings.Contains(path, "/homes/{home}") {
		return
	}
	op.Parameters = append(op.Parameters, &huma.Param{Name: "Accept-Language", In: "header", Schema: &huma.Schema{Type: "string"},
		Description: "Of sentences: en or de. What there is in English only says so by its language"})
}
