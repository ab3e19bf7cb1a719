package eol

import (
	"encoding/json"
	"errors"
	"fmt"
)

// loose is a value that is a date, a boolean, a number or null.
type loose string

func (l *loose) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*l = loose(s)
		return nil
	}
	if b[0] == '{' || b[0] == '[' {
		return errors.New("an object or list where a plain value was expected")
	}
	*l = loose(b)
	if *l == "null" {
		*l = ""
	}
	return nil
}

type legacyRelease struct {
	Cycle    loose  `json:"cycle"`
	Label    string `json:"releaseLabel"`
	Codename string `json:"codename"`
	Released loose  `json:"releaseDate"`
	EOL      loose  `json:"eol"`
	Latest   loose  `json:"latest"`
}

// legacy is /api/<product>.json.
func legacy(name string, b []byte) ([]Product, error) {
	var in []legacyRelease
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, err
	}
	p := Product{Name: name, Security: true}
	for i, x := range in {
		r := Release{Cycle: clean(string(x.Cycle)), Label: clean(x.Label), Codename: clean(x.Codename), Latest: clean(string(x.Latest))}
		var err error
		if x.Released != "" {
			r.Released, err = date(string(x.Released))
		}
		if err = errors.Join(err, r.end(string(x.EOL))); err != nil {
			return nil, fmt.Errorf("release %d: %w", i+1, err)
		}
		p.Releases = append(p.Releases, r)
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return []Product{p}, nil
}

type v1Product struct {
	Name     string            `json:"name"`
	Label    string            `json:"label"`
	Category string            `json:"category"`
	Labels   map[string]*loose `json:"labels"`
	Releases []v1Release       `json:"releases"`
}

type v1Release struct {
	Name     loose  `json:"name"`
	Label    string `json:"label"`
	Codename string `json:"codename"`
	Released loose  `json:"releaseDate"`
	IsEOL    bool   `json:"isEol"`
	From     loose  `json:"eolFrom"`
	Latest   *struct {
		Name loose `json:"name"`
	} `json:"latest"`
}

// v1 is /api/v1/products/<product>, where result is one product, or /full, where it is a list of them.
func v1(b []byte) ([]Product, error) {
	var in struct {
		Result json.RawMessage `json:"result"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return nil, err
	}
	var list []v1Product
	switch {
	case len(in.Result) == 0:
		return nil, errors.New("no result")
	case in.Result[0] == '[':
		if err := json.Unmarshal(in.Result, &list); err != nil {
			return nil, err
		}
	default:
		list = make([]v1Product, 1)
		if err := json.Unmarshal(in.Result, &list[0]); err != nil {
			return nil, err
		}
	}
	if len(list) > MaxProducts {
		return nil, fmt.Errorf("more than %d products", MaxProducts)
	}
	var out []Product
	for i := range list {
		p, err := list[i].product()
		if err != nil {
			return nil, fmt.Errorf("product %d: %w", i+1, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func (in *v1Product) product() (Product, error) {
	p := Product{Name: in.Name, Label: clean(in.Label), Category: clean(in.Category), Security: true}
	if l := in.Labels["eol"]; l != nil {
		p.Security = security(string(*l))
	}
	for i, x := range in.Releases {
		r := Release{Cycle: clean(string(x.Name)), Label: clean(x.Label), Codename: clean(x.Codename), Ended: x.IsEOL && x.From == ""}
		if x.Latest != nil {
			r.Latest = clean(string(x.Latest.Name))
		}
		var err error
		if x.Released != "" {
			r.Released, err = date(string(x.Released))
		}
		if x.From != "" && err == nil {
			r.End, err = date(string(x.From))
		}
		if err != nil {
			return Product{}, fmt.Errorf("%.40q: release %d: %w", in.Name, i+1, err)
		}
		p.Releases = append(p.Releases, r)
	}
	return p, p.check()
}
