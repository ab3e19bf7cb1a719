// First sign-in by the code on a gateway's label.
import { useState } from "react";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Link } from "../../shared/router";
import { isolate } from "../../shared/text";
import { wear } from "../brand";
import { grouped, take } from "../sign/door";
import { Page, useEnter } from "../sign/Enter";
import { Newcomer } from "../sign/Newcomer";
import { make } from "../sign/passkey";

const label = take("start");

export function Start() {
  const { busy, error, enter, setError, setBusy } = useEnter();
  const [code, setCode] = useState(grouped(label));
  const [found, setFound] = useState<components["schemas"]["Labelled"] | null>(null);
  const look = async () => {
    setBusy(true);
    setError(null);
    try {
      const l = await ok(api.POST("/v1/labels/look", { body: { code } }));
      wear(l.look);
      setFound(l);
    } catch (e) {
      setError(e);
    }
    setBusy(false);
  };
  return (
    <Page title="start.title" error={error} wrong="start.wrong">
      {!found && (
        <form onSubmit={(e) => {
          e.preventDefault();
          void look();
        }}>
          <p>{t("start.text")}</p>
          <label><span>{t("start.code")}</span><input value={code} required maxLength={100} autoComplete="off" autoCapitalize="characters" spellCheck={false} onChange={(e) => setCode(e.target.value)} data-testid="label-code" /></label>
          <button disabled={busy} data-testid="label-look">{t("start.go")}</button>
        </form>
      )}
      {found?.owned && <p role="status" data-testid="label-owned">{t("start.owned", { home: isolate(found.home) })}</p>}
      {found && !found.owned && (
        <>
          <p>{t("start.home", { home: isolate(found.home), provider: isolate(found.provider) })}</p>
          <Newcomer email="" busy={busy} password={(m, told) => void enter(() => ok(api.POST("/v1/labels/claim", { body: { code, ...m } })), told)}
            passkey={(m, told) => void enter(async () => {
              const { name, email } = m;
              const q = await ok(api.POST("/v1/labels/challenge", { body: { code, name, email } }));
              return ok(api.POST("/v1/labels/claim", { body: { code, name, email, passkey: await make(q, t("signin.passkey.here")) } }));
            }, told)} />
        </>
      )}
      <p><Link to="/sign-in">{t("start.have")}</Link></p>
    </Page>
  );
}
