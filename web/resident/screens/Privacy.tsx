// Privacy: what is kept where, taking it along, and having it erased.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Dialog, Trouble } from "../../shared/parts/Bits";
import { Title } from "../../shared/router";
import { clip } from "../../shared/text";
import { forget, useHomeID, useSession } from "../data";

export function Privacy() {
  const home = useHomeID();
  const save = useMutation({
    mutationFn: async () => {
      const all = await ok(api.GET("/v1/homes/{home}/export", { params: { path: { home } } }));
      const url = URL.createObjectURL(new Blob([JSON.stringify(all, null, 2)], { type: "application/json" }));
      const a = document.createElement("a");
      a.href = url;
      a.download = `cardea-home-${new Date().toISOString().slice(0, 10)}.json`;
      a.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    },
  });
  return (
    <>
      <Title>{t("nav.privacy")}</Title>
      <section className="card stack tight">
        <h2>{t("privacy.where")}</h2>
        <p>{t("privacy.gateway")}</p>
        <p>{t("privacy.cloud")}</p>
        <p>{t("privacy.browser")}</p>
      </section>
      <section className="card stack">
        <h2>{t("privacy.export")}</h2>
        <p>{t("privacy.export.text")}</p>
        {save.error && <Trouble error={save.error} />}
        <div><button className="plain" disabled={save.isPending} onClick={() => save.mutate()} data-testid="export">{t("privacy.export.button")}</button></div>
      </section>
      <Erase />
    </>
  );
}

function Erase() {
  const home = useHomeID();
  const client = useQueryClient();
  const name = useSession().data?.homes.find((h) => h.id === home)?.name ?? "";
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const erase = useMutation({
    mutationFn: () => ok(api.DELETE("/v1/homes/{home}/data", { params: { path: { home } }, body: { confirm: typed } })),
    onSuccess: async () => {
      setOpen(false);
      setTyped("");
      await forget();
      await client.invalidateQueries();
    },
  });
  return (
    <section className="card stack">
      <h2>{t("privacy.erase")}</h2>
      <p>{t("privacy.erase.text")}</p>
      {erase.isSuccess && <p role="status" data-testid="erased">{t("privacy.erased")}</p>}
      <div><button className="bad" onClick={() => setOpen(true)} data-testid="erase">{t("privacy.erase.button")}</button></div>
      <Dialog title={t("privacy.erase")} open={open} close={() => setOpen(false)}>
        <form onSubmit={(e) => {
          e.preventDefault();
          erase.mutate();
        }}>
          <label><span>{t("privacy.erase.confirm", { name: clip(name, 60) })}</span>
            <input value={typed} onChange={(e) => setTyped(e.target.value)} autoComplete="off" maxLength={200} data-testid="erase-name" /></label>
          {erase.error && <Trouble error={erase.error} />}
          <div className="row">
            <button className="bad" disabled={typed !== name || erase.isPending} data-testid="confirm">{t("privacy.erase.button")}</button>
            <button type="button" className="plain" onClick={() => setOpen(false)}>{t("cancel")}</button>
          </div>
        </form>
      </Dialog>
    </section>
  );
}
