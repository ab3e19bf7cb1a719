// Where things stand on the home map. Pure: the picture is made of this.
import type { Contact, Device } from "../shared/model";
import { clip } from "../shared/text";
import { inOrder, shutIn } from "../shared/marks";

export interface Spot { id: string; x: number; y: number; device: Device; held: boolean; busy: boolean; label: string }
export interface Far { key: string; x: number; y: number; label: string; bad: boolean }
export interface Line { device: string; to: string; d: string; bad: boolean; local: boolean }
export interface HomeMap {
  width: number; height: number; cx: number; cy: number; spots: Spot[]; far: Far[]; lines: Line[]; more: number; moreFar: number;
}

const bad = (c: Contact) => c.verdict === "block" || c.verdict === "contain";

// party is the company outside behind a contact, else its domain, else its address.
export const party = (c: Contact) => clip(c.service?.company || c.service?.name || c.domain || c.name || c.ip, 28);

// rows fans n places out below the gateway in rows that bend up at their ends, so that labels never touch. The first places are
// the middle ones of the first row.
export function rows(n: number, width: number, cy: number, most: number): { x: number; y: number }[] {
  const count = Math.max(1, Math.ceil(n / most));
  const out: { x: number; y: number }[] = [];
  for (let r = 0, left = n; r < count; r++) {
    const here = Math.ceil(left / (count - r));
    const step = width / Math.max(here, most - 1);
    const row = Array.from({ length: here }, (_, i) => {
      const off = i - (here - 1) / 2;
      const bend = (off * step) / (width / 2);
      return { x: Math.round(width / 2 + off * step), y: Math.round(cy + 108 + r * 98 - 44 * bend * bend), off: Math.abs(off) };
    });
    row.sort((a, b) => a.off - b.off || a.x - b.x);
    out.push(...row.map(({ x, y }) => ({ x, y })));
    left -= here;
  }
  return out;
}

// layout makes the map for a width. Devices that need eyes come first and are never left out; at most 12 stand on a phone.
export function layout(devices: readonly Device[], heard: readonly Contact[], width: number): HomeMap {
  // A name that was only looked up was not talked to, unless it was refused.
  const contacts = heard.filter((c) => !c.lookup || bad(c));
  const wide = width >= 620;
  const most = wide ? 7 : 4;
  const cx = width / 2, cy = 148;
  const rest = inOrder(devices.filter((d) => !d.gateway));
  const shown = rest.slice(0, most * 3);
  const places = rows(shown.length, width, cy, most);
  const height = Math.max(...places.map((p) => p.y), cy + 20) + 68;
  const busy = new Set(contacts.map((c) => c.device));
  const spots = shown.map((d, i) => ({
    id: d.id, ...(places[i] as { x: number; y: number }), device: d, held: shutIn(d), busy: busy.has(d.id), label: clip(d.name, wide ? 16 : 11),
  }));
  const { far, moreFar } = outside(contacts, width, most);
  return { width, height, cx, cy, spots, far, lines: lines(spots, far, contacts, cx, cy), more: rest.length - shown.length, moreFar };
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
    const drop = top.length > 2 && i % 2 === 0 ? 15 : 0; // neighbours' labels are not on one line
    return { key, x, y: Math.round(30 + drop + 6 * off * off), label: clip(key, width >= 620 ? 16 : 11), bad: s.bad };
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
