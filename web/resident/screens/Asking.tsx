// Asking is for whoever has an account that was made for them: how they want to be told, once. Until they say, what is critical comes by e-mail.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { language, t } from "../../shared/i18n";
import { Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link } from "../../shared/router";
import { useSession } from "../data";
import { subscribe } from "../notify/push";
import { Telling } from "../sign/Telling";
import { leave, save, usual } from "../sign/told";
import "../settings.css";

export function Asking() {
  const client = useQueryClient();
  const session = useSession().data;
  const [told, choose] = useState(usual);
  const answer = useMutation({
    // What somebody chose without reaching this device is kept all the same, and said.
    mutationFn: async (chose: boolean) => (chose ? (await save(told, language(), subscribe)) === told.push : leave().then(() => true)),
    onSettled: () => {
      for (const part of ["session", "notifications"]) void client.invalidateQueries({ queryKey: [part] });
    },
  });
  // The buttons go with the question: who answered is told where it stood, wherever the eyes or the reader are.
  const said = useRef<HTMLParagraphElement>(null);
  useEffect(() => said.current?.focus(), [answer.isSuccess]);
  if (answer.isSuccess) {
    return (
      <p ref={said} tabIndex={-1} role="status" className="card" data-testid="asked">
        <Icon name="check" size={18} /> {t(answer.data ? "asking.kept" : "asking.kept.no-push")} <Link to="/notifications">{t("nav.notifications")}</Link>
      </p>
    );
  }
  if (session?.asked !== false) return null; // answered elsewhere meanwhile
  return (
    <form className="card stack tight" aria-busy={answer.isPending} data-testid="asking" onSubmit={(e) => {
      e.preventDefault();
      answer.mutate(true);
    }}>
      <Telling told={told} choose={choose} email={session.person.email} />
      {answer.error && <Trouble error={answer.error} />}
      <div className="row">
        <button disabled={answer.isPending} data-testid="asking-keep">{t("asking.keep")}</button>
        <button type="button" className="plain" disabled={answer.isPending} onClick={() => answer.mutate(false)} data-testid="asking-leave">{t("asking.leave")}</button>
      </div>
    </form>
  );
}
