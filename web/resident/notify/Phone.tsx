// The number for text messages: a code that comes there shows that it is this person's.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { clip } from "../../shared/text";

type Known = components["schemas"]["Notifications"]["phone"];

export function Phone({ phone }: { phone: Known }) {
  const client = useQueryClient();
  const onSettled = () => client.invalidateQueries({ queryKey: ["notifications"] });
  const [number, setNumber] = useState("");
  const [code, setCode] = useState("");
  const ask = useMutation({ mutationFn: () => ok(api.PUT("/v1/notifications/phone", { body: { number } })), onSettled });
  const verify = useMutation({ mutationFn: () => ok(api.POST("/v1/notifications/phone/verify", { body: { code } })), onSettled });
  const remove = useMutation({ mutationFn: () => ok(api.DELETE("/v1/notifications/phone")), onSettled });
  const busy = ask.isPending || verify.isPending || remove.isPending;
  const error = ask.error ?? verify.error ?? remove.error;
  return (
    <section className="card stack tight" data-testid="phone" data-verified={phone?.verified ?? false}>
      <h2>{t("phone.title")}</h2>
      <p>{t("phone.text")}</p>
      {error && <Trouble error={error} />}
      {phone?.verified && <p><Icon name="check" size={18} /> {t("phone.verified", { number: clip(phone.number, 40) })}</p>}
      {phone && !phone.verified && (
        <form onSubmit={(e) => {
          e.preventDefault();
          verify.mutate();
        }}>
          <label><span>{t("phone.code", { number: clip(phone.number, 40) })}</span><input value={code} required pattern="[0-9]{6}" inputMode="numeric" autoComplete="one-time-code" maxLength={6} onChange={(e) => setCode(e.target.value)} data-testid="phone-code" /></label>
          <div className="row"><button disabled={busy} data-testid="phone-verify">{t("phone.verify")}</button></div>
        </form>
      )}
      {!phone && (
        <form onSubmit={(e) => {
          e.preventDefault();
          ask.mutate();
        }}>
          <label><span>{t("phone.number")}</span><input type="tel" value={number} required minLength={6} maxLength={40} autoComplete="tel" placeholder="+49 30 123456" onChange={(e) => setNumber(e.target.value)} data-testid="phone-number" /></label>
          <div className="row"><button className="plain" disabled={busy} data-testid="phone-ask">{t("phone.send")}</button></div>
        </form>
      )}
      {phone && <div><button className="plain" disabled={busy} onClick={() => remove.mutate()} data-testid="phone-remove">{t("phone.remove")}</button></div>}
    </section>
  );
}
