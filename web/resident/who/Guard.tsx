// One protection of one device: what it changes, asked for, in force or failed, and taken back.
import { useState } from "react";
import { t } from "../../shared/i18n";
import type { Device, Protection } from "../../shared/model";
import { Dialog, Name, State, Trouble } from "../../shared/parts/Bits";
import { OrderLine } from "../../shared/parts/Case";
import { Icon } from "../../shared/parts/Icon";
import { useAbout } from "./orders";

export function Guard({ device, ask: p, held }: { device: Pick<Device, "id" | "name">; ask: Protection; held: boolean }) {
  const asking = useAbout(device.id);
  const [sure, setSure] = useState(false);
  const busy = !asking.may || asking.sending || asking.order?.status === "asked";
  const word = t(`guard.${p.kind}`);
  const port = p.port ? t("guard.port", { port: String(p.port) }) : t("guard.ports");
  return (
    <div className="guard stack tight" data-testid={`guard-${p.kind}`} data-held={held}>
      {held ? (
        <>
          <State tone="good" icon="shield">{word}: {t("guard.held")}</State>
          <button className="plain" disabled={busy} aria-label={`${t("guard.undo")}: ${word}`} data-testid={`unprotect-${p.kind}`}
            onClick={() => asking.ask({ act: "unprotect", body: p })}>{t("guard.undo")}</button>
        </>
      ) : (
        <button className="plain" disabled={busy} onClick={() => setSure(true)} data-testid={`protect-${p.kind}`}><Icon name="shield" size={18} />{word}</button>
      )}
      <div role="status">
        {asking.error !== null && <Trouble error={asking.error} />}
        {asking.order && <OrderLine order={asking.order} />}
      </div>
      <Dialog title={t(`guard.${p.kind}.title`)} open={sure} close={() => setSure(false)}>
        <p className="quiet"><Name>{device.name}</Name></p>
        <p>{t(`guard.${p.kind}.text`, { port })}</p>
        <p className="small quiet">{t("guard.back")}</p>
        <div className="row">
          <button data-testid="confirm" onClick={() => {
            setSure(false);
            asking.ask({ act: "protect", body: p });
          }}>{word}</button>
          <button className="plain" onClick={() => setSure(false)}>{t("cancel")}</button>
        </div>
      </Dialog>
    </div>
  );
}
