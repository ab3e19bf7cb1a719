// What stands in the audit, in orders and in a home's timeline, as sentences. What is not known here stays readable as it is.
import type { components } from "../shared/api.gen";
import type { Line } from "../shared/model";
import { word } from "../shared/parts/Case";
import { clip, clock } from "../shared/text";

type Happened = components["schemas"]["Happened"];

// Acts of people and of the cloud. Each reads on after the name of who did it.
const acts: Record<string, string> = {
  look: "opened this home", note: "wrote a note", order: "asked the gateway for a change",
  claim: "made a code with which a gateway can join", enrol: "joined as the home's gateway", confirm: "confirmed the gateway", revoke: "took the gateway's right to speak for this home away",
  consent: "allowed support to see names", "consent-revoked": "ended support's access to names", key: "added a phone or computer that can give consent", contacts: "asked the gateway for live traffic",
  invite: "invited somebody into the home", "invite-taken": "took an invitation and joined the home", "member-role": "changed what a person of the home may do", "member-removed": "removed a person from the home",
  label: "recorded a gateway's label", "labels-removed": "removed the labels of this home", "home-claimed": "claimed this home with its label or the provider's account",
  "home-created": "made this home through provisioning", "home-changed": "changed the home's plan or name", "home-left": "ended the subscription", erase: "erased the home's data", export: "exported the home's data",
  "order-undo": "let one stopped address through again, by the resident's code", "rollout-pin": "changed which versions this home gets",
  "bulk-quarantine": "shut a device in, by an agreed bulk action", "bulk-block": "blocked an address, by an agreed bulk action", "bulk-unblock": "ended a block, by an agreed bulk action", "bulk-release": "let a device out, by an agreed bulk action",
  propose: "proposed something that a second person must agree to", approve: "agreed to a proposal", refuse: "refused a proposal", "approved-done": "agreed, and it was done", "approved-failed": "agreed, and it failed", take: "finished an agreed proposal that was cut short",
  "token-make": "made an access token", "token-revoke": "ended an access token", "staff-add": "added a colleague", "staff-roles": "changed the roles of a colleague", "staff-remove": "removed a colleague", "staff-sign-in": "signed in through the provider's account", "sign-in": "signed in",
  "tenant-created": "made this provider", sharing: "changed what is learned from this provider's homes", resident: "made an account for somebody at home", link: "made a sign-in link for somebody",
  "plan-save": "made or changed a service plan", "plan-remove": "removed a service plan", "brand-save": "changed how the provider looks to its customers",
  "webhook-add": "added a webhook", "webhook-change": "changed a webhook", "webhook-remove": "removed a webhook", "webhook-secret": "made a new secret for a webhook", "webhook-again": "sent an event to a webhook once more",
  "webhook-test": "sent a test to a webhook", "webhook-paused": "paused a webhook that kept failing",
  ask: "asked the gateway something", "name a cluster": "named a group of unknown devices", "take a maker's document": "took what a maker says of a model (MUD)",
  "close an incident of the fleet": "closed an incident of many homes", "look for an endpoint in all homes": "looked for an address in all homes",
  "begin a search in homes' pasts": "began a search in the homes' past", "end a search in homes' pasts": "ended a search in the homes' past", "ask what a list would have touched": "asked what a list would have touched",
  "set a source of intelligence": "set up or changed a source of intelligence", "fetch a source of intelligence": "had a source of intelligence asked at once", "agree a source of intelligence": "put in force what a source of intelligence said",
  "remove a source of intelligence": "removed a source of intelligence", "make an exception of all lists": "excepted an address from all lists", "take an exception of all lists back": "ended an exception from all lists",
  "rollout-start": "started a rollout", "rollout-pause": "paused a rollout", "rollout-resume": "resumed a rollout", "rollout-halt": "halted a rollout", "rollout-undo": "undid a rollout",
  "rollout-hold": "kept back what is published of a bundle", "rollout-hold-end": "ended that a bundle is kept back", "intel-publish": "published lists by hand", "intel-exposures": "published exploited vulnerabilities and ends of life by hand",
  "intel-models": "had what is known of models published at once", "intel-profiles": "published profiles of what is normal by hand", "intel-again": "published an older version again", "bundle-sign": "signed what gateways get",
  "refuse an indicator": "refused an indicator of herd protection", "take a refusal back": "took back a refused indicator",
};

// Parts of a home, by the words of the API's paths.
const parts: Record<string, string> = {
  "": "the summary", care: "health and history", changes: "what changed", devices: "devices", "devices/contacts": "live traffic of a device", "devices/policy": "what a device may do", "devices/preview": "what a change would do",
  "devices/identity": "what a device is", "devices/merge": "two devices into one", "devices/split": "one device into two", "devices/protections": "a device's protection", exposures: "what is exposed", incidents: "incidents", line: "the line",
  orders: "orders", pauses: "pauses", people: "people", policy: "rules", privacy: "data kept", schedules: "schedules", notes: "notes",
};
const part = (p: string) => (Object.hasOwn(parts, p) ? (parts[p] ?? "") : clip(p, 40).replaceAll("/", ", "));

const verbs: Record<string, string> = {
  check: "Check whether it is clean", release: "Let out", dismiss: "Close the incident", quarantine: "Shut in", block: "Block an address", unblock: "End a block", allow: "Let one address through", disallow: "Stop one address again",
  identify: "Say what the device is", merge: "Treat two devices as one", split: "Treat one device as two", protect: "Protect one service of a device", unprotect: "End the protection of a service", mode: "Change how much a device may do",
  try: "Try a solution", step: "A step of the cleaning", undo: "Undo a change", code: "Make a code", erase: "Erase what the gateway keeps", remedy: "Change the line",
};

const statuses: Record<string, string> = {
  asked: "sent, the gateway has not confirmed it yet", in_force: "in force, the gateway confirmed it", failed: "failed", expired: "not done: the gateway did not answer in time",
};

const plain = (s: string) => clip(s, 60).replace(/[-_]+/g, " ");
const capital = (s: string) => (s ? s.charAt(0).toUpperCase() + s.slice(1) : s);

// known says whether an act has words of its own.
export const known = (act: string) => Object.hasOwn(acts, act);

// acted is an act of the audit as the end of a sentence.
export const acted = (act: string) => (Object.hasOwn(acts, act) ? (acts[act] ?? "") : plain(act));

// listed are words as they are said: a, b and c.
const listed = (all: string[]) => (all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`);

function requested(act: string, about: string[]): string {
  const what = listed((about.length > 0 ? about : [""]).slice(0, 12).map(part));
  const to = about[0] ?? "";
  if (act === "get") return `read ${what}`;
  if (to === "orders") return "sent an order to the gateway";
  return `${act === "delete" ? "removed" : "changed"} ${what}`;
}

const requests = ["get", "post", "put", "patch", "delete"];

// did is a line of the audit: what somebody did, begun with a capital. what is the path of a request.
export function did(act: string, what: string): string {
  if (!requests.includes(act)) return capital(acted(act));
  return capital(requested(act, [what.split("/").filter((w) => /^[a-z-]+$/.test(w)).join("/")]));
}

// whoDid is who a line is of.
export const whoDid = (x: Happened) => (x.who === "owner" ? "somebody at home" : x.who === "support" ? "support" : x.who === "gateway" ? "the gateway" : clip(x.who, 60));

// happened is a line of a home's timeline: what happened, what it became, and why. device gives a device's name; "" where it is not known.
export function happened(x: Happened, device: (id: string) => string): { what: string; became: string; why: string } {
  const name = x.device ? device(x.device) : "";
  if (x.kind === "case") {
    const closed = x.what === "closed";
    return { what: closed ? "Incident closed" : "Incident opened", became: "", why: x.why ? capital(word(closed ? "outcome" : "rule", x.why)) : "" };
  }
  if (x.kind === "order") {
    const what = Object.hasOwn(verbs, x.what) ? (verbs[x.what] ?? "") : capital(plain(x.what));
    const became = x.what === "check" && x.status === "in_force" ? "done" : Object.hasOwn(statuses, x.status) ? (statuses[x.status] ?? "") : plain(x.status);
    return { what: name ? `${what}: ${name}` : what, became: x.status === "failed" && x.result ? `${became}: ${clip(x.result, 300)}` : became, why: "" };
  }
  const about = x.about ?? [];
  return { what: capital(requests.includes(x.what) ? requested(x.what, about) : acted(x.what)), became: "", why: clip(x.why, 300) };
}

// lineSays is how a home's line is now. The server's sentence speaks to residents; this one has the time as all times on the screen are written.
export function lineSays(l: Pick<Line, "slow" | "since" | "now" | "sentence">): string {
  if (!l.now) return "The gateway has told nothing of the line lately.";
  if (!l.slow) return "The line works as it usually does.";
  const since = `Slow since ${clock(l.since)}`;
  switch (l.slow) {
    case "home": return `${since}, because the home fills its line.`;
    case "line": return `${since}, on the line between the home and the provider.`;
    case "provider": return l.now.latency === null ? `${since}, somewhere beyond the gateway.` : `${since}, at the provider's side.`;
    case "dns": return `${since}: names are looked up slowly.`;
    default: return clip(l.sentence, 240);
  }
}
