import { describe, expect, it } from "vitest";
import { every, huntDoes, huntedFor, sourceDoes } from "./says";

const source = { name: "partner", url: "https://feeds.example/bad.txt", trust: 70 };

describe("a source, before it is put", () => {
  it("says that a trust of 0 blocks nothing, and any other does in all homes", () => {
    expect(sourceDoes({ ...source, trust: 0 }, false).join(" ")).toContain("no home blocks anything");
    expect(sourceDoes({ ...source, trust: 0 }, false).join(" ")).not.toContain("all homes");
    expect(sourceDoes(source, false).join(" ")).toContain("in the next lists of all homes, within minutes, with a trust of 70 of 100");
    expect(sourceDoes(source, false).join(" ")).toContain("Its first answer comes into force without a question.");
    expect(sourceDoes(source, true).join(" ")).not.toContain("first answer");
  });
  it("says when it is asked, what is usual where nothing is said, and where a secret goes", () => {
    expect(sourceDoes(source, false)[0]).toBe("It is asked within a minute, then every 5 minutes, at https://feeds.example/bad.txt.");
    expect(sourceDoes({ ...source, every_minutes: 120, life_hours: 36, secret: "exchange" }, true)).toEqual(expect.arrayContaining([
      "It is asked anew within a minute, then every 2 hours, at https://feeds.example/bad.txt.",
      "What it does not name again for 36 hours ends.",
      "The secret exchange is sent to that server. It has to go there already.",
    ]));
    expect(sourceDoes(source, false).at(-1)).toBe("What it does not name again for 30 days ends.");
    expect([1, 60, 90, 1440, 10080].map(every)).toEqual(["once a minute", "once an hour", "every 90 minutes", "once a day", "every 7 days"]);
  });
  it("says of adult sites whom it is for", () => {
    expect(sourceDoes({ ...source, class: "adult" }, false).join(" ")).toContain("only to people for whom residents chose that level");
  });
});

describe("what is looked for", () => {
  it("is told apart by how it is written, each once", () => {
    expect(huntedFor("loader.example.net\n 192.0.2.7\n192.0.2.0/24\n2001:db8::1\n192.0.2.9/32\n# a note\n\nloader.example.net", "Mirai").map((x) => [x.kind, x.value])).toEqual([
      ["domain", "loader.example.net"], ["ip", "192.0.2.7"], ["cidr", "192.0.2.0/24"], ["ip", "2001:db8::1"], ["ip", "192.0.2.9"],
    ]);
    expect(huntedFor("a.example, b.example", "Mirai")).toHaveLength(2);
    expect(huntedFor(" \n", "Mirai")).toEqual([]);
  });
  it("says what gateways do then, and how far back", () => {
    const said = huntDoes(huntedFor("loader.example.net", "Mirai"), 7, Date.parse("2026-03-10T12:00:00Z"));
    expect(said).toContain("When another person agrees");
    expect(said).toContain("Mar 3, 2026 for 1 entry,");
  });
});
