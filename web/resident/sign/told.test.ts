import { expect, it, vi } from "vitest";
import { channels, keep, leave, save, usual } from "./told";

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
const net = vi.hoisted(() => ({ cut: true }));
vi.mock("../../shared/client", () => ({
  api: { PATCH: (path: string, o: { params: { header: unknown }; body: unknown }) => { sent.push([path, o.params.header, o.body]); return net.cut ? Promise.reject(new Error("no connection")) : Promise.resolve({}); } },
  ok: (p: Promise<unknown>) => p,
}));

it("is kept with the language; neither a device that takes no messages nor a lost connection stops anybody", async () => {
  const told = { email: false, push: true, more: false };
  expect(await keep(told, "de", () => Promise.reject(new Error("not permitted")))).toBe(false);
  net.cut = false;
  expect(await keep(told, "en", () => Promise.resolve())).toBe(true);
  expect(sent).toEqual([["/v1/notifications", {}, { language: "de", channels: channels(told, false) }], ["/v1/notifications", {}, { language: "en", channels: channels(told, true) }]]);
});

it("counts from whoever was never asked, and says what became of it", async () => {
  sent.length = 0;
  net.cut = false;
  const told = { email: true, push: true, more: true };
  expect(await save(told, "en", () => Promise.reject(new Error("not permitted")))).toBe(false);
  expect(await save(told, "en", () => Promise.resolve())).toBe(true);
  await leave();
  const unasked = { "If-Match": '"0"' };
  expect(sent).toEqual([["/v1/notifications", unasked, { language: "en", channels: channels(told, false) }], ["/v1/notifications", unasked, { language: "en", channels: channels(told, true) }], ["/v1/notifications", unasked, {}]]);
  net.cut = true;
  await expect(leave()).rejects.toThrow("no connection");
  await expect(save(told, "en", () => Promise.resolve())).rejects.toThrow("no connection");
});
