// Live updates: server-sent events, opened again when they end, with the browser's own resume by Last-Event-ID.
import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { answered, seg } from "./client";
import type { Contact, Device } from "./model";

// touched are the parts of a home's data that an event of a kind makes old. The server's feed names the kinds.
export const touched: Record<string, readonly string[]> = {
  incident: ["summary", "incidents", "incident", "devices", "device"],
  order: ["orders", "order", "incident", "devices", "device", "exposures", "summary"],
  device: ["devices", "device", "exposures", "summary"],
  state: ["summary", "devices", "device", "exposures"],
  stopped: ["stopped", "summary"],
  gateway: ["summary", "gateways"],
  household: ["people", "schedules", "pauses", "policy", "privacy", "changes", "device-policy", "devices", "device", "summary"],
};

const pauses = [1000, 2000, 5000, 15_000, 30_000];

// stream keeps an event source open until the answer is called. again runs after each renewed connection: what came between may
// be lost, so everything is asked for again. A page that is hidden holds no connection. refused says whether there is no use in
// asking any more: an event source does not tell with what it was answered.
export function stream(url: string, on: Record<string, (data: unknown) => void>, again: () => void, state?: (open: boolean) => void, refused?: () => Promise<boolean>) {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let tries = 0;
  let ended = false;
  let opened = false;
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    if (ended || document.visibilityState === "hidden") return;
    const es = new EventSource(url);
    source = es;
    es.onopen = () => {
      tries = 0;
      state?.(true);
      if (opened) again();
      opened = true;
    };
    es.onerror = () => {
      state?.(false);
      if (es.readyState !== EventSource.CLOSED) return;
      const pause = pauses[Math.min(tries++, pauses.length - 1)] as number;
      const later = () => {
        if (!ended && source === es) timer = setTimeout(open, pause * (0.5 + Math.random()));
      };
      if (!refused) return later();
      void refused().then((no) => (no ? close() : later()), later);
    };
    for (const [name, f] of Object.entries(on)) {
      es.addEventListener(name, (e) => {
        try {
          f(JSON.parse((e as MessageEvent<string>).data || "{}"));
        } catch {
          // What cannot be read tells nothing; the next question gets the whole state.
        }
        if (name === "end") open();
      });
    }
  };
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    ended = true;
    document.removeEventListener("visibilitychange", open);
    close();
  };
}

// useEvents keeps a home's data as new as the cloud's.
export function useEvents(home: string) {
  const client = useQueryClient();
  useEffect(() => {
    const batch = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      timer = undefined;
      refresh(client, home, batch);
      batch.clear();
    };
    const old = (parts: readonly string[]) => {
      parts.forEach((p) => batch.add(p));
      timer ??= setTimeout(flush, 200);
    };
    const all = () => void client.invalidateQueries({ queryKey: [home] });
    const on: Record<string, (d: unknown) => void> = { resync: all };
    for (const [kind, parts] of Object.entries(touched)) on[kind] = () => old(parts);
    const stop = stream(`/v1/homes/${seg(home)}/events`, on, all);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [client, home]);
}

function refresh(client: QueryClient, home: string, parts: Set<string>) {
  for (const p of parts) void client.invalidateQueries({ queryKey: [home, p] });
}

// quietAfter is how long after its last sign a contact counts as going on, in milliseconds.
export const quietAfter = 60_000;
const most = 500;

export interface Heard { contact: Contact; at: number }
// A stream that says nothing for so long is not waited for any more, in milliseconds; it goes on being asked for.
export const patience = 15_000;

// LiveState: offline is the gateway's silence, cut our own, private says that it is not for who looks.
export type LiveState = "waiting" | "live" | "offline" | "cut" | "private";
export interface Live { contacts: Contact[]; state: LiveState; lastSeen: string | null }

// unheard is the state after a stream ended or could not be opened: what was said of it last stays true until the next one says
// otherwise, and nobody who was told that nothing is to be seen is made to wait anew.
export const unheard = (s: LiveState): LiveState => (s === "live" ? "waiting" : s);

export const contactKey = (c: Contact) => [c.device, c.name || c.ip, c.port, c.proto, c.inbound, c.peer, c.lookup].join("|");

// hear takes new contacts into what is known, drops those that have fallen silent, and stays bounded.
export function hear(known: ReadonlyMap<string, Heard>, items: readonly Contact[], now: number): Map<string, Heard> {
  const next = new Map([...known].filter(([, h]) => now - h.at < quietAfter));
  for (const c of items) {
    const k = contactKey(c);
    next.delete(k);
    next.set(k, { contact: c, at: now });
  }
  while (next.size > most) next.delete(next.keys().next().value as string);
  return next;
}

// useLive follows what goes on in a home, or of one device. Nothing of it is stored.
export function useLive(home: string, device?: string): Live {
  const [live, set] = useState<Live>({ contacts: [], state: "waiting", lastSeen: null });
  const known = useRef(new Map<string, Heard>());
  const seen = useRef("");
  const client = useQueryClient();
  useEffect(() => {
    known.current = new Map();
    set({ contacts: [], state: "waiting", lastSeen: null });
    let waits: ReturnType<typeof setTimeout> | undefined;
    const wait = () => {
      clearTimeout(waits);
      waits = setTimeout(() => set((l) => (l.state === "waiting" ? { ...l, state: "cut" } : l)), patience);
    };
    wait();
    const show = (state: LiveState, lastSeen: string | null = null) =>
      set({ contacts: [...known.current.values()].map((h) => h.contact), state, lastSeen });
    const take = (items: readonly Contact[]) => {
      known.current = hear(known.current, items, Date.now());
    };
    const url = `/v1/homes/${seg(home)}/live` + (device ? `?device=${seg(device)}` : "");
    const lost = (open: boolean) => {
      if (open) return;
      known.current = new Map();
      set((l) => {
        const next = unheard(l.state);
        if (next !== l.state) wait();
        return next === l.state ? l : { contacts: [], state: next, lastSeen: null };
      });
    };
    const refused = async () => {
      if ((await answered(url)) !== 403) return false;
      show("private");
      return true;
    };
    const stop = stream(url, {
      contacts: (d) => {
        take((d as { items?: Contact[] }).items ?? []);
        show("live");
      },
      devices: (d) => {
        const now = ((d as { items?: Device[] }).items ?? []).map((x) => `${x.id} ${x.mode} ${x.online} ${x.identity.class} ${x.identity.model} ${x.exposures.length}`).sort().join("\n");
        if (now !== seen.current) void client.invalidateQueries({ queryKey: [home, "devices"] });
        seen.current = now;
      },
      offline: (d) => {
        known.current = new Map();
        show("offline", (d as { last_seen?: string }).last_seen ?? null);
      },
      end: () => undefined,
    }, () => undefined, lost, refused);
    const timer = setInterval(() => {
      const before = known.current.size;
      take([]);
      if (known.current.size !== before) set((l) => ({ ...l, contacts: [...known.current.values()].map((h) => h.contact) }));
    }, 5000);
    return () => {
      clearTimeout(waits);
      clearInterval(timer);
      stop();
    };
  }, [client, home, device]);
  return live;
}
