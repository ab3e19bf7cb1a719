// What changed in what a home's people decided, put into words of the reader's language. Pure.
import type { components } from "../../shared/api.gen";
import { hasKey, t } from "../../shared/i18n";
import { clip, isolate } from "../../shared/text";

export type Change = components["schemas"]["HouseholdChange"];

// what is the sentence, with the name of what it is about.
export function what(c: Pick<Change, "act" | "subject">): string {
  const name = c.subject.name ? isolate(c.subject.name) : t("changes.home");
  const key = `changes.${c.act}`;
  return hasKey(key) ? t(key, { name }) : clip(c.act, 40);
}

// fields are those whose values can be told in words; ids and versions are not for readers.
const told = new Set(["block", "contain", "tidy", "approve", "zone", "private", "help", "guest", "admission", "name", "from", "to", "off", "open", "until", "essential", "days", "level"]);

export const fields = (c: Pick<Change, "fields">) => c.fields.filter((f) => told.has(f.name)).slice(0, 12);

export function value(name: string, x: string): string {
  if (x === "") return t("changes.nothing");
  const key = `changed.${x}`;
  if (["true", "on", "yes", "false", "off", "no"].includes(x)) return t(["true", "on", "yes"].includes(x) ? "changed.on" : "changed.off");
  return hasKey(key) && name !== "name" ? t(key) : isolate(x, 60);
}
