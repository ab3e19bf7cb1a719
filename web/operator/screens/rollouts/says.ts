// What rollouts are called, and what a version that homes only tried would have done. Pure.
export const rings = ["lab", "1", "5", "25", "all"] as const;
export const ringWord = (r: string) => (/^\d+$/.test(r) ? `${r} %` : r);

export const bundles = ["lists", "models", "exposures", "profiles", "playbooks", "agent"] as const;
export const bundleWords: Record<string, string> = {
  lists: "Lists", models: "Device models", exposures: "Exposures", profiles: "Profiles", playbooks: "Playbooks", agent: "The agent's program", herd: "Herd indicators",
};

// shadowed are the bundles by which homes can judge without acting.
export const shadowed = (bundle: string) => bundle === "lists" || bundle === "profiles" || bundle === "models";

const tried: Record<string, string> = {
  stop: "Would have been stopped", find: "Would have been found new", miss: "Would not have been found new any more", hold: "Would have been refused in the mode profile-only", allow: "Would have been let through in the mode profile-only",
  named: "Would be known", unnamed: "Would not be known any more", renamed: "Would be taken for another model", classed: "Would be taken for another kind, or of another maker", same: "Would stay what they are",
};
export const triedWord = (what: string) => (Object.hasOwn(tried, what) ? (tried[what] ?? "") : "Something else");

// differs is whether the bundle tells in what it differs, and not what was met.
export const differs = (bundle: string) => bundle === "profiles" || bundle === "models";

// counted is what is counted of a bundle that is tried.
export const counted = (bundle: string) => (bundle === "models" ? "devices" : "contacts");

// takenFor says for which model and kind devices are taken.
export const takenFor = (model: string, kind: string) => `${model || "No known model"}${kind && kind !== model ? ` (${kind})` : ""}`;

const protections: Record<string, string> = { less: "Less, after 30 days", more: "More, at once" };
export const protectionWord = (p: string) => (Object.hasOwn(protections, p) ? (protections[p] ?? "") : "As much");

export type Act = "pause" | "resume" | "halt" | "undo";

// can is what may be done to a rollout. One that is done can be undone while no newer one of the bundle was begun.
export function can(state: string, newest: boolean): Act[] {
  switch (state) {
    case "shadow": return ["resume", "pause", "halt", "undo"];
    case "running": return ["pause", "halt", "undo"];
    case "paused": case "halted": return ["resume", "undo"];
    case "done": return newest ? ["undo"] : [];
    default: return [];
  }
}

// seconds of hours; nothing is 0.
export const seconds = (hours: string) => Math.round((Number(hours) || 0) * 3600);

// asked is what a form asks for, as the server wants it: what is left empty is left out.
export function asked(f: FormData): { bundle: string; version?: number; shadow?: number; pace?: number } {
  const text = (name: string) => String(f.get(name) ?? "").trim();
  const version = Number(text("version")), shadow = shadowed(text("bundle")) ? seconds(text("shadow")) : 0, pace = seconds(text("pace"));
  return { bundle: text("bundle"), ...(version > 0 ? { version } : {}), ...(shadow > 0 ? { shadow } : {}), ...(pace > 0 ? { pace } : {}) };
}
