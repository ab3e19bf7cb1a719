// For how long something is paused.
export const pauses = [30, 60, 120, "morning"] as const; // minutes, or until six in the morning by this browser's clock

export function until(long: (typeof pauses)[number], now = new Date()): Date {
  if (long !== "morning") return new Date(now.getTime() + long * 60_000);
  const d = new Date(now);
  d.setHours(6, 0, 0, 0);
  if (d <= now) d.setDate(d.getDate() + 1);
  return d;
}
