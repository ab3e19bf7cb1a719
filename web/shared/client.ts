// The one door to the API: JSON over fetch, problems (RFC 9457) as errors, and the time of what an offline app shows.

export class Problem extends Error {
  constructor(readonly status: number, readonly kind: string, title: string, readonly detail: string) {
    super(title);
  }
}

// offline is thrown when nothing answered, not even the last known state.
export const offline = () => new Problem(0, "offline", "No connection", "");

type Net = { offline: boolean; asOf: number | null };
let net: Net = { offline: false, asOf: null };
const watchers = new Set<() => void>();

export const netState = () => net;
export function watchNet(f: () => void): () => void {
  watchers.add(f);
  return () => watchers.delete(f);
}
function setNet(next: Net) {
  if (next.offline === net.offline && next.asOf === net.asOf) return;
  net = next;
  watchers.forEach((f) => f());
}

// lastGood is when the cloud last answered; what is on the screen is never newer than that.
let lastGood: number | null = null;

export async function call<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<T> {
  return (await exchange<T>(method, path, body, headers)).data;
}

// exchange is call for what two may edit: it answers the ETag too.
export async function exchange<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<{ data: T; etag: string }> {
  const h: Record<string, string> = { Accept: "application/json", ...headers };
  if (body !== undefined) h["Content-Type"] = "application/json";
  let r: Response;
  try {
    r = await fetch(path, { method, headers: h, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    setNet({ offline: true, asOf: lastGood });
    throw offline();
  }
  const kept = r.headers.get("X-Cardea-Kept");
  if (kept) {
    const at = Number(kept);
    setNet({ offline: true, asOf: net.offline && net.asOf !== null ? Math.min(net.asOf, at) : at });
  } else {
    lastGood = Date.now();
    setNet({ offline: false, asOf: null });
  }
  if (!r.ok) throw await problem(r);
  const etag = r.headers.get("ETag") ?? "";
  return { data: (r.status === 204 ? undefined : await r.json()) as T, etag };
}

async function problem(r: Response): Promise<Problem> {
  try {
    const p = (await r.json()) as { type?: unknown; title?: unknown; detail?: unknown };
    const type = typeof p.type === "string" ? p.type : "";
    return new Problem(r.status, type.split("/").pop() ?? "", String(p.title ?? r.statusText), String(p.detail ?? ""));
  } catch {
    return new Problem(r.status, "", r.statusText, "");
  }
}

export const get = <T>(path: string) => call<T>("GET", path);
export const post = <T>(path: string, body: unknown, headers?: Record<string, string>) => call<T>("POST", path, body, headers);

// seg makes one path segment of an id that came from data.
export const seg = encodeURIComponent;
