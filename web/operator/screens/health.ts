// What is wrong in the background of the system.
import type { components } from "../../shared/api.gen";
import { clip, percent } from "../../shared/text";

type Stream = components["schemas"]["Stream"];

// Gateways tell of themselves each minute, and the time of a contact is kept to some minutes: later than this, something stands.
const lateAfter = 15 * 60_000;

export const late = (at: string, now: number) => now - Date.parse(at) > lateAfter;

// sick are the sources that need somebody: one that was never asked yet does not.
export const sick = <S extends { state: string }>(sources: S[]) => sources.filter((s) => s.state === "failed" || s.state === "held");

// newest is the last of some times; undefined when there is none.
export const newest = (times: (string | null | undefined)[]) => times.reduce<string | undefined>((a, b) => (b && (!a || Date.parse(b) > Date.parse(a)) ? b : a), undefined);

// fullness is how much of a stream's room is used; null where it has no bound.
export const fullness = (s: Pick<Stream, "bytes" | "limit">) => (s.limit ? s.bytes / s.limit : null);

const nearlyFull = 0.8;

// wrong is what is wrong with a stream of the message broker, the worst first; "" when nothing is.
export function wrong(s: Stream, now: number): string {
  if (s.silent) return "Its brokers do not answer";
  if (!s.leader) return "No broker leads it: nothing is taken";
  const full = fullness(s) ?? 0;
  if (full >= nearlyFull) return `${percent(full)} % full: a full one refuses, and gateways keep what they have`;
  if (s.unread > 0) return s.unread === 1 ? "No worker reads one partition" : `No worker reads ${s.unread.toLocaleString()} partitions`;
  if (s.oldest && late(s.oldest, now)) return "What came in waits to be stored";
  const away = s.copies.filter((c) => c.offline || !c.current).map((c) => clip(c.broker, 40));
  return away.length > 0 ? `Not in step: the copy on ${away.join(", ")}` : "";
}
