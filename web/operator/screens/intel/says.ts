// What a change of lists will do, said before it is made, and what is looked for in homes' pasts, read from what somebody typed.
import type { components } from "../../../shared/api.gen";
import { clip, date } from "../../../shared/text";

type Source = components["schemas"]["NewIntelSource"];

const many = (n: number, one: string, more: string) => (n === 1 ? `1 ${one}` : `${n.toLocaleString()} ${more}`);

// every says how often in the largest unit that fits.
export function every(minutes: number): string {
  if (minutes >= 1440 && minutes % 1440 === 0) return minutes === 1440 ? "once a day" : `every ${minutes / 1440} days`;
  if (minutes >= 60 && minutes % 60 === 0) return minutes === 60 ? "once an hour" : `every ${minutes / 60} hours`;
  return minutes === 1 ? "once a minute" : `every ${minutes} minutes`;
}

// What the server takes where a number is left out (cloud/intel/source.go).
const usual = { every: 5, life: 30 * 24 };

const does: Record<string, string> = {
  adult: "Its names are refused only to people for whom residents chose that level.", tracking: "Its names are not looked up in homes that keep trackers out.",
  bypass: "Its names are ways around the home's protection, as another DNS.",
};

// sourceDoes is what happens when a source is put as it is written here.
export function sourceDoes(s: Pick<Source, "name" | "url" | "trust" | "class" | "every_minutes" | "life_hours" | "secret">, changes: boolean): string[] {
  const life = s.life_hours || usual.life;
  const out = [`${changes ? "It is asked anew" : "It is asked"} within a minute, then ${every(s.every_minutes || usual.every)}, at ${clip(s.url, 120)}.`];
  if (s.trust === 0) out.push("With a trust of 0 nothing of it is in a list: no home blocks anything because of it. Try it, then change its trust.");
  else {
    out.push(`What it names is in the next lists of all homes, within minutes, with a trust of ${s.trust} of 100. What must never be blocked is left out.`);
    out.push(changes ? "If it then says much less or much more than before, that is held back until somebody agrees." : "Its first answer comes into force without a question. Later, what is much shorter or much longer than before is held back until somebody agrees.");
  }
  const more = does[s.class ?? ""];
  if (more) out.push(more);
  out.push(`What it does not name again for ${life % 24 === 0 ? many(life / 24, "day", "days") : many(life, "hour", "hours")} ends.`);
  if (s.secret) out.push(`The secret ${clip(s.secret, 40)} is sent to that server. It has to go there already.`);
  return out;
}

export type HuntFor = { kind: "domain" | "ip" | "cidr"; value: string; family: string };

// mostHunted is the server's bound (MaxHuntFor in cloud/intel/hunt.go).
export const mostHunted = 64;

const single = (v: string) => v.replace(/^([0-9.]+)\/32$/, "$1").replace(/^([0-9a-f:]+)\/128$/i, "$1");

// huntedFor reads names, addresses and blocks, one a line. The server says what of it is none.
export function huntedFor(text: string, family: string): HuntFor[] {
  const lines = text.split(/[\n,;]/).map((l) => single(l.trim())).filter((l) => l && !l.startsWith("#"));
  return [...new Set(lines)].map((value) => ({ kind: value.includes("/") ? "cidr" : value.includes(":") || /^[0-9.]+$/.test(value) ? "ip" : "domain", value, family }));
}

const day = 86_400_000;

// huntDoes is what happens when a search is agreed to.
export function huntDoes(of: HuntFor[], days: number, now = Date.now()): string {
  return `When another person agrees, each gateway looks through what it remembers since ${date(now - days * day)} for ${many(of.length, "entry", "entries")}, and opens an incident for each device that met any. Homes that are offline are asked for 7 days.`;
}
