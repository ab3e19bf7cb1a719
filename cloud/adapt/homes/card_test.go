package homes

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"cardea/cloud/adapt/base"
	"cardea/home"
)

func TestACardIsShownAsTheGatewayToldIt(t *testing.T) {
	homes := uint32(0)
	c := home.Card{Model: "Belkin WeMo Switch", Homes: &homes, Of: 4100, History: home.History{Since: time.Unix(1_700_000_000, 0), Days: 9, Endpoints: 4},
		Numbers: []home.Number{{Name: "surprise", Value: 19.5, Unit: "bits"}}, Seen: []home.Seen{{Endpoint: home.Endpoint{Name: "c2.example", Port: 6667, Proto: "tcp"}, Flows: 3}},
		Blocks: []string{"c2.example"}, Breaks: "Nothing that this model usually does.", Said: home.Words{Pattern: "Nothing that this model usually does."}}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	v := cardView(b, "en")
	if v == nil || *v.Homes != 0 || v.Of != 4100 || v.Numbers[0].Unit != "bits" || v.Seen[0].Name != "c2.example" || v.Seen[0].IP != "" || v.Blocks[0] != "c2.example" || v.History.Since == nil {
		t.Fatalf("%+v", v)
	}
	if v := cardView(b, "de"); v.Breaks != "Nichts, was dieses Modell gewöhnlich tut." || v.Language != "de" || v.Numbers[0].Name != "Überraschung" {
		t.Errorf("in German %+v", v)
	}
	if cardView(nil, "en") != nil || cardView([]byte("{"), "en") != nil {
		t.Error("what is no card is one")
	}
}

func FuzzCardView(f *testing.F) {
	f.Add([]byte(`{"model":"` + strings.Repeat("é", 400) + `","seen":[{},{}],"blocks":["\u0000"],"homes":3}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		v := cardView(b, "de")
		if v == nil {
			return
		}
		if len(v.Model) > base.CardText || len(v.Seen) > cardRows || len(v.Blocks) > cardRows || len(v.Numbers) > cardRows {
			t.Fatal("not bounded")
		}
		if _, err := json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	})
}
