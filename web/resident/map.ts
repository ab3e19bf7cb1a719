// Where things stand on the home map. Pure: the picture is made of this.
import type { Contact, Device } from "../shared/model";
import { clip } from "../shared/text";
import { inOrder, shutIn } from "./words";

export interface Spot { id: string; x: number; y: number; device: Device; held: boolean; busy: boolean; label: string }
export interface Far { key: string; x: number; y: number; label: string; bad: boolean }
export interface Line { device: string; to: string; d: string; bad: boolean; local: boolean }
export interface HomeMap {
  width: number; height: number; cx: number; cy: number; spots: Spot[]; far: Far[]; lines: Line[]; more: number; moreFar: number;
}

const bad = (c: Contact) => c.verdict === "block" || c.verdict === "contain";

// party is the company outside behind a contact, else its domain, else its address.
export const party = (c: Contact) => clip(c.service?.company || c.service?.name || c.domain || c.name || c.ip, 28);

interface Ring { at: (i: number) => { x: number; y: number } }

// ring spreads n places over the lower 220 degrees of an ellipse, in two rows when they would touch.
function ring(n: number, cx: number, cy: number, rx: number, ry: number): Ring {
  const from = -18, to = 198;
  const rows = n > 7;
  return {
    at(i) {
      const share = n === 1 ? 0.5 : i / (n - 1);
      const a = ((from + (to - from) * share) * Math.PI) / 180;
      const k = rows && i % 2 === 1 ? 0.62 : 1;
      return { x: Math.round(cx + rx * k * Math.cos(a)), y: Math.round(cy + ry * k * Math.sin(a)) };
    },
  };
}

// layout makes the map for a width. Devices that need eyes come first and are never left out; at most 13 stand on a phone.
export function layout(devices: readonly Device[], heard: readonly Contact[], width: number): HomeMap {
  // A name that was only looked up was not talked to, unless it was refused.
  const contacts = heard.filter((c) => !c.lookup || bad(c));
  const wide = width >= 620;
  const height = wide ? 430 : 440;
  const cx = width / 2, cy = wide ? 190 : 185;
  const rest = inOrder(devices.filter((d) => !d.gateway));
  const shown = rest.slice(0, wide ? 19 : 13);
  const spread = shown.length === 0 ? [] : arrange(shown);
  const r = ring(spread.length, cx, cy, width / 2 - (wide ? 84 : 46), height - cy - 62);
  const busy = new Set(contacts.map((c) => c.device));
  const spots = spread.map((d, i) => ({
    id: d.id, ...r.at(i), device: d, held: shutIn(d), busy: busy.has(d.id), label: clip(d.name, wide ? 18 : 10),
  }));
  const { far, moreFar } = outside(contacts, width, wide ? 7 : 4);
  return { width, height, cx, cy, spots, far, lines: lines(spots, far, contacts, cx, cy), more: rest.length - shown.length, moreFar };
}

// arrange keeps the most important in the middle of the arc, where the eye falls.
function arrange(items: Device[]): Device[] {
  const out: Device[] = [];
  items.forEach((d, i) => (i % 2 === 0 ? out.push(d) : out.unshift(d)));
  return out;
}

function outside(contacts: readonly Contact[], width: number, most: number): { far: Far[]; moreFar: number } {
  const seen = new Map<string, { n: number; bad: boolean }>();
  for (const c of contacts) {
    if (c.local) continue;
    const p = party(c);
    const s = seen.get(p) ?? { n: 0, bad: false };
    seen.set(p, { n: s.n + 1, bad: s.bad || bad(c) });
  }
  const all = [...seen].sort((a, b) => Number(b[1].bad) - Number(a[1].bad) || b[1].n - a[1].n || (a[0] < b[0] ? -1 : 1));
  const top = all.slice(0, most).sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const far = top.map(([key, s], i) => {
    const x = Math.round((width * (i + 0.5)) / top.length);
    const off = Math.abs(x - width / 2) / (width / 2);
    return { key, x, y: Math.round(34 + 22 * off * off), label: clip(key, width >= 620 ? 16 : 11), bad: s.bad };
  });
  return { far, moreFar: all.length - top.length };
}

// lines run by the gateway, as the packets do: a curve from the device to whom it talks with the gateway pulling at it.
function lines(spots: Spot[], far: Far[], contacts: readonly Contact[], cx: number, cy: number): Line[] {
  const from = new Map(spots.map((s) => [s.id, s]));
  const to = new Map(far.map((f) => [f.key, f]));
  const out = new Map<string, Line>();
  for (const c of contacts) {
    const a = from.get(c.device);
    if (!a) continue;
    const b = c.local ? from.get(c.peer) : to.get(party(c));
    if (!b || b === a) continue;
    const key = c.local ? c.peer : party(c);
    const id = `${c.device}>${key}`;
    const was = out.get(id);
    out.set(id, { device: c.device, to: key, d: `M${a.x} ${a.y}Q${cx} ${cy} ${b.x} ${b.y}`, bad: bad(c) || (was?.bad ?? false), local: c.local });
  }
  return [...out.values()];
}
