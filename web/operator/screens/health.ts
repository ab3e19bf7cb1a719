// What is wrong in the background of the system.

// Gateways tell of themselves each minute, and the time of a contact is kept to some minutes: later than this, something stands.
const lateAfter = 15 * 60_000;

export const late = (at: string, now: number) => now - Date.parse(at) > lateAfter;

// sick are the sources that need somebody: one that was never asked yet does not.
export const sick = <S extends { state: string }>(sources: S[]) => sources.filter((s) => s.state === "failed" || s.state === "held");

// newest is the last of some times; undefined when there is none.
export const newest = (times: (string | null | undefined)[]) => times.reduce<string | undefined>((a, b) => (b && (!a || Date.parse(b) > Date.parse(a)) ? b : a), undefined);
