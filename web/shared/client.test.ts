import { afterEach, expect, it, vi } from "vitest";
import { api, netState, ok, Problem } from "./client";

// Node knows no page to which a path would be relative. The client takes Request when it is made, so this comes before it.
vi.hoisted(() => {
  const real = globalThis.Request;
  globalThis.Request = class extends real {
    constructor(url: string | URL | Request, init?: RequestInit) {
      super(typeof url === "string" ? new URL(url, "http://cardea.test") : url, init);
    }
  };
});

const answers = (body: unknown, init: ResponseInit) => vi.stubGlobal("fetch", async () => new Response(JSON.stringify(body), init));

afterEach(() => vi.unstubAllGlobals());

const ask = () => ok(api.GET("/v1/homes/{home}", { params: { path: { home: "h" } } }));

it("makes a problem of an answer that is one", async () => {
  answers({ type: "/problems/look-required", title: "Say why", detail: "d", status: 403 }, { status: 403, headers: { "Content-Type": "application/problem+json" } });
  const p = await ask().catch((e: unknown) => e);
  expect(p).toBeInstanceOf(Problem);
  expect(p).toMatchObject({ status: 403, kind: "look-required", message: "Say why", detail: "d" });
});

it("does not trip over a problem that is no JSON", async () => {
  vi.stubGlobal("fetch", async () => new Response("<h1>Bad gateway</h1>", { status: 502, statusText: "Bad Gateway" }));
  expect(await ask().catch((e: unknown) => e)).toMatchObject({ status: 502, kind: "" });
});

it("says which field was wrong", async () => {
  answers({ type: "/problems/invalid", title: "Invalid", errors: [{ location: "body.accent", message: "want #rrggbb" }, { location: "body.phone", message: "want a number" }] }, { status: 422 });
  expect(await ask().catch((e: unknown) => e)).toMatchObject({ status: 422, detail: "", where: "accent: want #rrggbb; phone: want a number" });
});

it("knows old data from new", async () => {
  const at = Date.parse("2026-11-22T14:03:00Z");
  answers({ id: "h" }, { status: 200, headers: { "X-Cardea-Kept": String(at) } });
  await ask();
  expect(netState()).toEqual({ offline: true, slow: false, asOf: at });
  answers({ id: "h" }, { status: 200, headers: { "X-Cardea-Kept": String(at), "X-Cardea-Slow": "1" } });
  await ask();
  expect(netState()).toEqual({ offline: true, slow: true, asOf: at });
  answers({ id: "h" }, { status: 200 });
  await ask();
  expect(netState()).toEqual({ offline: false, slow: false, asOf: null });
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("no network")));
  expect(await ask().catch((e: unknown) => e)).toMatchObject({ status: 0, kind: "offline" });
  expect(netState().offline).toBe(true);
  expect(netState().asOf).not.toBeNull();
});

it("gives a question up after a while, and never a change", async () => {
  const signals: (AbortSignal | null)[] = [];
  vi.stubGlobal("fetch", async (r: Request) => {
    signals.push(r.signal);
    return new Response("{}", { status: 200 });
  });
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(AbortSignal.abort(new Error("too long")));
  await ask();
  await ok(api.DELETE("/v1/session"));
  expect(signals.map((s) => s?.aborted)).toEqual([true, false]);
  vi.restoreAllMocks();
});
