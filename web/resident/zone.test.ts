import { expect, it } from "vitest";
import { zoneToTell } from "./zone";

it.each([
  ["UTC", "Europe/Berlin", "Europe/Berlin"], ["", "America/Argentina/Ushuaia", "America/Argentina/Ushuaia"], ["Europe/Berlin", "America/New_York", ""],
  ["UTC", "UTC", ""], ["UTC", "Etc/GMT+1", ""], ["UTC", undefined, ""], ["UTC", "", ""],
])("a home in %s and a browser in %s tell %s", (home, browser, want) => expect(zoneToTell(home, browser)).toBe(want));
