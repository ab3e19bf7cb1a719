// What people ask about a device: who it is, what is the same, what protects it. Followed like any order.
import { api, ok } from "../../shared/client";
import type { Correction, Exposure, Protection } from "../../shared/model";
import { useAsking } from "../data";

export type Act =
  | { act: "identify"; body: Correction }
  | { act: "forget" }
  | { act: "merge"; other: string; into?: string }
  | { act: "split"; mac: string }
  | { act: "protect" | "unprotect"; body: Protection };

export function useAbout(device: string) {
  return useAsking((home, header, a: Act) => {
    const params = { path: { home, device }, header };
    switch (a.act) {
      case "identify": return ok(api.PUT("/v1/homes/{home}/devices/{device}/identity", { params, body: a.body }));
      case "forget": return ok(api.DELETE("/v1/homes/{home}/devices/{device}/identity", { params }));
      case "merge": return ok(api.POST("/v1/homes/{home}/devices/{device}/merge", { params: { ...params, path: { home, device: a.into ?? device } }, body: { other: a.other } }));
      case "split": return ok(api.POST("/v1/homes/{home}/devices/{device}/split", { params, body: { mac: a.mac } }));
      case "protect": return ok(api.POST("/v1/homes/{home}/devices/{device}/protections", { params, body: a.body }));
      case "unprotect": return ok(api.DELETE("/v1/homes/{home}/devices/{device}/protections", { params, body: a.body }));
    }
  });
}

export type About = ReturnType<typeof useAbout>;

// protection is what is asked for against an exposure: only close is about a port.
export function protection(kind: string, x: Pick<Exposure, "port" | "proto">): Protection {
  const p: Protection = { kind: kind as Protection["kind"] };
  if (kind !== "close" || x.port === 0) return p;
  return { ...p, port: x.port, ...(x.proto === "tcp" || x.proto === "udp" ? { proto: x.proto } : {}) };
}
