package browser_test

import (
	"strings"
	"testing"
)

const camera, laptop = "kitchen-camera", "office-laptop"

// The whole story on a phone, and beside it on a staff member's laptop: one home, one browser.
func TestStory(t *testing.T) {
	t.Parallel()
	d := begin(t, 0)
	browser := chromium(t, d.lab)
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
	p.step(t, "a device talks, live", func(t *testing.T) {
		p.same()
		p.click(button("Devices"))
		p.until("the devices", `document.querySelectorAll('[data-testid="device"]').length >= 12`)
		p.axe("devices")
		p.click(button(laptop))
		p.until("live", el("live")+`?.dataset.live === "live"`)
		p.until("contacts", `document.querySelectorAll('[data-testid="contact"]').length > 2`)
		before := eval[string](p, talks)
		p.until("rows that change", talks+" !== "+quote(before))
		p.stays()
		p.axe("device")
		p.picture("device")
	})
	endpoint := keptCloud(t) // it is called again and again, so that there is something to stop
	p.step(t, "block an endpoint, confirmed by the gateway", func(t *testing.T) {
		p.click(button("Block: " + endpoint))
		p.until("the order", el("order-block")+`?.dataset.status === "in_force"`)
		p.says("order-block", "in force")
		p.says("rules", endpoint)
		p.stays()
	})
	p.step(t, "the camera is infected, and shut in", func(t *testing.T) {
		p.click(button("Home"))
		p.until("the home", el("home-sentence"))
		d.press(t, "/infect", "device", camera)
		p.until("what needs me", el("home-card")+`?.innerText.includes(`+quote(camera)+`)`)
		p.until("it is shut in on the map", `document.querySelector(".spot.held")`)
		p.says("map-sentence", camera)
		p.stays()
		t.Log(p.text("home-state"), p.text("home-card"))
		p.axe("home with an incident")
		p.picture("home-incident")
	})
	var code string
	p.step(t, "the incident tells what happened", func(t *testing.T) {
		p.click(el("home-card") + `.querySelector("a")`)
		t.Log(p.text("what-happened"), p.text("what-we-did"), p.text("what-to-do"))
		p.says("incident-state", "Shut in")
		p.says("evidence", "port 23")
		p.until("what the gateway did by itself", `document.querySelectorAll('[data-testid="deed"] [data-testid="undo"]').length > 1`)
		code = p.text("incident-code")
		p.axe("incident")
		p.picture("incident")
	})
	p.step(t, "check again: not clean", func(t *testing.T) {
		p.tap("do-check")
		p.until("the check", el("check")+`?.dataset.clean === "false"`)
		p.until("the order", el("order-check")+`?.dataset.status === "in_force"`)
		t.Log(p.text("check"))
		p.top(el("what-to-do"))
		p.picture("incident-check")
	})
	staffLooks(t, browser, d, code)
	p.step(t, "one step at a time, each checked by the gateway", func(t *testing.T) {
		p.guided(d, p.tap)
		p.says("let-out", "It has stopped") // the gateway saw it, although the check before says otherwise
		p.axe("incident that is clean")
		p.picture("incident-clean")
	})
	asksItself(t, browser, d, p)
	p.step(t, "the device is back, and the timeline complete", func(t *testing.T) {
		p.until("the incident is over", el("incident-state")+`?.innerText.includes("Closed")`)
		line := p.text("timeline")
		at := 0
		for _, want := range []string{"Found", "Shut in", "Being cleaned", "On probation", "Closed"} {
			i := strings.Index(line[at:], want)
			if i < 0 {
				t.Errorf("the timeline has no %q after what came before:\n%s", want, line)
				break
			}
			at += i
		}
		p.stays()
		p.axe("incident that is over")
		p.click(button(camera))
		p.until("it is free", el("device-state")+`?.dataset.mode === "off"`)
	})
	p.step(t, "stopped today, with undo", func(t *testing.T) {
		p.click(button("Stopped"))
		row := `[...document.querySelectorAll('[data-testid="stop"]')].find((e) => e.innerText.includes(` + quote(endpoint) + `))`
		p.until("what was blocked", row)
		p.axe("stopped")
		p.click(row + `.querySelector('[data-testid="unblock"]')`)
		p.until("the order", el("order-unblock")+`?.dataset.status === "in_force"`)
	})
	p.step(t, "who looked", func(t *testing.T) {
		p.click(button("More"))
		p.until("more", button("Who looked"))
		p.axe("more")
		p.click(button("Who looked"))
		p.says("looks", "The customer called about code "+code)
		p.axe("who looked")
	})
	p.step(t, "the other screens", func(t *testing.T) {
		for _, s := range screens(t) {
			p.visit(d.app + s)
			p.shows(s)
			p.axe(s)
			p.picture("screen-" + strings.ReplaceAll(strings.Trim(s, "/"), "/", "-"))
		}
	})
	p.step(t, "the cloud is cut off from the home", func(t *testing.T) {
		p.visit(d.app + "/")
		p.until("the live map", el("home-map")+`?.dataset.live === "live"`)
		p.same()
		d.press(t, "/cloud", "cut", "yes")
		p.until("no live map", el("home-map")+`?.dataset.live === "offline"`)
		p.says("map-sentence", "Your gateway does not answer, so we do not know who talks now. It last answered")
		p.until("when it last answered", el("map-sentence")+`?.querySelector("time[datetime]")`)
		p.axe("home that is cut off")
		d.press(t, "/cloud", "cut", "no")
		p.until("live again", el("home-map")+`?.dataset.live === "live"`)
		p.until("fine again", el("home-state")+`?.dataset.state === "fine"`)
		p.stays()
	})
}

// talks is what a device's rows of contacts say in numbers, without the times that go on by themselves.
const talks = `[...document.querySelectorAll('[data-testid="contact"]')].map((e) => e.innerText.match(/↑[^·]*·[^·]*/)?.[0] + e.querySelector("strong").innerText).sort().join("|")`

// keptCloud is the name to which the laptop keeps a connection.
func keptCloud(t *testing.T) string {
	t.Helper()
	for _, d := range planned(t).Devices {
		if d.Name == laptop {
			return d.Cloud
		}
	}
	t.Fatal("the home has no laptop")
	return ""
}
