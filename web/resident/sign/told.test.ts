import { expect, it, vi } from "vitest";
import { channels, keep, usual } from "./told";

const of = (c: ReturnType<typeof channels>, way: string) => {
  const x = c.find((y) => y.way === way);
  return x && [x.critical, x.important, x.info, x.report];
};

it("nobody is left out of what is critical, and nothing goes where nobody agreed to", () => {
  expect(of(channels(usual, false), "email")).toEqual([true, true, true, true]);
  expect(of(channels({ ...usual, more: false }, false), "email")).toEqual([true, true, false, false]);
  expect(of(channels({ email: false, push: true, more: true }, true), "email")).toEqual([false, false, false, false]);
  expect(of(channels({ email: false, push: true, more: true }, false), "email")).toEqual([true, false, false, false]);
  expect(of(channels({ email: false, push: true, more: false }, true), "push")).toEqual([true, true, false, false]);
});

const sent = vi.hoisted(() => [] as unknown[]);
vi.mock("../../shared/client", () => ({
  api: { PATCH: (path: string, o: { body: unknown }) => { sent.push([path, o.body]); return Promise.reject(new Error("no connection")); } },
  ok: (p: Promise<unknown>) => p,
}));

it("is kept with the language; neither a device that takes no messages nor a lost connection stops anybody", async () => {
  const told = { email: false, push: true, more: false };
  await keep(told, "de", () => Promise.reject(new Error("not permitted")));
  await keep(told, "en", () => Promise.resolve());
  expect(sent).toEqual([["/v1/notifications", { language: "de", channels: channels(told, false) }], ["/v1/notifications", { language: "en", channels: channels(told, true) }]]);
});
