// The service worker: the app without a network, the last known state with its time, and notifications. It imports nothing: it is
// one file of its own. What was kept is always marked with when it was true; traffic (contacts, live) is never kept.
/// <reference lib="webworker" />
declare const self: ServiceWorkerGlobalScope;

const files = "__FILES__" as unknown as string[];
const version = "__VERSION__" as string;
const shell = `shell-${version}`;
const kept = "state-3"; // counted up when what the screens need of the state changes

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
    if (keepable(url.pathname)) e.respondWith(state(e, r));
    return;
  }
  if (url.pathname.startsWith("/staff")) return;
  if (r.mode === "navigate") e.respondWith(page(r));
  else if (files.includes(url.pathname)) e.respondWith(caches.match(r, { cacheName: shell }).then((hit) => hit ?? fetch(r)));
});

// keepable is what the last known state is made of.
const keepable = (path: string) =>
  path === "/v1/session" || path === "/v1/help" ||
  /^\/v1\/homes\/[^/]+(\/(devices|incidents|reports)(\/[^/]+)?|\/(stopped|exposures|people|schedules|pauses|policy))?$/.test(path);

const most = 120;

// patience is how long somebody looks at nothing while there is something kept, in milliseconds.
// After it ran out once, less is enough: a screen asks several things, one after the other.
const patience = 4000, again = 500, remembered = 30_000;
let ranOut = 0;

// soon is what the network answers, or what was kept when that fails or takes too long.
function soon(asked: Promise<Response>, kept: Response, late: () => Response): Promise<Response> {
  const known = asked.catch(() => kept);
  const tired = new Promise<Response>((f) => {
    const timer = setTimeout(() => {
      ranOut = Date.now();
      f(late());
    }, Date.now() - ranOut < remembered ? again : patience);
    void known.finally(() => clearTimeout(timer));
  });
  return Promise.race([known, tired]);
}

// page is the app itself, also from a server that takes the question and never answers.
async function page(r: Request): Promise<Response> {
  const kept = await caches.match("/", { cacheName: shell });
  return kept ? soon(fetch(r), kept, () => kept) : fetch(r);
}

// state asks the network. What it answers is kept with the time; when it cannot be reached, or takes its time, what was kept is given,
// and says so. An answer that comes after that is kept for the next question.
async function state(e: FetchEvent, r: Request): Promise<Response> {
  const cache = await caches.open(kept);
  const asked = ask(cache, r);
  e.waitUntil(asked.catch(() => undefined));
  const hit = await cache.match(r);
  if (!hit) return asked.catch(() => Response.error());
  const spare = hit.clone();
  return soon(asked, hit, () => marked(spare, "X-Cardea-Slow", "1"));
}

function marked(r: Response, name: string, value: string): Response {
  const headers = new Headers(r.headers);
  headers.set(name, value);
  return new Response(r.body, { status: r.status, headers });
}

async function ask(cache: Cache, r: Request): Promise<Response> {
  const answer = await fetch(r);
  if (answer.ok) {
    await cache.put(r, marked(answer.clone(), "X-Cardea-Kept", String(Date.now())));
    const all = await cache.keys();
    for (const k of all.slice(0, Math.max(0, all.length - most))) await cache.delete(k);
  } else if (answer.status === 401) {
    await caches.delete(kept);
  }
  return answer;
}

interface Push { title?: unknown; body?: unknown; incident?: unknown; home?: unknown; url?: unknown; tag?: unknown; silent?: unknown }

const text = (x: unknown, max: number) => (typeof x === "string" ? x.slice(0, max) : "");

// leads is the path of this app that a message is about: the incident's, else that of its address, where it is one of ours.
function leads(p: Push): string {
  const home = text(p.home, 64) ? `?home=${encodeURIComponent(text(p.home, 64))}` : "";
  if (text(p.incident, 64)) return `/incidents/${encodeURIComponent(text(p.incident, 64))}${home}`;
  try {
    const url = new URL(text(p.url, 300) || "/", self.location.origin);
    if (url.origin === self.location.origin && !url.pathname.startsWith("/staff") && !url.pathname.startsWith("/v1/")) return url.pathname + home;
  } catch {
    // An address that is none leads to the first screen.
  }
  return `/${home}`;
}

self.addEventListener("push", (e) => {
  let p: Push = {};
  try {
    p = (e.data?.json() ?? {}) as Push;
  } catch {
    // A message that cannot be read still says that something happened.
  }
  e.waitUntil(self.registration.showNotification(text(p.title, 120) || "Cardea", {
    body: text(p.body, 300),
    tag: text(p.tag, 64) || text(p.incident, 64) || "cardea",
    silent: p.silent === true, // it only replaces what is shown
    icon: "/icon-192.png",
    badge: "/badge-96.png",
    data: { to: leads(p) },
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
