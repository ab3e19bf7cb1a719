// What the screens ask for, by name. A query's key begins with the home: events make single parts old (shared/live.ts).
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useState } from "react";
import { api, ok, tagged } from "../shared/client";
import { language } from "../shared/i18n";
import type * as m from "../shared/model";
import { zoneToTell } from "./zone";

export const CurrentHome = createContext("");
export const useHomeID = () => useContext(CurrentHome);

export const useSession = () =>
  useQuery({ queryKey: ["session"], queryFn: () => ok(api.GET("/v1/session")), staleTime: 300_000 });

// useMay says whether who is signed in may change anything in this home, or only look.
export function useMay(): boolean {
  const home = useHomeID();
  return useSession().data?.homes.find((h) => h.id === home)?.role !== "viewer";
}

// useOwns says whether who is signed in decides for everybody in this home.
export function useOwns(): boolean {
  const home = useHomeID();
  return useSession().data?.homes.find((h) => h.id === home)?.role === "owner";
}

interface Options { every?: number; fresh?: number; off?: boolean }

export function useOf<T>(part: string, more: readonly string[], ask: (path: { home: string }) => Promise<T>, o: Options = {}) {
  const home = useHomeID();
  return useQuery({
    queryKey: [home, part, ...more],
    queryFn: () => ask({ home }),
    refetchInterval: o.every ?? false,
    staleTime: o.fresh ?? 5000,
    enabled: !o.off,
  });
}

type Which = "open" | "closed" | "all";

export const useHome = () => useOf("summary", [], (path) => ok(api.GET("/v1/homes/{home}", { params: { path, query: { lang: language() } } })), { every: 30_000 });
// useExtra says whether the home's plan has an extra; null as long as that is not known. What protects is no extra.
export function useExtra(extra: "people" | "reports" | "content"): boolean | null {
  const home = useHome();
  return home.data ? home.data.plan.extras.includes(extra) : home.error ? true : null; // the cloud has the last word
}

export const useDevices = () => useOf("devices", [], (path) => ok(api.GET("/v1/homes/{home}/devices", { params: { path } })), { every: 60_000 });
export const useDevice = (device: string) =>
  useOf("device", [device], (path) => ok(api.GET("/v1/homes/{home}/devices/{device}", { params: { path: { ...path, device } } })), { fresh: 60_000 });
export const useIncidents = (state: Which) =>
  useOf("incidents", [state], (path) => ok(api.GET("/v1/homes/{home}/incidents", { params: { path, query: { state } } })));
export const useIncident = (incident: string) =>
  useOf("incident", [incident], (path) => ok(api.GET("/v1/homes/{home}/incidents/{incident}", { params: { path: { ...path, incident }, query: { lang: language() } } })), { every: 15_000 });
export const useStopped = (since: string) =>
  useOf("stopped", [since], (path) => ok(api.GET("/v1/homes/{home}/stopped", { params: { path, query: { since } } })));

// weekOf are seven days until the end of the day of a time, by this browser's clock: so much of what was stopped is one page.
export function weekOf(x: string | number): { since: string; until: string } {
  const d = new Date(x);
  d.setHours(0, 0, 0, 0);
  const since = new Date(d), until = new Date(d);
  since.setDate(d.getDate() - 6);
  until.setDate(d.getDate() + 1);
  return { since: since.toISOString(), until: until.toISOString() };
}

// useStoppedDays is what was stopped, by day, a week at a time as far back as it is kept. Weeks in which nothing was are left out.
export function useStoppedDays() {
  const home = useHomeID();
  return useInfiniteQuery({
    queryKey: [home, "stopped", "days"],
    queryFn: ({ pageParam: last }) => ok(api.GET("/v1/homes/{home}/stopped", { params: { path: { home }, query: weekOf(last || Date.now()) } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.earlier ?? undefined,
    staleTime: 5000,
  });
}

// useLine is how the line works; without hours only how it is now.
export const useLine = (hours = 1) =>
  useOf("line", [String(hours)], (path) => ok(api.GET("/v1/homes/{home}/line", { params: { path, query: { hours, lang: language() } } })), { every: 60_000, fresh: 30_000 });
export const usePeople = () => useOf("people", [], (path) => ok(api.GET("/v1/homes/{home}/people", { params: { path } })));
// useContacts are whom a device talked to, from the gateway. They are asked for when somebody looks, and not kept.
export const useContacts = (device: string, from: string) =>
  useOf("contacts", [device, from], (path) => ok(api.GET("/v1/homes/{home}/devices/{device}/contacts", { params: { path: { ...path, device }, query: { from, limit: 1000 } } })), { fresh: 300_000 });
export const usePreview = (device: string, mode: m.Mode) =>
  useOf("preview", [device, mode], (path) => ok(api.GET("/v1/homes/{home}/devices/{device}/preview", { params: { path: { ...path, device }, query: { mode: mode as Previewed } } })), { fresh: 60_000 });
type Previewed = Exclude<m.Mode, "off" | "endpoint-block">;
export const useLooks = () => useOf("looks", [], (path) => ok(api.GET("/v1/homes/{home}/looks", { params: { path } })));
export const useGateways = () => useOf("gateways", [], (path) => ok(api.GET("/v1/homes/{home}/gateways", { params: { path } })));
export const useConsents = () => useOf("consents", [], (path) => ok(api.GET("/v1/homes/{home}/consents", { params: { path } })));
export const useKeys = () => useOf("keys", [], (path) => ok(api.GET("/v1/homes/{home}/keys", { params: { path } })));

// midnight is the start of the day n days ago, so that the same question has the same key all day.
export function midnight(daysAgo = 0): string {
  const d = new Date();
  d.setHours(0, 0, 0, 0);
  d.setDate(d.getDate() - daysAgo);
  return d.toISOString();
}

// useOrder asks for an act and follows it until the gateway has confirmed or refused it.
export const useOrder = () => useAsking((home, header, body: m.OrderAsk) => ok(api.POST("/v1/homes/{home}/orders", { params: { path: { home }, header }, body })));

type Send<B> = (home: string, header: { "Idempotency-Key": string }, body: B) => Promise<m.Order>;

export function useAsking<B>(send: Send<B>) {
  const home = useHomeID();
  const may = useMay();
  const client = useQueryClient();
  const [id, setID] = useState<string | null>(null);
  const ask = useMutation({
    mutationFn: (body: B) => send(home, { "Idempotency-Key": crypto.randomUUID() }, body),
    onMutate: () => setID(null),
    onSuccess: (o) => {
      client.setQueryData([home, "order", o.id], o);
      setID(o.id);
      for (const part of ["incident", "device", "devices", "exposures", "summary", "stopped"]) void client.invalidateQueries({ queryKey: [home, part] });
    },
  });
  const followed = useQuery({
    queryKey: [home, "order", id],
    queryFn: () => ok(api.GET("/v1/homes/{home}/orders/{order}", { params: { path: { home, order: id ?? "" } } })),
    enabled: id !== null,
    // Events say when it changed; asking now and then is for when they are cut off.
    refetchInterval: (q) => (q.state.data && q.state.data.status !== "asked" ? false : 3000),
  });
  return { may, ask: ask.mutate, sending: ask.isPending, error: ask.error, verb: verbOf(ask.variables), order: id ? (followed.data ?? null) : null };
}

const verbOf = (body: unknown) => (body as { verb?: string } | undefined)?.verb ?? "";

export type Asking = ReturnType<typeof useOrder>;

// useOwnZone tells the home's time zone once, by this browser's clock, where nobody has said it yet.
export function useOwnZone() {
  const home = useHomeID();
  const owns = useOwns();
  useQuery({
    queryKey: [home, "zone"],
    enabled: owns && home !== "",
    staleTime: Infinity,
    retry: false,
    queryFn: async () => {
      const path = { home };
      const policy = await tagged(api.GET("/v1/homes/{home}/policy", { params: { path } }));
      const zone = zoneToTell(policy.data.zone, Intl.DateTimeFormat().resolvedOptions().timeZone);
      if (zone === "") return policy.data.zone;
      return (await ok(api.PATCH("/v1/homes/{home}/policy", { params: { path, header: policy.etag ? { "If-Match": policy.etag } : {} }, body: { zone } }))).zone;
    },
  });
}

// usePause takes a device's (or person's) internet away until a time, or gives it back with null.
export function usePause(whose: string) {
  const home = useHomeID();
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (until: Date | null) => {
      const params = { path: { home } };
      if (until) await ok(api.POST("/v1/homes/{home}/pauses", { params, body: { whose, until: until.toISOString() } }));
      else await ok(api.DELETE("/v1/homes/{home}/pauses", { params: { ...params, query: { whose } } }));
    },
    onSettled: () => {
      for (const part of ["device", "devices", "pauses", "people", "summary"]) void client.invalidateQueries({ queryKey: [home, part] });
    },
  });
}

export async function signOut() {
  await ok(api.DELETE("/v1/session")).catch(() => undefined);
  await forget();
  location.assign("/sign-in");
}

// forget takes what this browser kept of the home away.
export async function forget() {
  if (!("caches" in globalThis)) return;
  for (const name of await caches.keys()) if (name.startsWith("state-")) await caches.delete(name);
}
