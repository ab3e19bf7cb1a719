// Who and what is online now, by the gateway's last word. Pure.
import type { Device } from "../shared/model";

interface Somebody { name: string; group: boolean; devices: string[] }

// here are the people of whom a device is online, and how many devices are; groups of devices are nobody.
export function here(people: readonly Somebody[], devices: readonly Device[]): { names: string[]; people: number; online: number; all: number } {
  const own = devices.filter((d) => !d.gateway);
  const online = new Set(own.filter((d) => d.online).map((d) => d.id));
  const persons = people.filter((p) => !p.group);
  return { names: persons.filter((p) => p.devices.some((d) => online.has(d))).map((p) => p.name), people: persons.length, online: online.size, all: own.length };
}
