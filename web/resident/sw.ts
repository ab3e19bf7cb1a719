// The service worker: the app without a network, the last known state with its time, and notifications. It imports nothing: it is
// one file of its own. What was kept is always marked with when it was true; traffic (contacts, live) is never kept.
/// <reference lib="webworker" />
declare const self: ServiceWorkerGlobalScope;

const files = "__FILES__" as unknown as string[];
const version = "__VERSION__" as string;
const shell = `shell-${version}`;
const kept = "state-2"; // counted up when what the screens need of the state changes

self.addEventListener("install", (e) => {
  e.waitUntil(caches.open(shell).then((c) => c.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (e) => {
  const old = async () => {
    for (const name of await caches.keys()) if (name !== shell && name !== kept) await caches.delete(name);
    await self.clients.claim();
  };
  e.waitUntil(old());
});

self.addEventListener("fetch", (e) => {
  const r = e.request;
  const url = new URL(r.url);
  if (r.method !== "GET" || url.origin !== self.location.origin) return;
  if (r.headers.get("Accept")?.includes("text/event-stream")) return;
  if (url.pathname.startsWith("/v1/")) {
    if (keepable(url.pathname)) e.respondWith(state(r));
    return;
  }
  if (url.pathname.startsWith("/staff")) return;
  if (r.mode === "navigate") e.respondWith(fetch(r).catch(async () => (await caches.match("/", { cacheName: shell })) ?? Response.error()));
  else if (files.includes(url.pathname)) e.respondWith(caches.match(r, { cacheName: shell }).then((hit) => hit ?? fetch(r)));
});

// keepable is what the last known state is made of.
const keepable = (path: string) =>
  path === "/v1/session" || /^\/v1\/homes\/[^/]+(\/(devices|incidents)(\/[^/]+)?|\/stopped|\/exposures)?$/.test(path);

const most = 120;

// state asks the network. What it answers is kept with the time; when it cannot be reached, what was kept is given, and says so.
async function state(r: Request): Promise<Response> {
  const cache = await caches.open(kept);
  let answer: Response;
  try {
    answer = await fetch(r);
  } catch {
    return (await cache.match(r)) ?? Response.error();
  }
  if (answer.ok) {
    const copy = answer.clone();
    const headers = new Headers(copy.headers);
    headers.set("X-Cardea-Kept", String(Date.now()));
    await cache.put(r, new Response(await copy.blob(), { status: copy.status, headers }));
    const all = await cache.keys();
    for (const k of all.slice(0, Math.max(0, all.length - most))) await cache.delete(k);
  } else if (answer.status === 401) {
    await caches.delete(kept);
  }
  return answer;
}

interface Push { title?: unknown; body?: unknown; incident?: unknown; home?: unknown; tag?: unknown }

const text = (x: unknown, max: number) => (typeof x === "string" ? x.slice(0, max) : "");

self.addEventListener("push", (e) => {
  let p: Push = {};
  try {
    p = (e.data?.json() ?? {}) as Push;
  } catch {
    // A message that cannot be read still says that something happened.
  }
  const to = text(p.incident, 64) ? `/incidents/${encodeURIComponent(text(p.incident, 64))}` : "/";
  const home = text(p.home, 64) ? `?home=${encodeURIComponent(text(p.home, 64))}` : "";
  e.waitUntil(self.registration.showNotification(text(p.title, 120) || "Cardea", {
    body: text(p.body, 300),
    tag: text(p.tag, 64) || text(p.incident, 64) || "cardea",
    icon: "/icon.svg",
    data: { to: to + home },
  }));
});

self.addEventListener("notificationclick", (e) => {
  e.notification.close();
  const to = text((e.notification.data as { to?: unknown } | null)?.to, 300) || "/";
  const open = async () => {
    const tabs = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const tab = tabs.find((w) => !new URL(w.url).pathname.startsWith("/staff"));
    if (!tab) return void (await self.clients.openWindow(to));
    await tab.focus().catch(() => undefined); // a browser may refuse; the way in the app goes on
    tab.postMessage({ open: to });
  };
  e.waitUntil(open());
});

export {};
