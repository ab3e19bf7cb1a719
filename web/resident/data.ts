// What the screens ask for, by name. A query's key begins with the home: events make single parts old (shared/live.ts).
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useState } from "react";
import { call, get, post, seg } from "../shared/client";
import type * as m from "../shared/model";

export const CurrentHome = createContext("");
export const useHomeID = () => useContext(CurrentHome);
export const at = (home: string, rest = "") => `/v1/homes/${seg(home)}${rest}`;

export const useSession = () =>
  useQuery({ queryKey: ["session"], queryFn: () => get<m.Session>("/v1/session"), staleTime: 300_000 });

function useOf<T>(part: string, path: string, more: readonly string[] = [], options: { every?: number; fresh?: number } = {}) {
  const home = useHomeID();
  return useQuery({
    queryKey: [home, part, ...more],
    queryFn: () => get<T>(at(home, path)),
    refetchInterval: options.every ?? false,
    staleTime: options.fresh ?? 5000,
  });
}

export const useHome = () => useOf<m.Home>("summary", "", [], { every: 30_000 });
export const useDevices = () => useOf<m.List<m.Device>>("devices", "/devices", [], { every: 60_000 });
export const useDevice = (id: string) => useOf<m.DeviceDetail>("device", `/devices/${seg(id)}`, [id], { fresh: 60_000 });
export const useIncidents = (state: "open" | "closed" | "all") => useOf<m.List<m.IncidentSummary>>("incidents", `/incidents?state=${state}`, [state]);
export const useIncident = (id: string) => useOf<m.Incident>("incident", `/incidents/${seg(id)}`, [id], { every: 15_000 });
export const useStopped = (since: string) => useOf<{ items: m.Stopped[]; trackers: number }>("stopped", `/stopped?since=${seg(since)}`, [since]);
export const useLooks = () => useOf<m.List<m.Look>>("looks", "/looks");
export const useGateways = () => useOf<m.List<m.Gateway>>("gateways", "/gateways");
export const useConsents = () => useOf<m.List<m.Consent>>("consents", "/consents");
export const useOrders = (incident: string) => useOf<m.List<m.Order>>("orders", `/orders?incident=${seg(incident)}`, [incident]);

// midnight is the start of the day n days ago, so that the same question has the same key all day.
export function midnight(daysAgo = 0): string {
  const d = new Date();
  d.setHours(0, 0, 0, 0);
  d.setDate(d.getDate() - daysAgo);
  return d.toISOString();
}

// useOrder asks for an act and follows it until the gateway has confirmed or refused it.
export function useOrder() {
  const home = useHomeID();
  const client = useQueryClient();
  const [id, setID] = useState<string | null>(null);
  const ask = useMutation({
    mutationFn: (o: m.OrderAsk) => post<m.Order>(at(home, "/orders"), o, { "Idempotency-Key": crypto.randomUUID() }),
    onMutate: () => setID(null),
    onSuccess: (o) => {
      client.setQueryData([home, "order", o.id], o);
      setID(o.id);
      for (const part of ["incident", "device", "devices", "summary", "stopped"]) void client.invalidateQueries({ queryKey: [home, part] });
    },
  });
  const followed = useQuery({
    queryKey: [home, "order", id],
    queryFn: () => get<m.Order>(at(home, `/orders/${seg(id ?? "")}`)),
    enabled: id !== null,
    // Events say when it changed; asking now and then is for when they are cut off.
    refetchInterval: (q) => (q.state.data && q.state.data.status !== "asked" ? false : 3000),
  });
  return { ask: ask.mutate, sending: ask.isPending, error: ask.error, order: id ? (followed.data ?? null) : null };
}

export type Asking = ReturnType<typeof useOrder>;

export async function signOut() {
  await call<void>("DELETE", "/v1/session").catch(() => undefined);
  await forget();
  location.assign("/sign-in");
}

// forget takes what this browser kept of the home away.
export async function forget() {
  if (!("caches" in globalThis)) return;
  for (const name of await caches.keys()) if (name.startsWith("state-")) await caches.delete(name);
}
