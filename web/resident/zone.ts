// zoneToTell is the browser's time zone where the home has none of its own yet, which is UTC; else nothing.
export function zoneToTell(home: string, browser: string | undefined): string {
  const unset = home === "" || home === "UTC";
  return unset && browser && browser !== home && /^[A-Z][\w+-]*(\/[\w+-]+)+$/.test(browser) && !browser.startsWith("Etc/") ? browser : "";
}
