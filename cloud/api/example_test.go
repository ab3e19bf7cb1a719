package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

type described struct {
	Paths map[string]map[string]struct {
		Summary    string
		Security   []map[string][]string
		Parameters []struct {
			Name, In string
			Example  any
		}
		RequestBody *struct{ Content map[string]media }
		Responses   map[string]struct {
			Description string
			Content     map[string]media
		}
	}
}

type media struct {
	Schema  json.RawMessage
	Example any
}

// Each operation says what it is for and who may, and has an example of what is sent and of each answer. A validator that others wrote
// holds each to its schema.
func TestEveryOperationHasValidExamples(t *testing.T) {
	b, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	var d described
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("urn:cardea", doc); err != nil {
		t.Fatal(err)
	}
	n := 0
	check := func(what, at, kind string, m media) {
		t.Helper()
		json := strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "+json")
		if !json && !strings.HasPrefix(kind, "text/") {
			return // a file
		}
		if n++; m.Example == nil {
			t.Errorf("%s: %s has no example", what, kind)
			return
		}
		if !json || m.Schema == nil {
			return
		}
		s, err := c.Compile("urn:cardea#" + at + "/schema")
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if err := s.Validate(m.Example); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	esc := func(s string) string {
		return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D", "+", "%2B").Replace(s)
	}
	for path, methods := range d.Paths {
		for method, op := range methods {
			what, at := strings.ToUpper(method)+" "+path, "/paths/"+esc(path)+"/"+method
			if op.Summary == "" || op.Responses["default"].Content["application/problem+json"].Example == nil {
				t.Errorf("%s: no summary, or no example of a problem", what)
			}
			if strings.HasPrefix(path, "/v1/staff/") && len(op.Security) == 0 && !strings.Contains(path, "sign-in") && !strings.HasSuffix(path, "/sessions") {
				t.Errorf("%s: who may?", what)
			}
			for _, p := range op.Parameters {
				if p.In == "path" && p.Example == nil {
					t.Errorf("%s: no example of %s", what, p.Name)
				}
			}
			if op.RequestBody != nil {
				for kind, m := range op.RequestBody.Content {
					check(what+", sent", at+"/requestBody/content/"+esc(kind), kind, m)
				}
			}
			good := 0
			for status, r := range op.Responses {
				if status < "400" {
					good++
				}
				for kind, m := range r.Content {
					check(fmt.Sprintf("%s, %s", what, status), at+"/responses/"+status+"/content/"+esc(kind), kind, m)
				}
			}
			if good == 0 {
				t.Errorf("%s: what is answered when it goes well?", what)
			}
		}
	}
	if n < 400 {
		t.Errorf("only %d examples", n)
	}
}
