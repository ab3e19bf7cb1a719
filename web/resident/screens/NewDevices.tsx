// New devices: what joined this week, whether somebody knows it, and what happens to the next one.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ok, tagged } from "../../shared/client";
import { t } from "../../shared/i18n";
import type { Device, PolicyPatch } from "../../shared/model";
import { Ago, Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Link, Title } from "../../shared/router";
import { useDevices, useHomeID, useMay, useOwns } from "../data";
import { Admission } from "../device/Admission";
import { joined, question } from "../device/newcomer";
import { Choice } from "../policy/Choice";

export function NewDevices() {
  const devices = useDevices();
  const list = devices.data && joined(devices.data.items, Date.now());
  return (
    <>
      <Title>{t("nav.new")}</Title>
      <p className="quiet">{t("new.text")}</p>
      {!list && (devices.error ? <Trouble error={devices.error} again={() => void devices.refetch()} /> : <Skeleton lines={4} tall={90} />)}
      {list?.length === 0 && <Empty icon="check">{t("new.none")}</Empty>}
      <ul className="stack tight" data-testid="new-devices">{list?.map((d) => <Row key={d.id} device={d} />)}</ul>
      <Approve />
    </>
  );
}

function Row({ device: d }: { device: Device }) {
  return (
    <li className="card stack tight" data-testid="new-device" data-device={d.id} data-held={d.held}>
      <div className="between high"><h2>{question(d)}</h2>{d.held ? <State tone="held" icon="hand">{t("device.waits")}</State> : <State tone="good" icon="check">{t("new.in")}</State>}</div>
      <p className="small quiet"><Link to={`/devices/${encodeURIComponent(d.id)}`}><Name>{d.name}</Name></Link> · {t("new.joined")} <Ago at={d.first} /></p>
      {d.held ? <Admission device={d} /> : <Known device={d} />}
    </li>
  );
}

// Known asks of a device that is in already. No keeps it out from now on.
function Known({ device: d }: { device: Device }) {
  const home = useHomeID();
  const may = useMay();
  const client = useQueryClient();
  const say = useMutation({
    mutationFn: (answer: "admit" | "refuse") => ok(api.POST("/v1/homes/{home}/devices/{device}/admission", { params: { path: { home, device: d.id } }, body: { answer } })),
    onSuccess: () => {
      for (const part of ["device", "devices", "summary"]) void client.invalidateQueries({ queryKey: [home, part] });
    },
  });
  if (say.isSuccess) return <p role="status" data-testid="admitted">{t(say.variables === "admit" ? "new.known" : "admit.refused")}</p>;
  if (!may) return null;
  return (
    <>
      {say.error && <Trouble error={say.error} />}
      <div className="row">
        <button disabled={say.isPending} onClick={() => say.mutate("admit")} data-testid="know">{t("new.yes")}</button>
        <button className="plain" disabled={say.isPending} onClick={() => say.mutate("refuse")} data-testid="know-not">{t("new.no")}</button>
      </div>
    </>
  );
}

const values = ["off", "tell", "hold"] as const;

function Approve() {
  const home = useHomeID();
  const owns = useOwns();
  const client = useQueryClient();
  const path = { home };
  const policy = useQuery({ queryKey: [home, "policy"], queryFn: () => tagged(api.GET("/v1/homes/{home}/policy", { params: { path } })) });
  const change = useMutation({
    mutationFn: (body: PolicyPatch) => ok(api.PATCH("/v1/homes/{home}/policy", { params: { path, header: policy.data?.etag ? { "If-Match": policy.data.etag } : {} }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: [home, "policy"] }),
  });
  if (!policy.data) return policy.error ? <Trouble error={policy.error} again={() => void policy.refetch()} /> : <Skeleton lines={3} />;
  return (
    <>
      {change.error && <Trouble error={change.error} />}
      <Choice of="approve" title={t("new.next")} value={policy.data.data.approve} off={!owns || change.isPending} options={values.map((v) => ({ value: v, word: t(`policy.approve.${v}`) }))}
        choose={(v) => change.mutate({ approve: v as (typeof values)[number] })} />
    </>
  );
}
