import { afterEach, describe, expect, it, vi } from "vitest";
import { answered } from "./client";
import { hear, quietAfter, stream, touched, unheard, type LiveState } from "./live";
import { contact } from "./sample";

describe("hear", () => {
  it("keeps one of each, the newest", () => {
    const one = hear(new Map(), [contact({ flows: 1 }), contact({ flows: 2 })], 0);
    expect([...one.values()].map((h) => h.contact.flows)).toEqual([2]);
  });
  it("forgets what fell silent", () => {
    const one = hear(new Map(), [contact()], 0);
    expect(hear(one, [], quietAfter - 1).size).toBe(1);
    expect(hear(one, [], quietAfter).size).toBe(0);
  });
  it("stays bounded, dropping the oldest", () => {
    const many = Array.from({ length: 2000 }, (_, i) => contact({ name: `h${i}.example` }));
    const got = hear(new Map(), many, 0);
    expect(got.size).toBe(500);
    expect([...got.values()].at(-1)?.contact.name).toBe("h1999.example");
  });
});

it("every kind of the feed makes something old", () => {
  for (const kind of ["incident", "order", "device", "state", "stopped", "gateway"]) expect(touched[kind]?.length, kind).toBeGreaterThan(0);
});

it("nobody waits anew who was told that there is nothing to see", () => {
  const all: LiveState[] = ["waiting", "live", "offline", "cut", "private"];
  expect(all.map(unheard)).toEqual(["waiting", "waiting", "offline", "cut", "private"]);
});

describe("a stream that is refused", () => {
  afterEach(() => vi.unstubAllGlobals());
  const opened: FakeSource[] = [];
  class FakeSource {
    static CLOSED = 2;
    readyState = 2;
    onerror: () => void = () => undefined;
    constructor(readonly url: string) { opened.push(this); }
    addEventListener() { return undefined; }
    close() { return undefined; }
  }
  const page = { visibilityState: "visible", addEventListener: () => undefined, removeEventListener: () => undefined };
  it.each([[true, 1], [false, 2]] as const)("is %s: opened %d times", async (no, times) => {
    vi.useFakeTimers();
    vi.stubGlobal("EventSource", FakeSource);
    vi.stubGlobal("document", page);
    opened.length = 0;
    const stop = stream("/live", {}, () => undefined, undefined, () => Promise.resolve(no));
    opened[0]?.onerror();
    await vi.advanceTimersByTimeAsync(10_000);
    stop();
    vi.useRealTimers();
    expect(opened.length).toBe(times);
  });
  it("is known by its status, and by none without a connection", async () => {
    vi.stubGlobal("fetch", () => Promise.resolve({ status: 403 }));
    expect(await answered("/live")).toBe(403);
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("offline")));
    expect(await answered("/live")).toBe(0);
  });
});
