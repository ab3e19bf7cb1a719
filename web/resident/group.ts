// Devices in groups: by whose they are, or by what they are. Pure.
import { inOrder } from "../shared/marks";
import type { Device, HousePerson } from "../shared/model";

export type By = "state" | "person" | "kind";
export interface Group { key: string; name: string; devices: Device[] }

// groups keeps every device exactly once; a device of several people is with the first. The group without a name comes last.
export function groups(devices: readonly Device[], by: By, people: readonly Pick<HousePerson, "id" | "name" | "devices">[], className: (c: string) => string): Group[] {
  const all = inOrder(devices);
  if (by === "state") return [{ key: "", name: "", devices: all }];
  const of = (d: Device) => {
    if (by === "kind") return { key: d.identity.class, name: d.identity.class ? className(d.identity.class) : "" };
    const p = people.find((x) => x.devices.includes(d.id));
    return { key: p?.id ?? "", name: p?.name ?? "" };
  };
  const out = new Map<string, Group>();
  for (const d of all) {
    const { key, name } = of(d);
    out.set(key, { key, name, devices: [...(out.get(key)?.devices ?? []), d] });
  }
  return [...out.values()].sort((a, b) => Number(a.key === "") - Number(b.key === "") || a.name.localeCompare(b.name) || (a.key < b.key ? -1 : 1));
}
