// The mock's people, schedules and pauses.
import { randomUUID } from "node:crypto";

const people = new Map([
  ["pp1", { id: "pp1", name: "Anna", group: false, devices: ["d2", "d4"], account: "p1", open: false, v: 1 }],
  ["pp2", { id: "pp2", name: "Living room", group: true, devices: ["d3", "d7"], account: "", open: false, v: 1 }],
]);
const schedules = new Map([["sc1", { id: "sc1", name: "Bedtime", days: ["sun", "mon", "tue", "wed", "thu"], from: "21:00", to: "06:30", whose: ["pp2"], off: false, v: 1 }]]);
const out = ({ v, ...x }) => ({ ...x, etag: String(v) });

// answer is [status, data] for what is below a home, or null. match is the version that was read.
export function answer(method, path, body, match) {
  const m = /^\/(people|schedules)(?:\/([^/]+))?$/.exec(path);
  if (!m) return null;
  const all = m[1] === "people" ? people : schedules, id = m[2] && decodeURIComponent(m[2]);
  if (!id && method === "GET") return [200, { items: [...all.values()].map(out), next: null }];
  if (!id) { const x = { id: randomUUID(), account: "", open: false, group: false, devices: [], off: false, ...body, v: 1 }; all.set(x.id, x); return [201, out(x)]; }
  const was = all.get(id);
  if (!was) return [404];
  if (match && method !== "GET" && match !== `"${was.v}"`) return [412];
  if (method === "DELETE") { all.delete(id); return [204]; }
  if (method === "PATCH") all.set(id, { ...was, ...body, v: was.v + 1 });
  return [200, out(all.get(id))];
}
