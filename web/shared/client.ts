// The one door to the API: paths and types are the API's own (api.gen.ts), problems (RFC 9457) are errors, and what an offline app
// shows carries its time.
import createClient from "openapi-fetch";
import type { paths } from "./api.gen";
import { language } from "./i18n";

export class Problem extends Error {
  constructor(readonly status: number, readonly kind: string, title: string, readonly detail: string, readonly where = "") { // where: which fields were wrong, in English
    super(title);
  }
}

// slow is true while what is shown was kept because the cloud takes its time; it may still be there.
type Net = { offline: boolean; slow: boolean; asOf: number | null };
let net: Net = { offline: false, slow: false, asOf: null };
const watchers = new Set<() => void>();

export const netState = () => net;
export function watchNet(f: () => void): () => void {
  watchers.add(f);
  return () => watchers.delete(f);
}
function setNet(next: Net) {
  if (next.offline === net.offline && next.asOf === net.asOf && next.slow === net.slow) return;
  net = next;
  watchers.forEach((f) => f());
}

// lastGood is when the cloud last answered; what is on the screen is never newer than that.
let lastGood: number | null = null;

// patient is a question that is given up after a while, so that nobody waits for ever. What changes something is never given up.
const longest = 20_000;
const patient = (r: Request) => ("any" in AbortSignal ? new Request(r, { signal: AbortSignal.any([r.signal, AbortSignal.timeout(longest)]) }) : r);

// watched is fetch that notices whether the answer is new. The service worker marks what it had kept.
async function watched(r: Request): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(r.method === "GET" ? patient(r) : r);
  } catch {
    setNet({ offline: true, slow: false, asOf: net.asOf ?? lastGood });
    throw new Problem(0, "offline", "No connection", "");
  }
  const kept = answer.headers.get("X-Cardea-Kept");
  if (kept) {
    const at = Number(kept);
    setNet({ offline: true, slow: answer.headers.has("X-Cardea-Slow"), asOf: net.offline && net.asOf !== null ? Math.min(net.asOf, at) : at });
  } else {
    lastGood = Date.now();
    setNet({ offline: false, slow: false, asOf: null });
  }
  return answer;
}

export const api = createClient<paths>({ credentials: "same-origin", fetch: watched });

// Answers come in the reader's language, as far as the cloud knows it.
api.use({
  onRequest({ request }) {
    request.headers.set("Accept-Language", language());
    return request;
  },
});

interface Answer<T> { data?: T; error?: unknown; response: Response }

// ok is the data of an answer, or its problem thrown.
export async function ok<T>(asked: Promise<Answer<T>>): Promise<T> {
  return (await tagged(asked)).data;
}

// tagged is ok for what two may edit: it has the ETag too.
export async function tagged<T>(asked: Promise<Answer<T>>): Promise<{ data: T; etag: string }> {
  const a = await asked;
  if (!a.response.ok) throw problem(a.response, a.error);
  return { data: a.data as T, etag: a.response.headers.get("ETag") ?? "" };
}

export function problem(r: Response, error: unknown): Problem {
  const p = (typeof error === "object" && error !== null ? error : {}) as { type?: unknown; title?: unknown; detail?: unknown; errors?: unknown };
  const text = (x: unknown) => (typeof x === "string" ? x : "");
  const places = (Array.isArray(p.errors) ? p.errors : []) as { location?: unknown; message?: unknown }[];
  const where = places.slice(0, 3).map((e) => `${text(e?.location).replace(/^body\./, "")}: ${text(e?.message)}`).join("; ");
  return new Problem(r.status, text(p.type).split("/").pop() ?? "", text(p.title) || r.statusText, text(p.detail), where);
}

// seg makes one path segment of an id that came from data, where an address is written by hand (event streams, links).
export const seg = encodeURIComponent;

// answered is the status with which a stream is answered, 0 without a connection; nothing of it is read.
export async function answered(url: string): Promise<number> {
  const end = new AbortController();
  const late = setTimeout(() => end.abort(), longest);
  try {
    return (await fetch(url, { credentials: "same-origin", headers: { Accept: "text/event-stream" }, signal: end.signal })).status;
  } catch {
    return 0;
  } finally {
    clearTimeout(late);
    end.abort();
  }
}
