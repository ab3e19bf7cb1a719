// What may happen to one device by itself, where that differs from the home. It is asked for when somebody opens it.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok, tagged } from "../../shared/client";
import { t } from "../../shared/i18n";
import type { DevicePolicy, NewDevicePolicy } from "../../shared/model";
import { Skeleton, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { useHomeID, useMay } from "../data";
import { Choice } from "./Choice";

export function OwnPolicy({ device }: { device: string }) {
  const [shown, show] = useState(false);
  return (
    <details data-testid="own-policy" onToggle={(e) => e.currentTarget.open && show(true)}>
      <summary><Icon name="down" size={18} />{t("policy.device")}</summary>
      {shown && <Inside device={device} />}
    </details>
  );
}

const acts = ["contain", "block", "tidy"] as const;
const permits = ["auto", "ask", "never"] as const;
const reasons = ["none", "medical", "alarm", "internet"] as const;

function Inside({ device }: { device: string }) {
  const home = useHomeID();
  const may = useMay();
  const client = useQueryClient();
  const path = { home, device };
  const policy = useQuery({ queryKey: [home, "device-policy", device], queryFn: () => tagged(api.GET("/v1/homes/{home}/devices/{device}/policy", { params: { path } })) });
  const change = useMutation({
    mutationFn: (body: NewDevicePolicy) => ok(api.PUT("/v1/homes/{home}/devices/{device}/policy", { params: { path, header: policy.data?.etag ? { "If-Match": policy.data.etag } : {} }, body })),
    onSettled: () => {
      for (const part of ["device-policy", "device", "devices"]) void client.invalidateQueries({ queryKey: [home, part] });
    },
  });
  const p = policy.data?.data;
  if (!p) return policy.error ? <Trouble error={policy.error} again={() => void policy.refetch()} /> : <Skeleton lines={4} />;
  const off = !may || change.isPending;
  const set = (more: Partial<NewDevicePolicy>) => change.mutate({ block: p.block, contain: p.contain, tidy: p.tidy, essential: p.essential, ...more });
  return (
    <div className="stack">
      {change.error && <Trouble error={change.error} />}
      {acts.map((a) => <Choice key={a} of={a} title={t(`policy.${a}`)} value={p[a]} off={off} options={options(a, p)} choose={(v) => set({ [a]: v })} />)}
      <Choice of="essential" title={t("policy.essential")} value={p.essential} off={off} options={reasons.map((r) => ({ value: r, word: t(`policy.essential.${r}`) }))} choose={(v) => set({ essential: v as NewDevicePolicy["essential"] })} />
      <p className="small quiet">{t("policy.careful")}</p>
    </div>
  );
}

// options has the home's own choice first, said as what it comes to while it is chosen.
function options(a: (typeof acts)[number], p: DevicePolicy) {
  const own = permits.map((v) => ({ value: v as string, word: t(`policy.${a}.${v}`) }));
  return [{ value: "home", word: p[a] === "home" ? t("policy.home", { what: t(`policy.${a}.${p.holds[a]}`) }) : t("policy.home.plain") }, ...own];
}
