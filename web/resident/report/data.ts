// What the reports' screens ask for.
import { api, ok } from "../../shared/client";
import { useOf } from "../data";

export const useReports = (have = true) => useOf("reports", [], (path) => ok(api.GET("/v1/homes/{home}/reports", { params: { path } })), { fresh: 300_000, off: !have });
export const useReport = (week: string, have = true) =>
  useOf("report", [week], (path) => ok(api.GET("/v1/homes/{home}/reports/{week}", { params: { path: { ...path, week } } })), { fresh: 300_000, off: !have });
