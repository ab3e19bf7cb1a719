// Members: who belongs to the home and may do what, who is invited, and leaving.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { components } from "../../shared/api.gen";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import { Dialog, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { Title } from "../../shared/router";
import { clip, clock, date, isolate } from "../../shared/text";
import { useHomeID, useOwns } from "../data";
import "../settings.css";

type Member = components["schemas"]["Member"];
type Role = Member["role"];
const roles = ["member", "viewer", "owner"] as const;

export function Members() {
  const home = useHomeID();
  const owns = useOwns();
  const members = useQuery({ queryKey: [home, "members"], queryFn: () => ok(api.GET("/v1/homes/{home}/members", { params: { path: { home } } })) });
  const list = members.data?.items;
  return (
    <>
      <Title>{t("nav.members")}</Title>
      <p className="quiet">{t("members.text")}</p>
      {!list && (members.error ? <Trouble error={members.error} again={() => void members.refetch()} /> : <Skeleton lines={3} tall={80} />)}
      <ul className="stack tight" data-testid="members">{list?.map((m) => <Row key={m.id} member={m} owns={owns} />)}</ul>
      {owns && <Invitations />}
      {list && <Leave />}
    </>
  );
}

function useDone() {
  const home = useHomeID();
  const client = useQueryClient();
  return () => {
    for (const part of ["members", "invitations", "people"]) void client.invalidateQueries({ queryKey: [home, part] });
  };
}

function Row({ member: m, owns }: { member: Member; owns: boolean }) {
  const home = useHomeID();
  const onSettled = useDone();
  const [sure, ask] = useState(false);
  const params = { path: { home, member: m.id } };
  const change = useMutation({ mutationFn: (role: Role) => ok(api.PATCH("/v1/homes/{home}/members/{member}", { params, body: { role } })), onSettled });
  const remove = useMutation({ mutationFn: () => ok(api.DELETE("/v1/homes/{home}/members/{member}", { params })), onSettled });
  return (
    <li className="card stack tight" data-testid="member" data-role={m.role} data-you={m.you}>
      <div className="between high"><strong><Name>{m.name}</Name>{m.you && ` (${t("members.you")})`}</strong><span className="small">{t(`role.${m.role}`)}</span></div>
      <p className="small quiet">{m.email && <bdi>{clip(m.email, 80)}</bdi>}{m.since && ` · ${t("members.since", { date: date(m.since) })}`}</p>
      {(change.error ?? remove.error) && <Trouble error={change.error ?? remove.error} />}
      {owns && !m.you && (
        <div className="row">
          <label className="grow"><span className="hidden">{t("members.role", { name: isolate(m.name) })}</span>
            <select value={m.role} disabled={change.isPending} onChange={(e) => change.mutate(e.target.value as Role)} data-testid="member-role">{roles.map((r) => <option key={r} value={r}>{t(`role.${r}`)}</option>)}</select></label>
          <button className="bad" disabled={remove.isPending} onClick={() => ask(true)} data-testid="remove-member">{t("members.remove")}</button>
        </div>
      )}
      <Dialog title={t("members.remove.title", { name: isolate(m.name) })} open={sure} close={() => ask(false)}>
        <p>{t("members.remove.text")}</p>
        <div className="row">
          <button className="bad" data-testid="confirm" onClick={() => {
            ask(false);
            remove.mutate();
          }}>{t("members.remove")}</button>
          <button className="plain" onClick={() => ask(false)}>{t("cancel")}</button>
        </div>
      </Dialog>
    </li>
  );
}

function Invitations() {
  const home = useHomeID();
  const onSettled = useDone();
  const path = { home };
  const [role, setRole] = useState<Role>("member");
  const [email, setEmail] = useState("");
  const open = useQuery({ queryKey: [home, "invitations"], queryFn: () => ok(api.GET("/v1/homes/{home}/invitations", { params: { path } })) });
  const invite = useMutation({ mutationFn: () => ok(api.POST("/v1/homes/{home}/invitations", { params: { path }, body: { role, ...(email ? { email } : {}) } })), onSettled });
  const back = useMutation({ mutationFn: (invitation: string) => ok(api.DELETE("/v1/homes/{home}/invitations/{invitation}", { params: { path: { home, invitation } } })), onSettled });
  return (
    <section className="card stack tight">
      <h2>{t("invite.title")}</h2>
      {(invite.error ?? back.error ?? open.error) && <Trouble error={invite.error ?? back.error ?? open.error} />}
      <form onSubmit={(e) => {
        e.preventDefault();
        invite.mutate();
      }}>
        <label><span>{t("invite.role")}</span><select value={role} onChange={(e) => setRole(e.target.value as Role)} data-testid="invite-role">{roles.map((r) => <option key={r} value={r}>{t(`role.${r}`)}</option>)}</select></label>
        <p className="small quiet">{t(`role.${role}.text`)}</p>
        <label><span>{t("invite.email")}</span><input type="email" value={email} maxLength={254} autoComplete="off" onChange={(e) => setEmail(e.target.value)} data-testid="invite-email" /></label>
        <div><button className="plain" disabled={invite.isPending} data-testid="invite">{t("invite.button")}</button></div>
      </form>
      {invite.data && (
        <div role="status" className="stack tight" data-testid="invited">
          <p>{t(invite.data.told ? "invite.told" : "invite.show")} {t("invite.until", { time: clock(invite.data.expires) })}</p>
          <img className="qr" width="200" height="200" alt={t("invite.qr")} src={"data:image/svg+xml;charset=utf-8," + encodeURIComponent(invite.data.qr_svg)} />
          <input readOnly value={invite.data.uri} aria-label={t("invite.link")} onFocus={(e) => e.target.select()} data-testid="invite-link" />
        </div>
      )}
      <ul className="lines">{open.data?.items.map((i) => (
        <li key={i.id} className="between" data-testid="invitation"><span className="grow"><bdi>{clip(i.email, 60) || t("invite.anybody")}</bdi><br /><span className="small quiet">{t(`role.${i.role}`)} · {t("invite.until", { time: clock(i.expires) })}</span></span>
          <button className="plain" disabled={back.isPending} onClick={() => back.mutate(i.id)} data-testid="take-invitation-back">{t("invite.back")}</button></li>
      ))}</ul>
    </section>
  );
}

function Leave() {
  const home = useHomeID();
  const [sure, ask] = useState(false);
  const leave = useMutation({ mutationFn: () => ok(api.POST("/v1/homes/{home}/leave", { params: { path: { home } } })), onSuccess: () => location.assign("/") });
  return (
    <section className="stack tight">
      {leave.error && <Trouble error={leave.error} />}
      <div><button className="bad" onClick={() => ask(true)} data-testid="leave">{t("leave.button")}</button></div>
      <Dialog title={t("leave.button")} open={sure} close={() => ask(false)}>
        <p>{t("leave.text")}</p>
        <div className="row">
          <button className="bad" disabled={leave.isPending} onClick={() => leave.mutate()} data-testid="confirm">{t("leave.button")}</button>
          <button className="plain" onClick={() => ask(false)}>{t("cancel")}</button>
        </div>
      </Dialog>
    </section>
  );
}
