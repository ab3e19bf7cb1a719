package hello

import "cardea/home"

// outerNames are public names of ECH providers: the built-in ones are what the large providers published in their
// ECHConfigs in 2023 to 2026, the learned ones come from HTTPS records seen in DNS. A ring of 64 learned names.
type outerNames struct {
	set     map[string]struct{}
	learned [64]string
	next    int
}

var wellKnownOuter = [...]string{"cloudflare-ech.com", "public.tls-ech.dev", "cover.defo.ie"}

func (o *outerNames) init() {
	o.set = make(map[string]struct{}, len(wellKnownOuter))
	for _, s := range wellKnownOuter {
		o.set[s] = struct{}{}
	}
}

func (o *outerNames) has(host string) bool {
	_, ok := o.set[host]
	return ok
}

func (o *outerNames) learn(name string) {
	host, ok := home.CleanName(name)
	if !ok || o.has(host) {
		return
	}
	if old := o.learned[o.next]; old != "" {
		delete(o.set, old)
	}
	o.learned[o.next] = host
	o.set[host] = struct{}{}
	o.next = (o.next + 1) % len(o.learned)
}
