// What the screens ask for, by name. A query's key begins with the home: events make single parts old (shared/live.ts).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useState } from "react";
import { api, ok } from "../shared/client";
import type * as m from "../shared/model";

export const CurrentHome = createContext("");
export const useHomeID = () => useContext(CurrentHome);

export const useSession = () =>
  useQuery({ queryKey: ["session"], queryFn: () => ok(api.GET("/v1/session")), staleTime: 300_000 });

interface Options { every?: number; fresh?: number }

function useOf<T>(part: string, more: readonly string[], ask: (path: { home: string }) => Promise<T>, o: Options = {}) {
  const home = useHomeID();
  return useQuery({
    queryKey: [home, part, ...more],
    queryFn: () => ask({ home }),
    refetchInterval: o.every ?? false,
    staleTime: o.fresh ?? 5000,
  });
}

type Which = "open" | "closed" | "all";

export const useHome = () => useOf("summary", [], (path) => ok(api.GET("/v1/homes/{home}", { params: { path } })), { every: 30_000 });
export const useDevices = () => useOf("devices", [], (path) => ok(api.GET("/v1/homes/{home}/devices", { params: { path } })), { every: 60_000 });
export const useDevice = (device: string) =>
  useOf("device", [device], (path) => ok(api.GET("/v1/homes/{home}/devices/{device}", { params: { path: { ...path, device } } })), { fresh: 60_000 });
export const useIncidents = (state: Which) =>
  useOf("incidents", [state], (path) => ok(api.GET("/v1/homes/{home}/incidents", { params: { path, query: { state } } })));
export const useIncident = (incident: string) =>
  useOf("incident", [incident], (path) => ok(api.GET("/v1/homes/{home}/incidents/{incident}", { params: { path: { ...path, incident } } })), { every: 15_000 });
export const useStopped = (since: string) =>
  useOf("stopped", [since], (path) => ok(api.GET("/v1/homes/{home}/stopped", { params: { path, query: { since } } })));
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
  return { ask: ask.mutate, sending: ask.isPending, error: ask.error, order: id ? (followed.data ?? null) : null };
}

export type Asking = ReturnType<typeof useOrder>;

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
