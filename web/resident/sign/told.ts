// How somebody wants to be told: asked when they make their account and kept when it is there, or in the app when it was made for them.
import { api, ok } from "../../shared/client";
import type { Language } from "../../shared/i18n";
import type { Channel } from "../notify/ways";

// Told is what a person agreed to. push is of this device; more is what does not need them: what is good to know, and the weekly report.
export interface Told { email: boolean; push: boolean; more: boolean }

// usual is what is chosen before anybody chose: what goes to the address that they give, and nothing that asks for a permission.
export const usual: Told = { email: true, push: false, more: true };

type Chosen = Pick<Channel, "way" | "critical" | "important" | "info" | "report">;

// channels are the settings for that. pushed says whether messages reach this device: without, what is critical comes by e-mail, for
// nobody is left out of that. How much comes by push counts from the day on which a device is added, so that it is never nothing.
export function channels(c: Told, pushed: boolean): Chosen[] {
  const by = (way: Channel["way"], on: boolean) => ({ way, critical: on, important: on, info: on && c.more, report: on && c.more });
  const email = by("email", c.email);
  return [{ ...email, critical: c.email || !pushed }, by("push", true)];
}

const patience = 10_000;

// unasked is what is stored of somebody who was never asked: an answer to that counts only as long as there is no other one.
const unasked = { "If-Match": '"0"' };

// save stores it, and has this device get messages. It says whether they reach it.
export async function save(c: Told, language: Language, subscribe: () => Promise<unknown>, header: { "If-Match"?: string } = unasked): Promise<boolean> {
  let pushed = false;
  if (c.push) {
    const late = new Promise((_, no) => setTimeout(() => no(new Error("late")), patience));
    pushed = await Promise.race([subscribe(), late]).then(() => true, () => false);
  }
  await ok(api.PATCH("/v1/notifications", { params: { header }, body: { language, channels: channels(c, pushed) } }));
  return pushed;
}

// leave keeps what holds for whoever does not want to choose: they are not asked again.
export const leave = () => ok(api.PATCH("/v1/notifications", { params: { header: unasked }, body: {} }));

// keep stores what somebody new chose, and says whether it did. It fails in silence: somebody who is in stays in, and is asked there.
export const keep = (c: Told, language: Language, subscribe: () => Promise<unknown>): Promise<boolean> => save(c, language, subscribe, {}).then(() => true, () => false);
