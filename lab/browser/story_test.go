package browser_test

import (
	"testing"
)

const camera, laptop = "kitchen-camera", "office-laptop"

// The whole story on a phone, and beside it on a staff member's laptop: one home, one browser.
func TestStory(t *testing.T) {
	d := begin(t, 0)
	browser := chromium(t)
	p := open(t, browser, 360, 740, true)
	p.step(t, "sign in by the link", func(t *testing.T) {
		p.expecting(`network: .* 401 .*/v1/session$`, func() {
			p.visit(d.resident)
			p.until("the home", el("home-sentence"))
		})
		if h := eval[string](p, "location.href"); h != d.app+"/" {
			t.Errorf("the address is %s: the token must not stay in it", h)
		}
		p.until("all is fine", el("home-state")+`?.dataset.state === "fine"`)
		p.until("the live map", el("home-map")+`?.dataset.live === "live"`)
		t.Log(p.text("home-sentence"), p.text("map-sentence"))
		p.axe("home")
		p.picture("home")
	})
}
