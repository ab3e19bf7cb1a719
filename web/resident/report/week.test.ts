import { expect, it } from "vitest";
import { bars, change, isWeek, range } from "./week";

it("a week is told by its first and last day", () => {
  const r = { from: new Date(2026, 10, 16).toISOString(), until: new Date(2026, 10, 23).toISOString() };
  expect(range(r, "en").replace(/\s/g, " ")).toBe("November 16 – 22, 2026");
  expect(range(r, "de").replace(/\s/g, " ")).toBe("16.–22. November 2026");
});

it("weeks are compared where there are two", () => {
  expect(change(3, 1)).toEqual({ way: "more", by: 2 });
  expect(change(1, 3)).toEqual({ way: "fewer", by: 2 });
  expect(change(0, 0)).toEqual({ way: "same", by: 0 });
  expect(change(3, null)).toBeNull();
});

it("classes are in their order, without those of nothing", () => expect(bars({ phishing: 1, malware: 4, x: 0 })).toEqual([{ name: "malware", n: 4 }, { name: "phishing", n: 1 }]));

it.each([["2026-W47", true], ["2026-47", false], ["../x", false], ["", false]])("%j is a week: %s", (w, want) => expect(isWeek(w)).toBe(want));
