package account

import (
	"errors"
	"strings"
	"testing"
)

func TestBrand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if b := must(w.Brand(w.ctx, w.tenant.ID))(t); b != (Brand{}) {
			t.Fatalf("%+v", b)
		}
		want := Brand{Name: "North Net & Sons", Accent: "#ffcc00", Phone: "+49 30 (1)23/4-5", Support: "https://help.example.net/a?b=c", HintEN: "Call us.", HintDE: "Rufen Sie an."}
		sent := want
		sent.Accent = " #FFCC00 "
		must(w.SaveBrand(w.ctx, w.tenant.ID, sent, "admin"))(t)
		must(w.SaveBrand(w.ctx, w.tenant.ID, sent, "admin"))(t)
		if b := must(w.Brand(w.ctx, w.tenant.ID))(t); b != want || b.Ink() != "#000000" || w.acts("brand-save") != 2 {
			t.Fatalf("%+v %s", b, b.Ink())
		}
		_, err := w.SaveBrand(w.ctx, "nobody", want, "admin")
		w.is(err, ErrNotFound)
		for field, b := range map[string]Brand{"name": {Name: "<script>alert(1)</script>"}, "accent": {Accent: "#0;}a{b"}, "phone": {Phone: "call us"}, "support": {Support: "javascript:alert(1)"},
			"hint_en": {HintEN: "\u202ehidden"}, "hint_de": {HintDE: strings.Repeat("h", 201)}} {
			var in *InputError
			if _, err := w.SaveBrand(w.ctx, w.tenant.ID, b, "admin"); !errors.As(err, &in) || in.Field != field {
				t.Errorf("%+v: %v, want an error of %s", b, err, field)
			}
		}
		if b := must(w.Brand(w.ctx, w.tenant.ID))(t); b != want {
			t.Errorf("what was refused is kept: %+v", b)
		}
	})
}
