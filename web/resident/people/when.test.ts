import { describe, expect, it } from "vitest";
import { days, daysSaid, hour, isOpen, runs, until } from "./when";

const now = new Date(2026, 10, 20, 21, 30);

describe("a pause", () => {
  it("ends when it was chosen to", () => {
    expect(until("hour", now).getTime() - now.getTime()).toBe(3_600_000);
    expect(until("morning", now)).toEqual(new Date(2026, 10, 21, 6));
    expect(until("morning", new Date(2026, 10, 20, 6))).toEqual(new Date(2026, 10, 21, 6));
    expect(until("morning", new Date(2026, 10, 20, 2))).toEqual(new Date(2026, 10, 20, 6));
  });
  it("that somebody ends is less than the seven days that there may be", () => {
    const long = until("open", now).getTime() - now.getTime();
    expect(long).toBeLessThan(7 * 86_400_000);
    expect(isOpen(until("open", now).toISOString(), now.getTime())).toBe(true);
    for (const l of ["hour", "morning"] as const) expect(isOpen(until(l, now).toISOString(), now.getTime()), l).toBe(false);
  });
});

describe("days", () => {
  it.each([
    [[], []], [["wed"], [["wed", "wed"]]], [["mon", "tue", "wed", "thu", "sun"], [["sun", "thu"]]],
    [["fri", "sat"], [["fri", "sat"]]], [["mon", "wed"], [["mon", "mon"], ["wed", "wed"]]], [days, [["mon", "sun"]]],
  ])("run in %j", (of, want) => expect(runs(of)).toEqual(want));
  it("are said as the reader does", () => {
    const words = { daily: "every day", to: (a: string, b: string) => `${a} to ${b}` };
    expect(daysSaid(days, "en", words)).toBe("every day");
    expect(daysSaid(["mon", "tue", "wed", "thu", "sun"], "en", words)).toBe("Sun to Thu");
    expect(daysSaid(["fri", "sat", "mon"], "en", words)).toBe("Mon, Fri, Sat");
    expect(daysSaid(["mon"], "de", words)).toBe("Mo");
  });
});

it("times are written as the reader does, midnight too", () => {
  expect(hour("21:30", "en-US").replace(/\s/, " ")).toBe("9:30 PM");
  expect(hour("21:30", "de")).toBe("21:30");
  expect(hour("24:00", "de")).toBe(hour("00:00", "de"));
  expect(hour("soon", "de")).toBe("soon");
});
