// Where a case is, for people. Pure: the screens are made of this.
import type { Incident, Order, PlaybookStep, Probation } from "../../shared/model";

export interface Place { past: PlaybookStep[]; now: PlaybookStep | null; later: PlaybookStep[]; n: number; all: number }

const over = (s: PlaybookStep) => s.state === "passed" || s.state === "skipped";

// place tells which step it is at: the first that is not over, for steps are taken one after the other.
export function place(steps: readonly PlaybookStep[]): Place {
  const at = steps.findIndex((s) => s.state === "now" || s.state === "checks" || s.state === "failed");
  const i = at >= 0 ? at : steps.findIndex((s) => !over(s));
  const now = i < 0 ? null : (steps[i] ?? null);
  const rest = steps.filter((s) => s !== now);
  return { past: rest.filter(over), now, later: rest.filter((s) => !over(s)), n: i < 0 ? steps.length : i + 1, all: steps.length };
}

// newest keeps the last order of each verb, with the one that was just pressed.
export function newest(orders: readonly Order[], pressed: Order | null): Order[] {
  const all = pressed ? [...orders.filter((o) => o.id !== pressed.id), pressed] : [...orders];
  const by = new Map<string, Order>();
  for (const o of all.sort((a, b) => Date.parse(a.asked) - Date.parse(b.asked))) by.set(o.verb, o);
  return [...by.values()].sort((a, b) => Date.parse(b.asked) - Date.parse(a.asked)).slice(0, 3);
}

// codeOf is the code of the last order for one, while it may still be used: ten minutes from when it was made.
export const codeLasts = 600_000;
export function codeOf(orders: readonly Order[], now = Date.now()): { code: string; until: number } | null {
  const o = [...orders].filter((x) => x.verb === "code" && x.status === "in_force" && x.code !== "").sort((a, b) => Date.parse(b.asked) - Date.parse(a.asked))[0];
  if (!o) return null;
  const until = Date.parse(o.done ?? o.asked) + codeLasts;
  return until > now ? { code: o.code, until } : null;
}

// phases of probation, in order.
export const phases = ["vendor", "profile", "watch"] as const;
export const phaseAt = (phase: string) => phases.findIndex((p) => p === phase);

export const held = (x: Pick<Incident, "state" | "mode">) => x.state !== "closed" && x.mode !== "" && x.mode !== "off";

// clean says whether the newest look showed it to be clean: one that was asked for, or the guide's own watching. null: nobody looked yet.
export function clean(x: Pick<Incident, "check" | "orders" | "playbook">): boolean | null {
  const silent = x.playbook?.steps.find((s) => s.check === "silent" && s.state === "passed");
  const asked = Math.max(0, ...x.orders.filter((o) => o.verb === "check" && o.done).map((o) => Date.parse(o.done ?? "")));
  if (silent && Date.parse(silent.changed ?? "") >= asked) return true;
  return x.check ? x.check.clean : null;
}

// ended says with which words a case is over: "24 hours" where they passed.
export function ended(x: Pick<Incident, "outcome" | "opened" | "changed"> & { probation: Pick<Probation, "silent_seconds"> | null }): string {
  if (x.outcome !== "clean") return `outcome.${x.outcome}.text`;
  const silent = x.probation?.silent_seconds ?? (Date.parse(x.changed) - Date.parse(x.opened)) / 1000;
  if (silent >= 86_400) return "outcome.clean.text";
  return x.probation && silent >= 60 ? "outcome.clean.for.text" : "outcome.clean.soon.text";
}
