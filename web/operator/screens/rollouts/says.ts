// What rollouts are called, and what a version that homes only tried would have done. Pure.
export const rings = ["lab", "1", "5", "25", "all"] as const;
export const ringWord = (r: string) => (/^\d+$/.test(r) ? `${r} %` : r);

export const bundles = ["lists", "models", "exposures", "profiles", "playbooks", "agent"] as const;
export const bundleWords: Record<string, string> = {
  lists: "Lists", models: "Device models", exposures: "Exposures", profiles: "Profiles", playbooks: "Playbooks", agent: "The agent's program", herd: "Herd indicators",
};

// shadowed are the bundles by which homes can judge without acting.
export const shadowed = (bundle: string) => bundle === "lists" || bundle === "profiles";

const tried: Record<string, string> = {
  stop: "Would have been stopped", find: "Would have been found new", miss: "Would not have been found new any more", hold: "Would have been refused in the mode profile-only", allow: "Would have been let through in the mode profile-only",
};
export const triedWord = (what: string) => (Object.hasOwn(tried, what) ? (tried[what] ?? "") : "Something else");

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
