// Whether a message is from us, by the check code in it. The answer says when it was sent: a copy comes at another time.
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import { t, tn } from "../../shared/i18n";
import { Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { clip, clock, isolate } from "../../shared/text";

export function Check() {
  const [code, setCode] = useState("");
  const check = useMutation({ mutationFn: () => ok(api.GET("/v1/genuine", { params: { query: { code: code.trim() } } })) });
  const g = check.data;
  return (
    <section className="card stack tight">
      <h2>{t("genuine.title")}</h2>
      <p>{t("genuine.text")}</p>
      <form onSubmit={(e) => {
        e.preventDefault();
        check.mutate();
      }}>
        <label><span>{t("genuine.code")}</span><input value={code} required maxLength={40} autoComplete="off" autoCapitalize="characters" spellCheck={false} onChange={(e) => setCode(e.target.value)} data-testid="genuine-code" /></label>
        <div><button className="plain" disabled={check.isPending} data-testid="genuine-check">{t("genuine.check")}</button></div>
      </form>
      {check.error && <Trouble error={check.error} />}
      {g && (
        <div role="status" className="stack tight" data-testid="genuine" data-genuine={g.genuine}>
          {g.genuine
            ? <p><Icon name="check" size={20} /> <strong>{t("genuine.yes", { name: isolate(g.provider) })}</strong> {g.at && t("genuine.at", { time: clock(g.at), way: clip(g.way, 20) })}</p>
            : <p><Icon name="alert" size={20} /> <strong>{t("genuine.no")}</strong> {t("genuine.no.text")}</p>}
          {g.genuine && <p className="small">{t("genuine.compare")}{g.checked > 3 && ` ${tn("genuine.often", g.checked)}`}</p>}
        </div>
      )}
    </section>
  );
}
