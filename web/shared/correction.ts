// What a correction says: only what was said, as the API takes it.
import type { Correction, DeviceClass } from "./model";
import { clip } from "./text";

// correction is null when nothing was said.
export function correction(kind: DeviceClass | "", vendor: string, model: string): Correction | null {
  const v = clip(vendor, 64), m = clip(model, 64);
  if (!kind && !v && !m) return null;
  return { ...(kind ? { class: kind } : {}), ...(v ? { vendor: v } : {}), ...(m ? { model: m } : {}) };
}
