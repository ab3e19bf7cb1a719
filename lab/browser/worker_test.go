package browser_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"
)

// The app without a network, and a push message.
func TestServiceWorker(t *testing.T) {
	t.Parallel()
	d := begin(t, 0)
	p := open(t, chromium(t), 360, 740, true)
	p.step(t, "sign in", func(t *testing.T) {
		p.expecting(`network: .* 401 .*/v1/session$`, func() {
			p.visit(d.app + "/sign-in")
			p.until("a form", `document.querySelector("h1") && document.querySelector("form input")`)
			p.axe("sign in")
			p.picture("screen-sign-in")
			p.visit("about:blank") // else the link is the same document with another fragment
			p.visit(d.resident)
			p.until("the live map", el("home-map")+`?.dataset.live === "live"`)
		})
		p.until("the service worker", `navigator.serviceWorker.ready.then((r) => !!r.active)`)
		p.visit(d.app + "/") // through the service worker, which keeps it
		p.until("the live map", el("home-map")+`?.dataset.live === "live"`)
		p.until("who and what is online", `Number(`+el("here")+`?.dataset.online) > 0`)
		p.says("here", "devices are online now.")
	})
	p.step(t, "without a network: the last known state and its time", func(t *testing.T) {
		p.visit(d.app + "/devices") // this makes it known
		p.until("the devices", `document.querySelectorAll('[data-testid="device"]').length >= 12`)
		p.expecting(`network: .*(ERR_INTERNET_DISCONNECTED|ERR_FAILED|504)`, func() {
			offline(p, true)
			p.visit(d.app + "/")
			p.until("the sentence", el("home-sentence"))
			p.says("as-of", "No connection. This is as of ")
			p.until("the map", el("home-map")+`?.dataset.live === "cut"`)
			p.axe("home without a network")
			p.picture("home-offline")
			p.click(button("Devices"))
			p.until("the devices", `document.querySelectorAll('[data-testid="device"]').length >= 12`)
			p.says("as-of", "No connection. This is as of ")
			p.click(button(laptop))
			p.says("as-of", "No connection")
			p.until("no live view, and nothing that looks like waiting for one", el("live")+`?.dataset.live === "cut" && !`+el("live")+`.querySelector(".skeleton")`)
			p.says("live", "Without a connection we cannot see who talks now.")
			p.axe("device without a network")
			offline(p, false)
			p.visit(d.app + "/")
			p.until("new again", `!`+el("as-of")+` && `+el("home-map")+`?.dataset.live === "live"`)
		})
	})
	p.step(t, "a push message is shown, and opens the incident", func(t *testing.T) {
		p.expecting(`network: .* 404 .*/incidents/`, func() { p.pushed(d.app, "01a201b9-3c39-7062-86f7-b23082982ecc") })
	})
}

// offline takes the network from a tab and from the service worker behind it, or gives it back.
func offline(p *tab, off bool) {
	p.t.Helper()
	none := network.EmulateNetworkConditionsByRuleParams{EmulateOfflineServiceWorker: &off, MatchedNetworkConditions: []*network.Conditions{}}
	if off {
		none.MatchedNetworkConditions = []*network.Conditions{{Offline: true, DownloadThroughput: -1, UploadThroughput: -1}}
	}
	for _, at := range []*tab{p, p.worker()} {
		call(at, network.Enable, network.EnableParams{})
		call(at, network.EmulateNetworkConditionsByRule, none)
	}
}

// worker is the app's service worker, wherever it runs.
func (p *tab) worker() *tab {
	p.t.Helper()
	p.until("the service worker", `navigator.serviceWorker.ready.then((r) => !!r.active)`)
	if p.sw != nil {
		p.sw.t = p.t
		return p.sw
	}
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		list, err := chromedp.Targets(p.ctx)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, i := range list {
			if i.Type == "service_worker" && strings.HasSuffix(i.URL, "/sw.js") {
				ctx, _ := chromedp.NewContext(p.ctx, chromedp.WithTargetID(i.TargetID)) // ends with the tab
				p.sw = &tab{t: p.t, ctx: ctx}
				return p.sw
			}
		}
		time.Sleep(40 * time.Millisecond)
	}
	p.t.Fatal("no service worker")
	return nil
}

// pushed gives the service worker a push message as the browser's push service would, and clicks what it shows. The service
// itself (a server of the browser's maker) and the click on the system's notification are not part of this: the click is an
// event made in the worker.
func (p *tab) pushed(origin, incident string) {
	p.t.Helper()
	if _, err := chromedp.CallBrowser(p.ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "notifications"}, Setting: browser.PermissionSettingGranted, Origin: origin}); err != nil {
		p.t.Fatal(err)
	}
	p.until("the service worker", `navigator.serviceWorker.ready.then((r) => !!r.active)`)
	known := make(chan serviceworker.RegistrationID, 16) // more than there are registrations; what is too much is dropped
	if err := chromedp.Listen(p.ctx, func(ev any) {
		if e, ok := ev.(*serviceworker.EventWorkerRegistrationUpdated); ok {
			for _, r := range e.Registrations {
				if strings.HasPrefix(r.ScopeURL, origin) && !r.IsDeleted {
					select {
					case known <- r.RegistrationID:
					default:
					}
				}
			}
		}
	}); err != nil {
		p.t.Fatal(err)
	}
	call(p, serviceworker.Enable, cdp.Empty{})
	var id serviceworker.RegistrationID
	select {
	case id = <-known:
	case <-time.After(patience):
		p.t.Fatal("no registration")
	}
	hostile := `<img src=x onerror=alert(1)>`
	call(p, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{Origin: origin, RegistrationID: id,
		Data: `{"title":"kitchen-camera is shut in","body":` + quote(hostile) + `,"incident":` + quote(incident) + `}`})
	p.until("the notification", `navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((n) =>
		n.length === 1 && n[0].title === "kitchen-camera is shut in" && n[0].body === `+quote(hostile)+`)`)
	if !eval[bool](p.worker(), `self.registration.getNotifications().then((n) => self.dispatchEvent(new NotificationEvent("notificationclick", {notification: n[0]})))`) {
		p.t.Error("the click was not taken")
	}
	p.until("the incident", `location.pathname === `+quote("/incidents/"+incident)+` && `+el("trouble")) // there is no such incident in this home
	p.until("no notification is left", `navigator.serviceWorker.ready.then((r) => r.getNotifications()).then((n) => n.length === 0)`)
}
