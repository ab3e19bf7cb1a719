// The mock's incident: a camera with a program in its memory, from shut in to closed. Steps, deeds and codes change it as a gateway would.
const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
const I = "0192f0aa-0000-7000-8000-00000000c001";
const texts = {
  en: { title: "A program that lives in the memory of your camera", intro: "Somebody got into it with a known password and uses it to attack others. The program is gone when it restarts, but it comes back if the door stays open.",
    expert: "Mirai and its kin run from RAM, spread by telnet with factory logins, and do not survive a power cycle. Shut the door before the reboot, not after.",
    cut: ["We cut the connection over which it was steered.", "The addresses that it called are blocked for this device only."], mapping: ["We closed the door from the internet to it.", "Port forwardings to it are not served any more."],
    reboot: ["Switch it off, unplug it for ten seconds, and switch it on again.", "Sleep is not enough. We see it when it starts and asks for its address."], password: ["Give it a new password, one that you use nowhere else.", "Its app has this under Settings, Account. Write it down where you find it again."],
    update: ["Install its newest software.", "Its app has this under Settings, About. It may take a few minutes."], watch: ["We watch whether it stays silent.", ""] },
  de: { title: "Ein Programm im Arbeitsspeicher Ihrer Kamera", intro: "Jemand ist mit einem bekannten Passwort hineingelangt und greift damit andere an. Nach einem Neustart ist das Programm weg, doch es kommt wieder, wenn die Tür offen bleibt.",
    expert: "Mirai und Verwandte laufen im RAM, verbreiten sich über Telnet mit Werkspasswörtern und überstehen keinen Neustart. Erst die Tür schließen, dann neu starten.",
    cut: ["Wir haben die Verbindung gekappt, über die sie gesteuert wurde.", "Die Adressen sind nur für dieses Gerät gesperrt."], mapping: ["Wir haben den Zugang aus dem Internet geschlossen.", "Portfreigaben auf dieses Gerät gelten nicht mehr."],
    reboot: ["Schalten Sie sie aus, ziehen Sie für zehn Sekunden den Stecker und schalten Sie sie wieder ein.", "Der Ruhezustand genügt nicht. Wir sehen es, wenn sie startet."], password: ["Geben Sie ihr ein neues Passwort, das Sie sonst nirgends benutzen.", "In der App unter Einstellungen, Konto."],
    update: ["Installieren Sie die neueste Software.", "In der App unter Einstellungen, Info. Es kann einige Minuten dauern."], watch: ["Wir beobachten, ob sie still bleibt.", ""] },
};
const order = [["cut", "gateway", "none"], ["mapping", "gateway", "mapping-gone"], ["reboot", "person", "rebooted"], ["password", "person", "none"], ["update", "person", "firmware", true], ["watch", "gateway", "silent"]];
const s = { state: "contained", mode: "quarantine", outcome: "", releases: 0, tries: 0, steps: { cut: "passed", mapping: "passed", reboot: "now" }, results: { cut: "It has not called it since.", mapping: "Port 8000 is closed." },
  deeds: [{ id: "e1", kind: "cut", what: "cnc.botnet.example is blocked for this device.", endpoint: "cnc.botnet.example" }, { id: "e2", kind: "mapping", what: "Port 8000 to the internet is closed.", endpoint: "" }, { id: "e3", kind: "shut", what: "Telnet (port 23) is shut.", endpoint: "" }]
    .map((d) => ({ ...d, time: ago(1495), undone: null, by: "" })), history: [] };

export const held = () => s.state !== "closed" && s.state !== "probation";
export const shut = () => s.mode === "quarantine" && s.state !== "closed";
export const state = () => s;

// go moves the case, with who and why.
function go(to, mode, by, why, outcome = "") {
  s.history.push({ time: ago(0), from: s.state, to, mode, by, why });
  Object.assign(s, { state: to, mode, outcome });
}
const next = () => {
  const at = order.find(([id]) => !s.steps[id] || s.steps[id] === "todo");
  if (at) s.steps[at[0]] = "now";
};

// done is what an order does when the gateway has it; "" or why it failed.
export function done(b, o) {
  if (b.verb === "step") {
    if (b.answer === "skip") { s.steps[b.step] = "skipped"; next(); return ""; }
    s.steps[b.step] = "checks";
    // The first look at the reboot comes too early, so that a step that fails can be seen.
    setTimeout(() => {
      const early = b.step === "reboot" && s.tries++ === 0;
      s.steps[b.step] = early ? "failed" : "passed";
      s.results[b.step] = early ? "It has not restarted yet." : b.step === "reboot" ? "It restarted, and has been silent since." : "";
      if (!early) { if (s.state === "contained") go("cleaning", "quarantine", "owner", "The first step is done."); next(); }
    }, 1500);
  }
  if (b.verb === "undo") { const d = s.deeds.find((x) => x.id === b.deed); if (!d) return "There is no such deed."; Object.assign(d, { undone: ago(0), by: "owner" }); }
  if (b.verb === "code") o.code = "4827 1950".replace(" ", "");
  if (b.verb === "release") { s.releases++; go("probation", "vendor-only", "owner", "Released."); }
  if (b.verb === "quarantine") go("contained", "quarantine", "owner", "Shut in.");
  if (b.verb === "dismiss") go("closed", "off", "owner", "Its owner said so.", b.answer ?? "false-alarm");
  return "";
}

const finding = (k, sentence, detector, card = null) => ({ id: "f" + k, time: ago(1500 - k * 20), detector, strength: k ? "soft" : "hard", sentence, facts: { hosts: 214, unanswered: 209, seconds: 41, port: 23 }, score: 17.2, p: null, card });
const card = { model: "Reolink RLC-410", homes: 0, of: 41210, history: { since: ago(86400 * 40), days: 39, endpoints: 6, new_per_day: 0.02, days_before: 0 }, numbers: [{ name: "hosts in a minute", value: 214, unit: "hosts" }],
  seen: [{ name: "", ip: "203.0.113.7", port: 23, proto: "tcp", flows: 209, failed: 209, bytes_up: 12540, bytes_down: 0, first: ago(1500), last: ago(1460) }], blocks: ["cnc.botnet.example"], breaks: "Nothing that this model is known to need." };

export function incident(name, lang, orders) {
  const t = texts[lang] ?? texts.en;
  const open = s.state !== "closed", out = s.state === "probation";
  const verb = (v, title, text) => ({ verb: v, title, text, enabled: true });
  return { id: I, code: "K7QM", device: { id: "d1", name }, state: s.state, mode: s.mode, opened: ago(1500), changed: s.history.at(-1)?.time ?? ago(900), sentence: "It tried to log in to 214 other computers on the internet.",
    what_happened: "At 13:35 your camera tried to reach 214 hosts on the internet by telnet in 41 seconds. 209 did not answer. 41,210 homes have this camera; none of them ever did this.",
    what_we_did: s.mode === "quarantine" ? "We shut the camera in after 0.4 seconds. It reaches only your gateway. Your other devices go on as usual." : "It is back, step by step. Your other devices go on as usual.", grade: "port",
    what_to_do: !open ? [] : [...(out ? [] : [verb("", "Clean it", "Unplug it."), verb("check", "Check again", ""), verb("release", "Let it out", "")]), ...(out ? [verb("quarantine", "Shut it in again", "")] : []), verb("dismiss", "This was me", "")],
    findings: [finding(0, "Tried 214 hosts on the internet by telnet; 209 did not answer.", "scan-wan", card), finding(1, "Met cnc.botnet.example, which is listed as malware (Mirai).", "indicator")],
    history: [{ time: ago(1500), from: "", to: "open", mode: "off", by: "gateway", why: "Tried 214 hosts on the internet by telnet." }, { time: ago(1499), from: "open", to: "contained", mode: "quarantine", by: "gateway", why: "Hard evidence: a scan." }, ...s.history],
    check: { clean: false, sentence: "Not yet: it has been on and silent for 14 min; we watch for 24 h to be sure.", seen: 0, last: null, quiet_seconds: 840, need_seconds: 86400 }, orders, releases: s.releases, relapses: 0,
    kind: "telnet-botnet", outcome: s.outcome, waits: false, deeds: s.deeds,
    playbook: { id: "telnet-botnet", version: 1, title: t.title, intro: t.intro, expert: t.expert,
      steps: order.map(([id, by, check, optional]) => ({ id, by, check, optional: !!optional, text: t[id][0], detail: t[id][1], state: s.steps[id] ?? "todo", result: s.results[id] ?? "", changed: s.steps[id] ? ago(900) : null })) },
    probation: out ? { since: ago(30), until: ago(-86400 * 30), phase: "vendor", silent_seconds: 5400, need_seconds: 43200, reboot: s.steps.reboot === "passed", share: 0.125 } : null,
    harm: s.mode === "quarantine" ? { since: ago(600), sentence: "It tries to reach its maker again and again.", before: 0.94, now: 0.02, retries: 8, reboots: 1, lifted: false } : null };
}

const bare = ["play.sonos.com:443", "time.example.net:123", "fw.reolink.com:443", "push.example.com:8883", "<img src=x onerror=alert(1)>.example:443"];
export function preview(mode) {
  const n = { "no-lan": 1, "profile-only": 1, "vendor-only": 2, "update-only": 4, quarantine: 5, "endpoint-block": 0 }[mode] ?? 0;
  return { mode, kept: 5 - n, stops: n, stopped: bare.slice(5 - n), share: [0, 0.02, 0.31, 0.6, 0.97, 1][n], since: ago(86400 * 7), as_of: ago(4) };
}
