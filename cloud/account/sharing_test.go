package account

import (
	"errors"
	"testing"
)

func TestOnlyTheOnlyProviderTeachesWithoutSharing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one := w.tenant.ID
		if s := must(w.Tenant(w.ctx, one))(t).Sharing; s != (Sharing{Helping: HelpingAsk}) {
			t.Fatalf("a new provider: %+v", s)
		}
		must(w.CreateHome(w.ctx, one, "Home", "S-1"))(t)
		empty := must(w.CreateTenant(w.ctx, "empty", "Empty Net"))(t) // as one that has staff only
		if s := must(w.Teaching(w.ctx))(t); !s[one].Share || s[empty.ID].Share {
			t.Fatalf("one provider with homes: %+v", s)
		}
		must(w.CreateHome(w.ctx, empty.ID, "Home", "S-1"))(t)
		if s := must(w.Teaching(w.ctx))(t); s[one].Share || s[empty.ID].Share {
			t.Fatalf("two providers: %+v", s)
		}
		must(0, w.SaveSharing(w.ctx, one, Sharing{Share: true, Helping: HelpingOn}, "admin"))(t)
		want := Sharing{Share: true, Helping: HelpingOn}
		if s := must(w.Teaching(w.ctx))(t); s[one] != want || s[empty.ID].Share || must(w.Tenant(w.ctx, one))(t).Sharing != want || w.acts("sharing") != 1 {
			t.Fatalf("one of two shares: %+v", s)
		}
		w.is(w.SaveSharing(w.ctx, "nobody", want, "admin"), ErrNotFound)
		var in *InputError
		if err := w.SaveSharing(w.ctx, one, Sharing{Helping: "off"}, "admin"); !errors.As(err, &in) || in.Field != "helping" {
			t.Errorf("%v, want an error of helping", err)
		}
	})
}
