// What a device's contacts add up to. Pure: by company, by country, by neighbour, by port.
import type { Contact, Exposure } from "../../shared/model";
import { country } from "../../shared/text";
import { party } from "../map";

export interface Row { key: string; name: string; countries: string[]; flows: number; up: number; down: number; last: string; stopped: boolean }

const bad = (c: Contact) => c.verdict === "block" || c.verdict === "contain";
const later = (a: string, b: string) => (Date.parse(a) >= Date.parse(b) || Number.isNaN(Date.parse(b)) ? a : b);

function sum(contacts: readonly Contact[], key: (c: Contact) => string, name: (k: string) => string): Row[] {
  const by = new Map<string, Row>();
  for (const c of contacts) {
    const k = key(c);
    const r = by.get(k) ?? { key: k, name: name(k), countries: [], flows: 0, up: 0, down: 0, last: c.last, stopped: false };
    const where = c.country && !r.countries.includes(c.country) ? [...r.countries, c.country] : r.countries;
    by.set(k, { ...r, countries: where, flows: r.flows + c.flows, up: r.up + c.bytes_up, down: r.down + c.bytes_down, last: later(c.last, r.last), stopped: r.stopped || bad(c) });
  }
  return [...by.values()].sort((a, b) => b.up + b.down - a.up - a.down || b.flows - a.flows || (a.name < b.name ? -1 : 1));
}

// outside are those that left the home; a name that was only looked up was not talked to, unless it was refused.
export const outside = (all: readonly Contact[]) => all.filter((c) => !c.local && (!c.lookup || bad(c)));

export const byCompany = (all: readonly Contact[]) => sum(outside(all), party, (k) => k);
export const byCountry = (all: readonly Contact[]) => sum(outside(all), (c) => c.country, country);
export const total = (rows: readonly Row[]) => rows.reduce((n, r) => n + r.up + r.down, 0);

// share is a row's part of all, by bytes; by connections where nothing was exchanged.
export function share(r: Row, rows: readonly Row[]): number {
  const all = total(rows);
  if (all > 0) return (r.up + r.down) / all;
  const flows = rows.reduce((n, x) => n + x.flows, 0);
  return flows > 0 ? r.flows / flows : 0;
}

export interface Neighbour { id: string; ip: string; out: boolean; in: boolean; ports: number[]; failed: number; up: number; down: number; last: string }

// neighbours are the devices of the home that it talked to; which of the two began is told.
export function neighbours(all: readonly Contact[]): Neighbour[] {
  const by = new Map<string, Neighbour>();
  for (const c of all) {
    if (!c.local || c.lookup) continue;
    const key = c.peer || c.ip;
    const n = by.get(key) ?? { id: c.peer, ip: c.ip, out: false, in: false, ports: [], failed: 0, up: 0, down: 0, last: c.last };
    const ports = c.port > 0 && !n.ports.includes(c.port) ? [...n.ports, c.port].sort((a, b) => a - b) : n.ports;
    by.set(key, { ...n, out: n.out || !c.inbound, in: n.in || c.inbound, ports, failed: n.failed + c.failed, up: n.up + c.bytes_up, down: n.down + c.bytes_down, last: later(c.last, n.last) });
  }
  return [...by.values()].sort((a, b) => Date.parse(b.last) - Date.parse(a.last) || (a.ip < b.ip ? -1 : 1));
}

export interface Port { port: number; proto: string; external: number; internet: boolean; certain: boolean; last: string }

// ports are those that answered, the ones open to the internet first.
export function ports(exposures: readonly Exposure[]): Port[] {
  const by = new Map<string, Port>();
  for (const x of exposures) {
    if (x.port === 0) continue;
    const internet = x.kind === "internet";
    const key = `${x.proto} ${x.port} ${internet}`;
    const was = by.get(key);
    by.set(key, { port: x.port, proto: x.proto, external: x.external, internet, certain: x.certain || (was?.certain ?? false), last: was ? later(x.last, was.last) : x.last });
  }
  return [...by.values()].sort((a, b) => Number(b.internet) - Number(a.internet) || a.port - b.port);
}
