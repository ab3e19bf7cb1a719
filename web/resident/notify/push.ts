// Push messages of this browser: whether they come, and turning them on and off.
import { api, ok } from "../../shared/client";

export type Here = "unsupported" | "denied" | "on" | "off";

export async function here(): Promise<Here> {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  const worker = await navigator.serviceWorker.getRegistration();
  if (!worker) return "unsupported";
  return (await worker.pushManager.getSubscription()) ? "on" : "off";
}

export async function subscribe() {
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

export async function unsubscribe() {
  const worker = await navigator.serviceWorker.ready;
  const sub = await worker.pushManager.getSubscription();
  if (!sub) return;
  await ok(api.DELETE("/v1/push-subscriptions", { body: { endpoint: sub.endpoint } }));
  await sub.unsubscribe();
}
