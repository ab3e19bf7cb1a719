// Privacy Mode, what other homes may learn, and guests: what the home keeps to itself.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import type { components } from "../../shared/api.gen";
import { api, ok, tagged } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { useBrand } from "../brand";
import { useDevices, useHomeID, useOwns } from "../data";

type Patch = components["schemas"]["PrivacyPatch"];
type Choice = components["schemas"]["PrivacyChoice"];

export function Choices() {
  const home = useHomeID();
  const owns = useOwns();
  const client = useQueryClient();
  const path = { home };
  const devices = useDevices().data?.items.filter((d) => !d.gateway) ?? [];
  const choice = useQuery({ queryKey: [home, "privacy"], queryFn: () => tagged(api.GET("/v1/homes/{home}/privacy", { params: { path } })) });
  const onSettled = () => {
    for (const part of ["privacy", "changes", "devices", "device"]) void client.invalidateQueries({ queryKey: [home, part] });
  };
  const change = useMutation({
    mutationFn: (body: Patch) => ok(api.PATCH("/v1/homes/{home}/privacy", { params: { path, header: choice.data?.etag ? { "If-Match": choice.data.etag } : {} }, body })),
    onSettled,
  });
  // Also one that was only taken for a guest's is of the household then.
  const takeIn = useMutation({
    mutationFn: (device: string) => ok(api.POST("/v1/homes/{home}/devices/{device}/admission", { params: { path: { home, device } }, body: { answer: "admit", guest: false } })),
    onSettled,
  });
  const c = choice.data?.data;
  if (!c) return choice.error ? <Trouble error={choice.error} again={() => void choice.refetch()} /> : <Skeleton lines={4} tall={80} />;
  const off = !owns || change.isPending || takeIn.isPending;
  const error = change.error ?? takeIn.error;
  const guests = devices.filter((d) => d.guest || c.guests.includes(d.id));
  return (
    <>
      {error && <Trouble error={error} />}
      <section className="card stack tight" data-testid="privacy-mode" data-on={c.private}>
        <div className="between high"><h2>{t("private.title")}</h2>{c.private ? <State tone="good" icon="lock">{t("private.on")}</State> : <State tone="mute" icon="unlock">{t("private.off")}</State>}</div>
        <p>{t("private.text")}</p>
        <label className="check"><input type="checkbox" checked={c.private} disabled={off} onChange={(e) => change.mutate({ private: e.target.checked })} data-testid="private" /><span>{t("private.choose")}</span></label>
        {!owns && <p className="small quiet">{t("private.view")}</p>}
      </section>
      {c.help /* not in what this browser kept from before it was there */ && <Helping choice={c} off={off} choose={(help) => change.mutate({ help })} />}
      <section className="card stack tight" data-testid="guests" data-count={guests.length}>
        <h2>{t("guests.title")}</h2>
        <p>{t("guests.text")}</p>
        {guests.length === 0 && <p className="quiet">{t("guests.none")}</p>}
        <ul className="lines">{guests.map((d) => (
          <li key={d.id} className="between"><Name>{d.name}</Name>{owns && <button className="plain" disabled={off} onClick={() => takeIn.mutate(d.id)} data-testid="not-guest">{t("guests.not")}</button>}</li>
        ))}</ul>
        {owns && (
          <label><span>{t("guests.add")}</span>
            <select value="" disabled={off} onChange={(e) => e.target.value && change.mutate({ guests: [...c.guests, e.target.value] })} data-testid="add-guest">
              <option value="">{t("guests.choose")}</option>
              {devices.filter((d) => !guests.includes(d)).map((d) => <option key={d.id} value={d.id}>{d.name.slice(0, 60)}</option>)}
            </select></label>
        )}
      </section>
    </>
  );
}

// Helping says what would be told to whom before anybody says yes.
function Helping({ choice: { help, private: alone }, off, choose }: { choice: Choice; off: boolean; choose: (on: boolean) => void }) {
  const csp = useBrand().name || t("helping.provider");
  return (
    <section className="card stack tight" data-testid="helping" data-on={help.on}>
      <div className="between high"><h2>{t("helping.title")}</h2>{help.on ? <State tone="good" icon="check">{t("private.on")}</State> : <State tone="mute" icon="lock">{t("private.off")}</State>}</div>
      <p>{t("helping.text")}</p>
      <ul>{(["services", "signs", "days", "found"] as const).map((k) => <li key={k}>{t(`helping.${k}`)}</li>)}</ul>
      <p>{t("helping.never")} {t(help.others ? "helping.others" : "helping.whom", { csp })}</p>
      <p className="small quiet">{t("helping.back")}</p>
      {!help.used && <p role="note">{t("helping.unused")}</p>}
      {alone && <p role="note">{t("helping.private")}</p>}
      <label className="check"><input type="checkbox" checked={help.on} disabled={off || alone} onChange={(e) => choose(e.target.checked)} data-testid="help" /><span>{t("helping.choose")}</span></label>
    </section>
  );
}
