// What the screen of people asks for and changes.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { useHomeID, useOf } from "../data";

type S = components["schemas"];
export type Person = S["HousePerson"];
export type Schedule = S["Schedule"];
export type NewSchedule = S["NewSchedule"];
export type Pause = S["Pause"];
export type Policy = S["Policy"];

export const everybody = "everybody";

export const useSchedules = () => useOf("schedules", [], (path) => ok(api.GET("/v1/homes/{home}/schedules", { params: { path } })));
export const usePauses = () => useOf("pauses", [], (path) => ok(api.GET("/v1/homes/{home}/pauses", { params: { path } })), { every: 60_000 });
export const useZone = () => useOf("policy", ["zone"], (path) => ok(api.GET("/v1/homes/{home}/policy", { params: { path } })), { fresh: 300_000 }).data?.zone;

// useChange sends something about people or schedules; what was shown is old afterwards, whether it worked or not.
export function useChange<B>(send: (home: string, body: B) => Promise<unknown>, done?: () => void) {
  const home = useHomeID();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: B) => send(home, body),
    onSuccess: done,
    onSettled: () => {
      for (const part of ["people", "schedules", "pauses", "devices", "device"]) void client.invalidateQueries({ queryKey: [home, part] });
    },
  });
}

export interface PersonForm { name: string; group: boolean; devices: string[]; open: boolean; account: string; level?: Person["level"] }

const match = (etag: string) => ({ "If-Match": etag.startsWith('"') ? etag : `"${etag}"` });

export const savePerson = (was: Person | null) => (home: string, f: PersonForm) => {
  const { group, ...rest } = f;
  return was
    ? ok(api.PATCH("/v1/homes/{home}/people/{person}", { params: { path: { home, person: was.id }, header: match(was.etag) }, body: rest }))
    : ok(api.POST("/v1/homes/{home}/people", { params: { path: { home } }, body: { ...rest, group } }));
};
export const removePerson = (was: Person) => (home: string, _: void) => ok(api.DELETE("/v1/homes/{home}/people/{person}", { params: { path: { home, person: was.id }, header: match(was.etag) } }));

export const saveSchedule = (was: Schedule | null) => (home: string, f: NewSchedule) => was
  ? ok(api.PATCH("/v1/homes/{home}/schedules/{schedule}", { params: { path: { home, schedule: was.id }, header: match(was.etag) }, body: f }))
  : ok(api.POST("/v1/homes/{home}/schedules", { params: { path: { home } }, body: f }));
export const removeSchedule = (was: Schedule) => (home: string, _: void) => ok(api.DELETE("/v1/homes/{home}/schedules/{schedule}", { params: { path: { home, schedule: was.id }, header: match(was.etag) } }));
