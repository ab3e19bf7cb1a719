// How usual something is, in words: for the device itself, and for its kind.
import { t, tn } from "./i18n";
import type { Contact, Device } from "./model";
import { clock, date } from "./text";

// usual never claims more than is known: null is unknown.
export function usual(u: Contact["usual"]): string {
  const own = u?.device ?? null, kind = u?.model ?? null;
  if (own === true) return t("usual.device");
  if (own === false) return kind === null ? t("usual.not") : kind ? t("usual.kind-only") : t("usual.neither");
  if (kind !== null) return kind ? t("usual.model") : t("usual.not-kind");
  return t("usual.unknown");
}

const day = 86_400_000;

// watched says for how long a device is known; in its first day nothing is usual for it yet.
export function watched(d: Pick<Device, "first">, now = Date.now()): string {
  const first = Date.parse(d.first);
  if (Number.isNaN(first) || first <= 0 || first > now) return "";
  const days = Math.floor((now - first) / day);
  return days === 0 ? t("device.watched.new", { since: clock(first, now) }) : tn("device.watched", days, { since: date(first) });
}
