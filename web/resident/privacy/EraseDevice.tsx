// Erasing one device's history: on the gateway, and with the provider. The gateway confirms it.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import { t, tn } from "../../shared/i18n";
import { Dialog, Name, Trouble } from "../../shared/parts/Bits";
import { clip } from "../../shared/text";
import { useDevices, useHomeID } from "../data";

export function EraseDevice() {
  const devices = useDevices().data?.items.filter((d) => !d.gateway) ?? [];
  const home = useHomeID();
  const client = useQueryClient();
  const [device, choose] = useState("");
  const [open, setOpen] = useState(false);
  const named = devices.find((d) => d.id === device);
  const erase = useMutation({
    mutationFn: () => ok(api.DELETE("/v1/homes/{home}/devices/{device}/data", { params: { path: { home, device } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: [home] }),
  });
  const id = erase.data?.order ?? "";
  const order = useQuery({
    queryKey: [home, "order", id],
    queryFn: () => ok(api.GET("/v1/homes/{home}/orders/{order}", { params: { path: { home, order: id } } })),
    enabled: id !== "",
    refetchInterval: (q) => (q.state.data && q.state.data.status !== "asked" ? false : 3000),
  }).data;
  const status = order?.status ?? (erase.data && id ? "asked" : "");
  return (
    <section className="card stack tight">
      <h2>{t("erase.device")}</h2>
      <p>{t("erase.device.text")}</p>
      {erase.error && <Trouble error={erase.error} />}
      {erase.data && <p role="status" data-testid="device-erased">{t("erase.cloud")}{erase.data.open_cases > 0 && ` ${tn("erase.open", erase.data.open_cases)}`}</p>}
      {status && <p role="status" data-testid="order-erase" data-status={status}>{t(`erase.order.${status}`)}{order?.reason && <> <span lang="en">{clip(order.reason, 200)}</span></>}</p>}
      <label><span>{t("erase.which")}</span>
        <select value={device} onChange={(e) => choose(e.target.value)} data-testid="erase-device">
          <option value="">{t("guests.choose")}</option>
          {devices.map((d) => <option key={d.id} value={d.id}>{clip(d.name, 60)}</option>)}
        </select></label>
      <div><button className="bad" disabled={!named || erase.isPending || status === "asked"} onClick={() => setOpen(true)} data-testid="erase-this">{t("erase.device.button")}</button></div>
      <Dialog title={t("erase.device")} open={open} close={() => setOpen(false)}>
        {named && <p><strong><Name>{named.name}</Name></strong></p>}
        <p>{t("erase.sure")}</p>
        <div className="row">
          <button className="bad" data-testid="confirm" onClick={() => {
            setOpen(false);
            erase.mutate();
          }}>{t("erase.device.button")}</button>
          <button className="plain" onClick={() => setOpen(false)}>{t("cancel")}</button>
        </div>
      </Dialog>
    </section>
  );
}
