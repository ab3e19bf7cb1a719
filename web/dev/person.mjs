// The mock's part that is about a person: how they are told and sign in, and what is open to everybody.
import { randomUUID } from "node:crypto";

const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
const list = (items) => ({ items, next: null });
const all = { critical: true, important: true, info: true, report: true };
let told = { version: 0, language: "", quiet: null, phone: null, channels: [{ way: "email", available: true, ...all }, { way: "push", available: false, ...all }, { way: "sms", available: false, critical: true, important: false, info: false, report: false }, { way: "webhook", available: false, critical: false, important: false, info: false, report: false }] };
const deliveries = [{ id: "n1", home: "h", kind: "infected", level: "critical", way: "email", status: "sent", why: "", check: "7KQMP-2RX9H", made: ago(1500), sent: ago(1490), next: null, tries: 1 }];
const passkeys = [{ id: "k1", name: "Phone", created: ago(86400 * 9), used: ago(4000) }], invitations = [];
let codes = 0, sessions = [{ id: "s1", agent: "Firefox on Linux", created: ago(9000), used: ago(3), expires: ago(-9e5), this: true }, { id: "s2", agent: "Safari on iPhone", created: ago(90000), used: ago(8000), expires: ago(-9e5), this: false }];
const qr = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h3v3H0zM5 0h3v3H5zM0 5h3v3H0zM4 4h2v2H4z"/></svg>';
const question = () => ({ challenge: "c", options: { challenge: "AAAA", rp: { id: "127.0.0.1", name: "Cardea" }, user: { id: "AAAA", name: "anna", displayName: "Anna" }, pubKeyCredParams: [{ type: "public-key", alg: -7 }] } });
const section = (id, title) => ({ id, title, paragraphs: ["Your provider looks after your network at its gateway."], steps: id === "what-only-you-can-do" ? ["Find the device.", "Install its updates.", "Give it a new password."] : [], links: [] });
const help = { title: "What Nordnetz does for your network, and what only you can do", sections: [section("what-we-do", "What Nordnetz does"), section("what-only-you-can-do", "What only you can do"), section("privacy", "What becomes of what we know")] };

// open answers what needs no sign-in: [status, data], [201, "session"] for what signs in, or null.
export function open(method, p, body, query) {
  if (p === "/v1/sign-in") return [200, { provider: "nordnetz", name: "Nordnetz", passkeys: true, account: true }];
  if (p === "/v1/genuine") return [200, query.get("code")?.toUpperCase().startsWith("7KQMP") ? { genuine: true, at: ago(1490), provider: "Nordnetz", way: "email", kind: "infected", checked: 1 } : { genuine: false, at: null, provider: "", way: "", kind: "", checked: 0 }];
  if (p === "/v1/help") return [200, { provider: "Nordnetz", phone: "+49 30 5550 100", languages: { en: help, de: { ...help, title: "Was Nordnetz für Ihr Netz tut, und was nur Sie tun können" } } }];
  if (p === "/v1/labels/look") return /^0/.test(body.code) ? [422] : [200, { home: "Lindenstraße 4", provider: "Nordnetz", owned: body.code.startsWith("1") }];
  if (p === "/v1/invitations/look") return body.token ? [200, { home: "Lindenstraße 4", provider: "Nordnetz", role: "member", email: "", expires: ago(-9e4) }] : [404];
  if (p.endsWith("/challenge") && !p.includes("/account/")) return [200, question()];
  if (p === "/v1/recovery") return [202];
  if (["/v1/labels/claim", "/v1/invitations/accept", "/v1/recovery/code", "/v1/recovery/link", "/v1/sign-in/passkey"].includes(p)) return [201, "session"];
  return null;
}

export const asked = () => told.version > 0;

// own answers what is about who is signed in, or null.
export function own(method, p, body) {
  if (p === "/v1/notifications") {
    if (method === "PATCH") { const { channels = [], no_quiet, ...rest } = body; told = { ...told, ...rest, ...(no_quiet ? { quiet: null } : {}), version: told.version + 1, channels: told.channels.map((c) => ({ ...c, ...channels.find((x) => x.way === c.way) })) }; }
    return [200, { ...told, email: told.channels[0].critical, push: told.channels[1].critical }, { ETag: `"${told.version}"` }];
  }
  if (p === "/v1/notifications/phone") { told = { ...told, version: told.version + 1, phone: method === "DELETE" ? null : { number: body.number, verified: false } }; return [method === "DELETE" ? 204 : 202]; }
  if (p === "/v1/notifications/phone/verify") { if (body.code !== "123456") return [422]; told.phone.verified = true; told.channels[2].available = true; return [204]; }
  if (p === "/v1/notifications/test") { deliveries.unshift({ ...deliveries[0], id: randomUUID(), kind: "test", level: "info", status: "waiting", sent: null, made: ago(0) }); setTimeout(() => Object.assign(deliveries[0], { status: "sent", sent: ago(0) }), 3000); return [202]; }
  if (p === "/v1/notifications/deliveries") return [200, list(deliveries)];
  if (p === "/v1/account") return [200, { id: "p1", name: "Anna", email: "anna@example.net", linked: false, passkeys: passkeys.length, password: true, recovery_codes: codes }];
  if (p === "/v1/account/passkeys") return [200, list(passkeys)];
  if (p === "/v1/account/passkeys/challenge") return [200, question()];
  if (p.startsWith("/v1/account/passkeys/")) { passkeys.length = 0; return [204]; }
  if (p === "/v1/account/recovery-codes") { codes = 8; return [201, { codes: Array.from({ length: 8 }, (_, i) => `7KQM${i}-2RX9H-W8PC${i}`) }]; }
  if (p === "/v1/account/password") return body.current === "wrong" ? [403] : [204];
  if (p === "/v1/account/sessions") { if (method === "DELETE") sessions = sessions.filter((s) => s.this); return method === "DELETE" ? [204] : [200, list(sessions)]; }
  if (p.startsWith("/v1/account/sessions/")) { sessions = sessions.filter((s) => !p.endsWith(s.id)); return [204]; }
  if (p === "/v1/privacy") return [200, { language: "en", items: [{ source: "gateway:ledger", what: "Contacts", where: "gateway", purpose: "To tell what is usual for a device.", days: 30, private: false, erased: true, helping: false, fields: [{ name: "endpoint", what: "Host or address, port" }] }, { source: "incident_case", what: "Incidents", where: "cloud", purpose: "To show what happened.", days: 400, private: true, erased: true, helping: false, fields: [{ name: "code", what: "The code for the phone" }] }] }];
  return null;
}

let choice = { private: false, guests: [], help: { on: false, used: true, others: false }, v: 1 };
const figures = { case_count: 1, stopped: 54, trackers: 8120, devices: 12, new_devices: 1, exposed: 2, bytes_up: 4e9, bytes_down: 9e10, open_cases: 0, told_days: 7, stopped_by_class: { malware: 41, phishing: 1, owner: 12 } };
const report = (k) => ({ week: `2026-W${47 - k}`, from: new Date(2026, 10, 16 - 7 * k).toISOString(), until: new Date(2026, 10, 23 - 7 * k).toISOString(), made: ago(86400), clear: k > 0, ...figures, case_count: k ? 0 : 1, before: k ? null : { ...figures, case_count: 0, stopped: 60 },
  cases: k ? [] : [{ id: "0192f0aa-0000-7000-8000-00000000c001", code: "K7QM", device: "Camera by the door", state: "probation", outcome: "" }], new: k ? [] : [{ id: "d11", name: "Vacuum" }],
  sentences: { en: k ? "All clear: nothing needed you this week." : "One device needed you; it is being watched.", de: k ? "Alles gut: Nichts brauchte Sie in dieser Woche." : "Ein Gerät brauchte Sie; es wird beobachtet." } });

// home answers what is below a home and about its people, or null.
export function home(method, r, body) {
  if (r === "/privacy") { if (method === "PATCH") choice = { ...choice, ...body, help: { ...choice.help, on: body.help ?? choice.help.on }, v: choice.v + 1 }; const { v, ...x } = choice; return [200, { ...x, etag: String(v) }, { ETag: `"${v}"` }]; }
  if (r === "/changes") return [200, list([{ id: "x1", time: ago(900), by: { id: "p1", name: "Anna" }, act: "policy", subject: { id: "", name: "" }, sentence: "", fields: [{ name: "contain", from: "ask", to: "auto" }] }, { id: "x2", time: ago(9000), by: { id: "p1", name: "Anna" }, act: "paused", subject: { id: "pp2", name: "Living room" }, sentence: "", fields: [] }])];
  if (r === "/reports") return [200, list([report(0), report(1), report(2)])];
  if (r.startsWith("/reports/")) { const w = [0, 1, 2].find((k) => r.endsWith(report(k).week)); return w === undefined ? [404] : [200, report(w)]; }
  if (r === "/members") return [200, list([{ id: "p1", name: "Anna", email: "anna@example.net", role: "owner", since: ago(86400 * 40), you: true }, { id: "p2", name: "Ben", email: "ben@example.net", role: "member", since: ago(86400 * 20), you: false }])];
  if (r.startsWith("/members/")) return [204];
  if (r === "/invitations") { if (method === "GET") return [200, list(invitations)]; const i = { id: randomUUID(), role: body.role, email: body.email ?? "", created: ago(0), expires: ago(-604800) }; invitations.push(i); return [201, { ...i, told: !!body.email, uri: "https://home.example.net/invited#7KQMP", qr_svg: qr }]; }
  if (r.startsWith("/invitations/")) { invitations.length = 0; return [204]; }
  if (/^\/devices\/[^/]+\/data$/.test(r)) return [200, { rows: {}, at: ago(0), gateway: "none", open_cases: 0, backups: "" }];
  return null;
}
