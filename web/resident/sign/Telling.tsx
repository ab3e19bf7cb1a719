// How we may tell somebody: by way, and how much. One way stays, for what is critical. email is their address where it is not above.
import { useState } from "react";
import { t } from "../../shared/i18n";
import { isolate } from "../../shared/text";
import type { Told } from "./told";

const able = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && Notification.permission !== "denied";

export function Telling({ told, choose, email = "" }: { told: Told; choose: (t: Told) => void; email?: string }) {
  const [may, set] = useState(able);
  // The browser asks when the box is ticked: later it would not be an answer to a click.
  const push = async (on: boolean) => {
    if (!on) return choose({ ...told, push: false, email: true });
    const granted = (await Notification.requestPermission().catch(() => "denied")) === "granted";
    set(granted || able());
    choose({ ...told, push: granted });
  };
  return (
    <fieldset className="choices" data-testid="telling">
      <legend>{email ? <h2>{t("telling.title")}</h2> : t("telling.title")}</legend>
      <p className="small quiet" id="told-text">{t("telling.text")}</p>
      <label className="check"><input type="checkbox" checked={told.email} disabled={!told.push} aria-describedby="told-text" onChange={(e) => choose({ ...told, email: e.target.checked })} data-testid="told-email" /><span>{email ? t("asking.email", { email: isolate(email, 60) }) : t("telling.email")}</span></label>
      {may && <label className="check"><input type="checkbox" checked={told.push} onChange={(e) => void push(e.target.checked)} data-testid="told-push" /><span>{t("telling.push")}</span></label>}
      {!may && <p className="small quiet">{t("telling.push.none")}</p>}
      <label className="check"><input type="checkbox" checked={told.more} onChange={(e) => choose({ ...told, more: e.target.checked })} data-testid="told-more" /><span>{t("telling.more")}</span></label>
    </fieldset>
  );
}
