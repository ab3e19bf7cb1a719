// What a change of a plan, or of how the provider shows itself, will do, said before it is made.
import type { components } from "../../../shared/api.gen";
import { clip } from "../../../shared/text";

type Plan = components["schemas"]["Plan"];
type Brand = components["schemas"]["NewBrand"];

export const extras: { value: string; label: string }[] = [
  { value: "people", label: "The people of a home, bedtimes and pauses" }, { value: "content", label: "What may be seen, by person" },
  { value: "reports", label: "A report each week" }, { value: "support", label: "Support of a higher level, which your own service sees to" },
];

export const extra = (e: string) => extras.find((x) => x.value === e)?.label ?? clip(e, 40);

const lower = (s: string) => s.charAt(0).toLowerCase() + s.slice(1);
const listed = (all: string[]) => all.map((e) => lower(extra(e))).join("; ");

export interface Draft { name: string; extras: string[]; standard: boolean }

// planDoes is what happens to homes when a plan is saved. was is the plan as it is, of all that there are.
export function planDoes(draft: Draft, was: Plan | null, all: Plan[]): string[] {
  const out: string[] = [];
  const gone = (was?.extras ?? []).filter((e) => !draft.extras.includes(e)), more = draft.extras.filter((e) => !(was?.extras ?? []).includes(e));
  if (!was) out.push(draft.extras.length > 0 ? `Homes with this plan have: ${listed(draft.extras)}.` : "Homes with this plan have what every plan has, and nothing more.");
  if (was && more.length > 0) out.push(`Homes with this plan get: ${listed(more)}.`);
  if (was && gone.length > 0) out.push(`Homes with this plan lose: ${listed(gone)}. What their people have made stays to be seen and removed.`);
  const standard = all.find((p) => p.standard);
  if (all.length === 0) out.push("Until now you have no plans, and every home has everything. This one is then the plan of all homes that are given none.");
  else if (draft.standard && standard && standard.id !== was?.id) out.push(`Homes that were given no plan have it from now on, and no longer ${clip(standard.name, 60)}.`);
  else if (was?.standard) out.push("Homes that were given no plan have this one.");
  if (was && was.name !== draft.name) out.push(`It is called ${clip(draft.name, 60)}, no longer ${clip(was.name, 60)}.`);
  if (out.length === 0) out.push("Nothing changes for any home.");
  return out;
}

// removeDoes is what happens when a plan is taken away.
export const removeDoes = (p: Plan, all: Plan[]) => (all.length === 1 ? "It is the last one: without plans every home has everything again." : p.standard ? "It is the standard one, which goes last. Make another the standard first." : "It can go only when no home has it.");

const parts: [keyof Brand, string][] = [["name", "Name"], ["accent", "Colour"], ["phone", "Phone"], ["support", "Support page"], ["hint_en", "Sentence in English"], ["hint_de", "Sentence in German"]];

// brandDoes lists what becomes different for customers.
export function brandDoes(draft: Brand, was: Brand): string[] {
  const out = parts.filter(([k]) => draft[k] !== was[k]).map(([k, word]) => `${word}: ${clip(was[k], 100) || "none"} becomes ${clip(draft[k], 100) || "none"}.`);
  if (out.length === 0) return ["Nothing changes."];
  if (draft.name !== was.name && draft.name === "") out.push("Without a name of its own, the name that you have here is shown.");
  if (draft.accent !== was.accent && draft.accent !== "") out.push("Where the colour could not be read it is made darker on light pages, and lighter on dark ones.");
  out.push("The residents' app shows it at once, gateways' own pages at their next look, messages from the next one on.");
  return out;
}
