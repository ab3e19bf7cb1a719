// What the API answers, as the screens use it.

export interface Person { id: string; name: string; email: string }
export interface Named { id: string; name: string }
export interface Session {
  id: string; kind: string; person: Person; homes: Named[]; provider: { id: string; name: string; phone: string }; expires: string;
}
export type HomeState = "fine" | "attention" | "working" | "offline" | "new";
export interface GatewayBrief {
  id: string; online: boolean; last_seen: string | null; version: string; armed: boolean; degraded: string[]; state: string;
}
export interface Card { kind: string; title: string; text: string; incident?: string; device?: string }
export interface Home {
  id: string; name: string; state: HomeState; sentence: string; gateway: GatewayBrief | null; devices: number; incidents: number;
  stopped_today: number; trackers_today: number; desired: { wanted: number; running: number }; cards: Card[]; as_of: string;
}
export interface Device {
  id: string; name: string; vendor: string; macs: string[]; addresses: string[]; first: string; last: string; online: boolean;
  mode: string; grade: string; protected: boolean; gateway: boolean; shared: boolean;
  incident: { id: string; code: string; state: string } | null; blocked: string[]; allowed: string[];
}
export interface Day { day: string; up: number; down: number; hours: number[] }
export interface DeviceDetail extends Device { week: Day[]; coverage: { unnamed_share: number } | null }
export interface Contact {
  device: string; name: string; domain: string; ip: string; port: number; proto: string; named: string; lookup: boolean;
  inbound: boolean; local: boolean; peer: string; flows: number; failed: number; bytes_up: number; bytes_down: number;
  first: string; last: string; verdict: string; reason: string;
  usual: { device: boolean | null; model: boolean | null } | null;
  service: { name: string; company: string; purpose: string } | null;
  listed: { kind: string; value: string; class: string; family: string; source: string; confidence: number } | null;
}
export interface Check {
  clean: boolean; sentence: string; seen: number; last: string | null; quiet_seconds: number; need_seconds: number;
}
export type OrderStatus = "asked" | "in_force" | "failed" | "expired";
export interface Order {
  id: string; verb: string; device: string; incident: string; endpoint: string; by: string; why: string; asked: string;
  status: OrderStatus; done: string | null; reason: string; check: Check | null;
}
export interface IncidentSummary {
  id: string; code: string; device: Named; state: string; mode: string; opened: string; changed: string; sentence: string;
}
export interface Finding {
  id: string; time: string; detector: string; strength: string; sentence: string; facts: unknown; score: number; p: number | null;
}
export interface Transition { time: string; from: string; to: string; mode: string; by: string; why: string }
export interface Step { verb: string; title: string; text: string; enabled: boolean }
export interface Incident extends IncidentSummary {
  what_happened: string; what_we_did: string; what_to_do: Step[]; grade: string; findings: Finding[]; history: Transition[];
  check: Check | null; orders: Order[]; releases: number;
}
export interface Stopped {
  device: Named; endpoint: string; class: string; family: string; source: string; reason: string; count: number; first: string;
  last: string; allowed: boolean;
}
export interface Look {
  time: string; who: string; role: string; act: string; what: string; reason: string; refused: boolean; source: string;
}
export interface Gateway { id: string; state: string; version: string; enrolled: string | null; expires: string | null; why: string }
export interface Consent { id: string; from: string; until: string; scope: string; key: string; gateway: string; revoked: boolean }
export interface Key { id: string; key: string; resident: string; signer: string }
export interface Claim { code: string; uri: string; qr_svg: string; expires: string }
export interface List<T> { items: T[]; next: string | null }
export interface OrderAsk { verb: string; device?: string; incident?: string; endpoint?: string; why?: string }
