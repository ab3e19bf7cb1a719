// Who the mock's devices are, how exposed, and what the mock's fleet knows.
const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
const id = (model, vendor, cls, confidence, evidence, more = {}) => ({ model, vendor, class: cls, judged_as: cls, confidence, evidence, by: model ? "learned" : "rules", maker: vendor, ...more });
const unknown = { model: "", vendor: "", class: "", judged_as: "gadget", confidence: 0, evidence: [], by: "", maker: "Espressif" };
const guessed = [
  id("Cardea gateway", "Cardea", "router", 1, ["It is your gateway."]), id("RLC-410", "Reolink", "camera", 0.98, ["asks for Reolink's update server", "DHCP class udhcp 1.22.1", "Reolink address range"]),
  id("iPhone", "Apple", "phone", 0.91, ["calls itself an iPhone", "Apple's services"]), id("QE55", "Samsung", "tv", 0.97, ["announces itself as a Samsung TV"], { judged_as: "camera" }),
  id("Sonos One", "Sonos", "speaker", 0.99, ["announces itself as a Sonos One"]), id("", "tado", "hub", 0.8, ["tado's services only"]), id("HL-L2350DW", "Brother", "printer", 0.96, ["offers printing (IPP)", "announces its model"]),
  id("", "", "light", 0.6, ["behaves like a light"], { maker: "Espressif" }), id("", "Lenovo", "computer", 0.88, ["Windows services", "Lenovo address range"]), unknown,
  id("Smart Video Doorbell", "Netatmo", "doorbell", 0.97, ["Netatmo address range"]), id("S7", "Roborock", "appliance", 0.96, ["calls itself roborock-vacuum-a15"]),
];
const x = (n, kind, sentence, advice, protect, more = {}) => ({ id: n.toString(16).padStart(16, "0"), kind, proto: "", port: 0, external: 0, sentence, advice, evidence: [], reference: "", source: "", protect, first: ago(86400 * 9), last: ago(400), certain: true, ...more });
const exposures = { 1: [
  x(1, "internet", "It asked the router to open port 8000 to the internet.", "Close the port, unless you use it from outside your home.", ["close"], { proto: "tcp", port: 80, external: 8000, evidence: ["a mapping by UPnP, \"RTSP\", made again each hour"] }),
  x(2, "exploited", "Some versions of this product have a weakness that attackers are known to use.", "Install its newest software. If there is none, keep it vendor-only, so that it reaches its maker's services and nothing else.", ["vendor-only", "no-lan"], { reference: "CVE-2021-36260", source: "CISA KEV", certain: false, evidence: ["model RLC-410"] }),
  x(3, "open-port", "It answers other devices in your home on port 554 (video).", "", [], { proto: "tcp", port: 554 })],
3: [x(4, "end-of-life", "It has had no security updates since April 2023.", "Replace it, or keep it vendor-only, so that it reaches its maker's services and nothing else.", ["vendor-only", "no-lan"], { reference: "samsung-tv", source: "endoflife.date" })],
6: [x(5, "telnet", "It offers telnet, which sends passwords without encryption.", "Switch telnet off in its settings. If it has no such setting, keep it away from your other devices.", ["no-lan"], { proto: "tcp", port: 23, evidence: ["answered on port 23, <b>bold</b> \u202e"] })],
9: [x(6, "open-port", "It answers other devices in your home on port 80 (web page).", "", [], { proto: "tcp", port: 80 })] };
const behind = { 5: [{ device: "", name: "Radiator bedroom", model: "Smart Radiator Thermostat", vendor: "tado", class: "thermostat", evidence: ["named by the hub"] }, { device: "", name: "", model: "", vendor: "", class: "sensor", evidence: [] }] };
const said = new Map(), guards = new Map(), aliases = new Map([["d2", [{ device: "d9", macs: ["5a:11:22:33:44:55"], merged: null, confidence: 0.86, why: ["the same name", "the same DHCP identity", "never seen at the same time"], by: "gateway", proposed: true }]],
  ["d8", [{ device: "old-1", macs: ["9c:8e:cd:00:00:99"], merged: ago(86400 * 3), confidence: 0.97, why: ["the same DHCP identity"], by: "gateway", proposed: false }]]]);
export const gone = new Set();

export const of = (i) => ({ identity: said.get("d" + i) ?? guessed[i] ?? unknown, exposures: exposures[i] ?? [], behind: behind[i] ?? [], aliases: aliases.get("d" + i) ?? [], protections: guards.get("d" + i) ?? [],
  ...(i === 8 ? { macs: ["9c:8e:cd:00:00:08", "9c:8e:cd:00:00:99"] } : {}) });

const same = (a, b) => a.kind === b.kind && (a.port ?? 0) === (b.port ?? 0);

// act answers the order's verb and what happens when it is in force.
export function act(device, what, method, body) {
  if (what === "identity") return ["identify", () => {
    if (method === "DELETE") return said.delete(device);
    const cls = body.class ?? "";
    said.set(device, { model: body.model ?? "", vendor: body.vendor ?? "", class: cls, judged_as: cls, confidence: 1, evidence: ["You said so."], by: "owner", maker: "" });
  }];
  if (what === "merge") return ["merge", () => {
    gone.add(body.other);
    aliases.set(device, (aliases.get(device) ?? []).map((a) => (a.device === body.other ? { ...a, proposed: false, merged: ago(0), by: "owner" } : a)));
  }];
  if (what === "split") return ["split", () => {
    for (const a of aliases.get(device) ?? []) if (a.macs.includes(body.mac)) gone.delete(a.device);
    aliases.set(device, (aliases.get(device) ?? []).filter((a) => !a.macs.includes(body.mac)));
  }];
  const had = guards.get(device) ?? [];
  return method === "DELETE" ? ["unprotect", () => guards.set(device, had.filter((p) => !same(p, body)))]
    : ["protect", () => guards.set(device, [...had.filter((p) => !same(p, body)), { kind: body.kind, proto: body.proto, port: body.port }])];
}

const homes = (n) => (n < 20 ? { count: null, words: "fewer than 20 homes" } : { count: n, words: `${n.toLocaleString("en")} homes` });
const models = Array.from({ length: 60 }, (_, i) => ({ id: "m" + i, model: ["RLC-410", "WeMo Switch", "Sonos One", "HL-L2350DW", "S7"][i % 5] + (i < 5 ? "" : " " + i), vendor: ["Reolink", "Belkin", "Sonos", "Brother", "Roborock"][i % 5],
  class: ["camera", "plug", "speaker", "printer", "appliance"][i % 5], homes: homes(41210 - i * 700), share: i < 57 ? 0.4 / (i + 1) : null, by: ["learned", ...(i % 3 ? ["rules"] : ["operator"])], teaches: i % 4 !== 3,
  why: i % 4 === 3 ? "Fewer than 20 homes say so." : "", evidence: ["asks for wemo firmware", "DHCP class udhcp 1.22.1", "Belkin address range"].slice(0, 1 + (i % 3)) }));
const clusters = [0, 1, 2].map((i) => ({ id: "c" + i, homes: homes([312, 64, 21][i]), since: ago(86400 * (20 - i * 5)), vendor: ["Tuya", "", "Espressif"][i], class: ["plug", "", "camera"][i],
  evidence: [["asks for a2.tuyaeu.com", "calls itself wlan0", "DHCP options 1 3 6 28"], ["<img src=x onerror=alert(1)>", "announces _things._tcp"], ["asks for cloud.ipcam.example"]][i], name: null }));
const exposed = Array.from({ length: 130 }, (_, i) => ({ kind: ["exploited", "internet", "telnet", "end-of-life", "open-port"][i % 5], reference: i % 5 === 0 ? `CVE-2021-${36260 + i}` : "", proto: i % 5 === 2 ? "tcp" : "", port: i % 5 === 2 ? 23 : 0,
  model: i % 7 ? models[i % 60].model : "", class: models[i % 60].class, certain: i % 2 === 0, homes: homes(900 - i * 7) }));

const ends = ["api.example.net:443/tcp", "time.example.net:123/udp", "cam.duckdns.org:443/tcp", ""].map((name, i) => ({ hash: `00000000000000a${i}`, name, homes: homes([41000, 40200, 3100, 900][i]), share: [0.99, 0.9, 0.2, 0.04][i],
  standing: ["normal", "normal", "rare", "pending"][i], shared: i === 2 }));
const facts = (m) => ({ id: m.id, model: m.model, vendor: m.vendor, class: m.class, homes: m.homes, version: 12, as_of: ago(3600), voted: homes(2000), judged_as: `${m.class} / ${m.vendor} / ${m.model}`, endpoints: ends, rare: 31,
  hours: Array.from({ length: 24 }, (_, h) => 0.02 + 0.05 * Math.exp(-((h - 20) ** 2) / 8)), new_per_day: 0.03, changes: [{ hash: "00000000000000a3", name: "", from: "rare", to: "pending", at: ago(86400 * 3) }],
  calibration: { device_days: 41200, homes: homes(1900), floor: 0.000024, silent: false }, false_alarms: [{ detector: "novelty", hash: "", homes: homes(24) }], mud: true });
const together = ["update", "outbreak", "unknown"].map((kind, i) => ({ id: "t" + i, kind, model: models[i].model, vendor: models[i].vendor, class: models[i].class, detector: "novelty", hash: "00000000000000a0", name: i ? "" : "fw.example.net:443/tcp",
  homes: homes([900, 44, 7][i]), own_homes: homes([120, 21, 3][i]), why: "Far more homes than usual within a day.", since: ago(7200 + i * 9000), last: ago(60 + i * 600), until: ago(-70000), open: true }));
const agreed = ["force", "shadow", "refused"].map((state, i) => ({ endpoint: i === 2 ? "" : `c2-${i}.example.net 6667 tcp`, state, why: "Hard findings of several homes agree on it.", homes: homes([31, 22, 6][i]), since: ago(900), force: ago(600), expires: ago(-600000) }));

// fleet answers what staff ask of models, or null.
export function fleet(method, path, params, body) {
  const page = (all, n) => {
    const at = Number(params.get("cursor") ?? 0);
    return [200, { items: all.slice(at, at + n), next: at + n < all.length ? String(at + n) : null }];
  };
  if (path === "/models") return page(models, 25);
  if (path === "/profiles") return page(models.map((m) => ({ ...m, own_homes: homes(12) })), 25);
  if (path.startsWith("/profiles/")) return [200, facts(models.find((m) => m.id === path.slice(10)) ?? models[0])];
  if (path === "/fleet-incidents") return page(together, 25);
  if (path === "/indicators") return page(agreed, 25);
  if (path === "/hunts") return [200, { any: true, own_homes: homes(3), homes: homes(44), since: ago(86400 * 30) }];
  const t = together.find((x) => path === `/fleet-incidents/${x.id}/close`);
  if (t) { t.open = false; return [204]; }
  if (path === "/clusters") return page(clusters, 25);
  if (path === "/exposures") return page(exposed.filter((e) => (!params.get("kind") || e.kind === params.get("kind")) && (!params.get("model") || e.model === params.get("model"))), 50);
  const c = /^\/clusters\/([^/]+)\/name$/.exec(path), it = c && clusters.find((k) => k.id === c[1]);
  if (it && method === "POST") { it.name = { model: body.model, vendor: body.vendor ?? "", class: body.class ?? "", at: ago(0) }; return [200, it]; }
  return null;
}
