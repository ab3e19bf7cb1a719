// Notifications: how we tell this person about an incident.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ok, tagged } from "../../shared/client";
import { t, type Key } from "../../shared/i18n";
import { Skeleton, Trouble } from "../../shared/parts/Bits";
import { Title } from "../../shared/router";

export function Notifications() {
  const client = useQueryClient();
  const settings = useQuery({ queryKey: ["notifications"], queryFn: () => tagged(api.GET("/v1/notifications")) });
  const change = useMutation({
    mutationFn: (body: { email?: boolean; push?: boolean }) =>
      ok(api.PATCH("/v1/notifications", { params: { header: settings.data?.etag ? { "If-Match": settings.data.etag } : {} }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: ["notifications"] }),
  });
  const s = settings.data?.data;
  return (
    <>
      <Title>{t("nav.notifications")}</Title>
      <p className="quiet">{t("notify.text")}</p>
      {!s && (settings.error ? <Trouble error={settings.error} again={() => void settings.refetch()} /> : <Skeleton lines={2} />)}
      {change.error && <Trouble error={change.error} />}
      {s && (
        <section className="card">
          <label className="check">
            <input type="checkbox" checked={s.email} disabled={change.isPending} onChange={(e) => change.mutate({ email: e.target.checked })} data-testid="notify-email" />
            <span><strong>{t("notify.email")}</strong><br /><span className="quiet small">{t("notify.email.text")}</span></span>
          </label>
          <label className="check">
            <input type="checkbox" checked={s.push} disabled={change.isPending} onChange={(e) => change.mutate({ push: e.target.checked })} data-testid="notify-push" />
            <span><strong>{t("notify.push")}</strong><br /><span className="quiet small">{t("notify.push.text")}</span></span>
          </label>
        </section>
      )}
      {s?.push && <ThisBrowser />}
    </>
  );
}

type Here = "unsupported" | "denied" | "on" | "off";

async function here(): Promise<Here> {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  const worker = await navigator.serviceWorker.getRegistration();
  if (!worker) return "unsupported";
  return (await worker.pushManager.getSubscription()) ? "on" : "off";
}

const texts: Record<Here, Key> = { unsupported: "push.unsupported", denied: "push.denied", on: "push.on", off: "push.off" };

function ThisBrowser() {
  const client = useQueryClient();
  const state = useQuery({ queryKey: ["push-here"], queryFn: here });
  const turn = useMutation({
    mutationFn: () => (state.data === "on" ? unsubscribe() : subscribe()),
    onSettled: () => client.invalidateQueries({ queryKey: ["push-here"] }),
  });
  if (!state.data) return null;
  return (
    <section className="card stack" data-testid="push-here" data-state={state.data}>
      <h2>{t("push.here")}</h2>
      <p>{t(texts[state.data])}</p>
      {turn.error && <p role="alert">{t("push.failed")}</p>}
      {(state.data === "on" || state.data === "off") && (
        <div><button className="plain" disabled={turn.isPending} onClick={() => turn.mutate()} data-testid="push-toggle">{t(state.data === "on" ? "push.turn-off" : "push.turn-on")}</button></div>
      )}
    </section>
  );
}

async function subscribe() {
  if ((await Notification.requestPermission()) !== "granted") throw new Error("not permitted");
  const { key } = await ok(api.GET("/v1/push-key"));
  const worker = await navigator.serviceWorker.ready;
  const sub = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = sub.toJSON();
  try {
    const body = { endpoint: endpoint ?? "", keys: { p256dh: keys?.p256dh ?? "", auth: keys?.auth ?? "" } };
    await ok(api.POST("/v1/push-subscriptions", { body }));
  } catch (e) {
    await sub.unsubscribe();
    throw e;
  }
}

async function unsubscribe() {
  const worker = await navigator.serviceWorker.ready;
  const sub = await worker.pushManager.getSubscription();
  if (!sub) return;
  await ok(api.DELETE("/v1/push-subscriptions", { body: { endpoint: sub.endpoint } }));
  await sub.unsubscribe();
}
