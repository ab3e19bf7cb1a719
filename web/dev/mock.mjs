// A mock of the API with one home, to see the screens without a cloud: `npm run build && node dev/mock.mjs [port] [dist]`.
// The state changes with what is pressed; /mock/offline?on=1 takes the gateway away, /mock/slow?ms=6000 makes the cloud slow. The content policy is as strict as the server's.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { randomUUID } from "node:crypto";
import * as who from "./who.mjs";
import * as kase from "./incident.mjs";
import * as person_ from "./person.mjs";
import * as household from "./household.mjs";

const port = Number(process.argv[2] ?? 0);
const dist = process.argv[3] ? join(process.argv[3], "/") : new URL("../dist/", import.meta.url).pathname;
const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
const H = "0192f0aa-0000-7000-8000-00000000a001", I = "0192f0aa-0000-7000-8000-00000000c001";
let eventsOut = new Set(), offline = false, slow = 0;
const modes = new Map(), paused = new Map(), trials = new Map(), let_in = new Set();
const orders = [];
const names = ["Camera by the door", "Anna's phone", "Television", "Kitchen radio", "Thermostat", "Printer", "Light strip", "Ben's laptop",
  "\u202e<img src=x onerror=alert(1)> a very long name of a device that goes on and on", "Doorbell", "Vacuum"];
const vendors = ["Reolink", "Apple", "Samsung", "Sonos", "tado", "Brother", "Signify", "Lenovo", "", "Netatmo", "Roborock"];
const devices = () => [{ n: "Gateway", v: "Cardea", gw: true }, ...names.map((n, i) => ({ n, v: vendors[i] }))].map((d, i) => ({
  id: "d" + i, name: d.n, vendor: d.v, macs: [`9c:8e:cd:00:00:0${i % 10}`], addresses: [`192.168.1.${10 + i}`, `fe80::${i}`], first: ago(86400 * 40), last: ago(i === 6 ? 9000 : 4),
  online: i !== 6, mode: modes.get("d" + i) ?? (i === 1 && kase.state().state !== "closed" ? kase.state().mode : "off"), grade: modes.has("d" + i) || (i === 1 && kase.shut()) ? "port" : "none", protected: i === 5, gateway: !!d.gw, shared: false,
  incident: i === 1 && kase.state().state !== "closed" ? { id: I, code: "K7QM", state: kase.state().state } : null, blocked: i === 3 ? ["ads.samsung.com"] : [], allowed: [], essential: i === 5 ? "alarm" : "", firmware: i === 1 ? "v3.1.0.956" : "", held: i === 10 && !let_in.has("d" + i),
  paused: paused.get("d" + i) ?? null, paused_by: paused.has("d" + i) ? "pause" : "", trial: trials.get("d" + i) ?? null, ...who.of(i),
})).filter((d) => !who.gone.has(d.id));
const week = (i) => Array.from({ length: 7 }, (_, k) => ({ day: ago(86400 * (6 - k)).slice(0, 10), up: 4e6 * (i + 1) + k * 3e5, down: 3e7 * ((i * 7 + k * 3) % 5 + 1),
  hours: Array.from({ length: 24 }, (_, h) => ((h * (i + 3) + k) % 7 < 3 ? 0 : 1000 * 10 ** ((h + i) % 5))) }));
const svc = (name, company, purpose) => ({ name, company, purpose });
const c = (device, name, port, service, extra = {}) => ({ device, name, domain: name.split(".").slice(-2).join("."), ip: "203.0.113." + (name.length + 3), asn: 64500, network: "Example Networks", country: name.length % 2 ? "DE" : "US", port, proto: "tcp", named: "dns", lookup: false,
  inbound: false, local: false, peer: "", flows: 12, failed: 0, bytes_up: 48_213, bytes_down: 1_820_331, first: ago(400), last: ago(2), verdict: "allow", reason: "It does this every day.",
  usual: { device: true, model: true }, service, listed: null, ...extra });
const contacts = () => [
  c("d2", "gateway.icloud.com", 443, svc("iCloud", "Apple", "Photos and backups")), c("d3", "api.netflix.com", 443, svc("Netflix", "Netflix", "Films")),
  c("d3", "log.samsungacr.com", 443, svc("Samsung ads", "Samsung", "Advertising"), { verdict: "block", reason: "A tracker. The television works without it.", lookup: true, listed: { kind: "domain", value: "samsungacr.com", class: "tracking", family: "", source: "trackers", confidence: 90 } }),
  c("d4", "play.sonos.com", 443, svc("Sonos", "Sonos", "Music")), c("d5", "my.tado.com", 443, svc("tado", "tado", "Heating")), c("d8", "github.com", 443, svc("GitHub", "GitHub", "Code")),
  c("d10", "netcom.netatmo.net", 25050, svc("Netatmo", "Netatmo", "Doorbell")), c("d11", "mqtt.roborock.com", 8883, svc("Roborock", "Roborock", "Cleaning"), { usual: { device: false, model: true }, verdict: "watch", reason: "New for this vacuum. 12,400 homes have this model; most of them do it." }),
  c("d8", "", 631, null, { local: true, peer: "d6", ip: "192.168.1.16" }),
  ...(kase.shut() ? [] : [c("d1", "fw.reolink.com", 443, svc("Reolink updates", "Reolink", "Updates"))]),
];
// past is what a device talked to in the last days.
const past = (id) => [...contacts().filter((x) => x.device === id), ...["a", "b", "c"].map((n, i) => c(id, `${n}.cdn.example.com`, 443, i ? svc("CDN", "Example CDN", "Pictures") : null, { bytes_up: 8e6 / (i + 1), bytes_down: 3e8 / (i + 1) })),
  c(id, "", 445, null, { local: true, peer: "d6", ip: "192.168.1.16", bytes_up: 9e5 }), c(id, "", 8009, null, { local: true, peer: "d3", ip: "192.168.1.13", inbound: true, failed: 4 }), c(id, "", 123, null, { ip: "198.51.100.7", country: "", network: "", domain: "" })];
const incident = (lang) => kase.incident(names[0], lang, orders.filter((o) => o.incident === I));
const gateway = () => ({ id: "0192f0aa-0000-7000-8000-00000000b001", online: !offline, last_seen: ago(offline ? 720 : 8), version: "0.2.0", armed: true, degraded: [], state: "active" });
const home = () => ({ id: H, name: "Lindenstraße 4", state: offline ? "offline" : kase.held() ? "attention" : "fine", sentence: kase.held() ? "We shut your camera in. It needs you once." : "Everything looks fine.", gateway: gateway(), devices: 12, incidents: 1,
  stopped_today: 3, trackers_today: 1204, desired: { wanted: 4, running: 4 }, cards: kase.held() ? [{ kind: "incident", title: "Camera by the door is shut in", text: "It tried to log in to 214 other computers. There is one thing to do.", incident: I, device: "d1" }] : [], plan: { name: "", extras: ["people", "content", "reports", "support"] }, as_of: ago(3) });
const person = { id: "p1", name: "Anna", email: "anna@example.net" };
const session = (kind) => ({ id: "s", kind, person, homes: [{ id: H, name: "Lindenstraße 4", role: "owner" }], tenant: "t1", provider: { id: "t1", name: "Nordnetz", phone: "+49 30 5550 100" }, expires: ago(-86400), asked: person_.asked() });
const stops = () => [{ device: { id: "d1", name: names[0] }, endpoint: "cnc.botnet.example", class: "malware", family: "Mirai", source: "urlhaus", reason: "It is listed as malware (Mirai).", count: 41, first: ago(4000), last: ago(1400), allowed: false, confidence: 90,
  card: { model: "camera / Reolink", homes: 0, of: 41210, history: { since: ago(86400 * 90), days: 88, endpoints: 6, new_per_day: 0, days_before: 0 }, numbers: [], seen: [], blocks: ["cnc.botnet.example"], breaks: "Nothing that this model usually does.", language: "en" } },
  { device: { id: "d3", name: names[2] }, endpoint: "ads.samsung.com", class: "owner", family: "", source: "", reason: "You blocked it.", count: 12, first: ago(9000), last: ago(300), allowed: false, confidence: null, card: null },
  { device: { id: "d8", name: names[7] }, endpoint: "paypa1-login.example", class: "phishing", family: "", source: "phish", reason: "It is listed as phishing.", count: 1, first: ago(20000), last: ago(20000), allowed: false, confidence: 75, card: null }];
const homes = () => Array.from({ length: 40 }, (_, i) => ({ id: i === 0 ? H : "h" + i, name: i === 0 ? "Lindenstraße 4" : `Home ${1000 + i}`, account: "A-" + (70000 + i), state: ["attention", "fine", "fine", "working", "fine", "offline", "fine"][i % 7], online: i % 7 !== 5,
  last_contact: ago(i % 7 === 5 ? 86400 : 20 + i), version: i % 5 ? "0.2.0" : "0.1.9", devices: 4 + (i * 7) % 20, incidents: i % 7 === 0 ? 1 : 0 }));
const board = () => homes().filter((h) => h.incidents).map((h, i) => ({ id: i === 0 ? I : "i" + i, code: ["K7QM", "P2RX", "9HTW", "C4DN", "ZZ2M", "Q8LK"][i % 6], home: { id: h.id, name: h.name }, state: ["contained", "open", "cleaning", "probation"][i % 4], mode: "quarantine", opened: ago(1500 + i * 5000), changed: ago(900 + i * 3000) }));
const keys = [], consents = [], looks = [{ time: ago(7200), who: "Support, M.", role: "staff", act: "look", what: "", reason: "The customer called about the camera.", refused: false, source: "cloud" }];
let rules = { block: "auto", contain: "auto", tidy: "auto", approve: "tell", zone: "Europe/Berlin", changed: null, v: 1 };
const own = new Map();
let looked = false;
const tell = (kind) => eventsOut.forEach((r) => r.write(`event: ${kind}\nid: ${Date.now()}\ndata: ${JSON.stringify({ id: "x", seq: 1, at: ago(0) })}\n\n`));
const list = (items) => ({ items, next: null });
const audit = () => looks.map((l) => ({ ...l, home: H }));

function order(b) {
  const o = { id: randomUUID(), verb: b.verb, device: b.device ?? "", incident: b.incident ?? "", endpoint: b.endpoint ?? "", by: "owner", why: "", asked: ago(0), status: "asked", done: null, reason: "", check: null, answer: b.answer ?? "", code: "", deed: b.deed ?? "", mode: b.mode ?? "", step: b.step ?? "" };
  orders.push(o);
  setTimeout(() => {
    const failed = b.verb === "block" ? "The gateway does not block its own names." : b.incident ? kase.done(b, o) : "";
    Object.assign(o, failed ? { status: "failed", reason: failed } : { status: "in_force" }, { done: ago(0) });
    if (!failed && b.verb === "mode") { if (b.mode === "off") modes.delete(b.device); else modes.set(b.device, b.mode); }
    if (!failed && b.verb === "try") { if (b.mode === "off") trials.delete(b.device); else trials.set(b.device, { ...kase.preview(b.mode), since: ago(0) }); }
    if (!failed && !b.incident && b.verb === "quarantine") modes.set(b.device, "quarantine");
    if (!failed && !b.incident && b.verb === "release") modes.delete(b.device);
    setTimeout(() => tell("incident"), 1700);
    tell("order"); tell("incident"); tell("device");
  }, 1200);
  return o;
}

// about is an order about who a device is: it takes its time, and a printer's makes trouble.
function about(device, verb, change) {
  const o = { id: randomUUID(), verb, device, incident: "", endpoint: "", by: "owner", why: "", asked: ago(0), status: "asked", done: null, reason: "", check: null, answer: "", code: "", deed: "", mode: "", step: "" };
  orders.push(o);
  setTimeout(() => {
    const failed = device === "d6";
    Object.assign(o, failed ? { status: "failed", reason: "The gateway does not know this device any more." } : { status: "in_force" }, { done: ago(0) });
    if (!failed) change();
    tell("order"); tell("device");
  }, 1200);
  return o;
}

function sse(res, first, every) {
  res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  res.write(": hello\n\n");
  first?.();
  const timer = every ? setInterval(every, 1000) : null;
  res.on("close", () => { clearInterval(timer); eventsOut.delete(res); });
}

function api(req, res, url, body) {
  const p = url.pathname, signedIn = /cardea_(resident|staff)=1/.test(req.headers.cookie ?? "");
  const send = (status, data, h = {}) => { res.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...h }); res.end(data === undefined ? "" : JSON.stringify(data)); };
  const no = (status, kind, title) => { res.writeHead(status, { "Content-Type": "application/problem+json" }); res.end(JSON.stringify({ type: "/problems/" + kind, title, status })); };
  if (p === "/mock/slow") { slow = Number(url.searchParams.get("ms")); return send(204); }
  if (p === "/mock/offline") { offline = url.searchParams.get("on") === "1"; tell("gateway"); return send(204); }
  if (p === "/v1/sessions") return body.token === "bad" || body.password === "wrong" ? no(401, "signed-out", "no") : send(201, session("resident"), { "Set-Cookie": "cardea_resident=1; Path=/; HttpOnly; SameSite=Strict" });
  if (p === "/v1/staff/sessions") return send(201, session("staff"), { "Set-Cookie": "cardea_staff=1; Path=/; HttpOnly; SameSite=Strict" });
  const pass = (x) => (x[0] >= 400 ? no(x[0], "not-found", "no") : send(x[0], x[1], x[2]));
  const free = person_.open(req.method, p, body, url.searchParams);
  if (free) return free[1] === "session" ? send(201, session("resident"), { "Set-Cookie": "cardea_resident=1; Path=/; HttpOnly; SameSite=Strict" }) : pass(free);
  if (!signedIn) return no(401, "signed-out", "Sign in");
  if (p === "/v1/session") return req.method === "DELETE" ? send(204, undefined, { "Set-Cookie": "cardea_resident=0; Path=/; Max-Age=0" }) : send(200, session("resident"));
  const mine = person_.own(req.method, p, body);
  if (mine) return pass(mine);
  if (p === "/v1/push-key") return send(200, { key: "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM" });
  const staff = p.startsWith("/v1/staff");
  if (staff) {
    const s = p.slice("/v1/staff".length);
    if (s === "/session") return send(200, session("staff"));
    if (s === "/overview") return send(200, { homes: 40, online: 34, incidents: 6, contained: 4, as_of: ago(1) });
    if (s === "/homes") { const q = url.searchParams.get("q") ?? "", st = url.searchParams.get("state") ?? "", cur = Number(url.searchParams.get("cursor") ?? 0); const all = homes().filter((h) => h.name.includes(q) && (!st || h.state === st)); return send(200, { items: all.slice(cur, cur + 20), next: cur + 20 < all.length ? String(cur + 20) : null }); }
    if (s === "/incidents") return send(200, list(board()));
    if (s === "/search") return send(200, list(board().filter((b) => b.code === url.searchParams.get("code"))));
    if (s === "/audit") return send(200, list(audit()));
    if (s.endsWith("/looks")) { looked = true; looks.unshift({ time: ago(0), who: "Support, M.", role: "staff", act: "look", what: "", reason: body.reason, refused: false, source: "cloud" }); return send(201, { until: ago(-1800) }); }
    const f = who.fleet(req.method, s, url.searchParams, body);
    if (f) return send(f[0], f[1]);
    if (s.startsWith("/homes/") && !looked) return no(403, "look-required", "Say why");
    if (s.endsWith("/contacts")) return consents.length ? send(200, { items: contacts(), as_of: ago(0), source: "gateway" }) : no(403, "consent-required", "Nobody at home has agreed to this");
  }
  const m = /^\/v1\/(?:staff\/)?homes\/([^/]+)(\/.*)?$/.exec(p);
  if (!m) return no(404, "not-found", "no");
  const r = m[2] ?? "", d = /^\/devices\/([^/]+)$/.exec(r);
  if (r === "") return send(200, home());
  if (r === "/devices") return send(200, list(devices()));
  if (d) { const i = devices().findIndex((x) => x.id === decodeURIComponent(d[1])); return i < 0 ? no(404, "not-found", "no") : send(200, { ...devices()[i], week: week(i), coverage: { unnamed_share: 0.04 } }); }
  const ours = person_.home(req.method, r, body);
  if (ours) return pass(ours);
  const hh = household.answer(req.method, r, body, req.headers["if-match"]);
  if (hh) return hh[0] >= 400 ? no(hh[0], hh[0] === 412 ? "changed-meanwhile" : "not-found", "no") : send(hh[0], hh[1]);
  const tag = (x) => ({ ETag: `"${x.v}"` });
  if (r === "/policy") { if (req.method === "PATCH") { rules = { ...rules, ...body, v: rules.v + 1, changed: ago(0) }; } const { v, ...p } = rules; return send(200, { ...p, versions: { wanted: v, running: Math.max(1, v - 1) }, etag: String(v) }, tag(rules)); }
  if (r.endsWith("/policy")) {
    const id = decodeURIComponent(r.split("/")[2]), was = own.get(id) ?? { block: "home", contain: "home", tidy: "home", essential: id === "d5" ? "alarm" : "none", v: 1 };
    if (req.method === "PUT") own.set(id, { ...body, v: was.v + 1 });
    const { v, ...p } = own.get(id) ?? was, holds = Object.fromEntries(["block", "contain", "tidy"].map((k) => [k, p[k] === "home" ? rules[k] : p[k]]));
    return send(200, { ...p, holds, etag: String(v) }, tag({ v }));
  }
  if (r.endsWith("/admission")) { const id = decodeURIComponent(r.split("/")[2]); let_in.add(id); tell("device"); return send(200, { device: id, admission: body.answer === "admit" ? "admitted" : "refused", guest: !!body.guest, order: null }); }
  if (r === "/pauses") {
    if (req.method === "POST") { paused.set(body.whose, body.until); tell("device"); return send(200, body); }
    if (req.method === "DELETE") { paused.delete(url.searchParams.get("whose")); tell("device"); return send(204); }
    return send(200, list([...paused].map(([whose, until]) => ({ whose, until }))));
  }
  const pre = /^\/devices\/([^/]+)\/preview$/.exec(r);
  if (pre) return offline ? no(503, "gateway-offline", "no") : send(200, kase.preview(url.searchParams.get("mode")));
  if (/^\/devices\/([^/]+)\/contacts$/.test(r)) { const id = decodeURIComponent(r.split("/")[2]); return offline ? no(503, "gateway-offline", "no") : send(200, { items: past(id), as_of: ago(2), source: "gateway" }); }
  if (r === "/exposures") return send(200, list(devices().flatMap((x) => x.exposures.map((e) => ({ ...e, device: { id: x.id, name: x.name } })))));
  const w = /^\/devices\/([^/]+)\/(identity|merge|split|protections)$/.exec(r);
  if (w) { const [verb, change] = who.act(decodeURIComponent(w[1]), w[2], req.method, body); return send(202, about(decodeURIComponent(w[1]), verb, change)); }
  if (r === "/incidents") { const { code, device, state, mode, opened, changed, sentence } = incident("en"); return send(200, list([{ id: I, code, device, state, mode, opened, changed, sentence }])); }
  if (r.startsWith("/incidents/")) return send(200, incident(url.searchParams.get("lang") ?? "en"));
  if (r === "/orders") return req.method === "POST" ? send(202, order(body)) : send(200, list(orders));
  if (r.startsWith("/orders/")) return send(200, orders.find((o) => r.endsWith(o.id)));
  if (r === "/stopped") return send(200, { items: stops(), trackers: 1204, earlier: null });
  if (r === "/looks") return send(200, list(looks));
  if (r === "/gateways") return send(200, list([{ id: gateway().id, state: "active", version: "0.2.0", enrolled: ago(86400 * 40), expires: ago(-86400 * 50), why: "" }, { id: "0192f0ab-0000-7000-8000-00000000b002", state: "waiting", version: "0.2.0", enrolled: ago(60), expires: null, why: "" }]));
  if (r === "/claims") return send(201, { code: "CRD1-7K2M-Q9XT-4HVB-W8PC-N3LA-2ZDF", uri: "cardea:x", qr_svg: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h3v3H0zM5 0h3v3H5zM0 5h3v3H0zM4 4h2v2H4z"/></svg>', expires: ago(-900) });
  if (r === "/keys") { if (req.method === "POST") { keys.push({ id: body.id, key: body.key, resident: "p1", signer: "" }); return send(201, {}); } return send(200, list(keys)); }
  if (r === "/consents") { if (req.method === "POST") { consents.push({ ...body, gateway: gateway().id, revoked: false }); return send(201, {}); } return send(200, list(consents)); }
  if (r.startsWith("/consents/")) { consents.forEach((x) => { x.revoked = true; }); return send(204); }
  if (r === "/export") return send(200, { home: home() });
  if (r === "/data") return send(200, { rows: {} });
  if (r === "/events") { eventsOut.add(res); return sse(res); }
  if (r === "/live") {
    const only = url.searchParams.get("device"), ev = (n, x) => res.write(`event: ${n}\ndata: ${JSON.stringify(x)}\n\n`);
    const items = () => contacts().filter((x) => !only || x.device === only);
    return sse(res, () => (offline ? ev("offline", { last_seen: ago(720) }) : ev("contacts", { items: items(), at: ago(0) })), () => !offline && ev("contacts", { items: items().slice(0, 3), at: ago(0) }));
  }
  return no(404, "not-found", "no");
}

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png", ".webmanifest": "application/manifest+json" };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

async function file(res, path) {
  const staff = path === "/staff" || path.startsWith("/staff/");
  const app = staff ? "operator" : "resident", rest = staff ? path.slice(6) : path;
  for (const name of [rest, "/index.html"]) {
    try {
      if (name.endsWith("/") || name === "") continue;
      const data = await readFile(join(dist, app, name));
      res.writeHead(200, { "Content-Type": types[extname(name)] ?? "application/octet-stream", "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff" });
      return res.end(data);
    } catch { /* the app's page answers for its own paths */ }
  }
  res.writeHead(404);
  res.end();
}

const server = createServer((req, res) => {
  const url = new URL(req.url, "http://x");
  let text = "";
  req.on("data", (x) => { text += x; });
  const wait = url.pathname.startsWith("/v1/") && slow ? setTimeout : (f) => f();
  req.on("end", () => wait(() => (url.pathname.startsWith("/v1/") || url.pathname.startsWith("/mock/") ? api(req, res, url, text ? JSON.parse(text) : {}) : void file(res, decodeURIComponent(url.pathname))), slow));
});
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/sign-in#demo`));
