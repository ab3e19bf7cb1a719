// The public page: why, what the provider does, what to do, how to prevent it. Open to everybody, in both languages.
import { useQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import { language, t } from "../../shared/i18n";
import { Skeleton } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link, useParams } from "../../shared/router";
import { clip } from "../../shared/text";
import { Check } from "../help/Check";
import { Sections } from "../help/Sections";
import { Page } from "../sign/Enter";

export function PublicHelp() {
  const provider = useParams().get("provider") ?? "";
  const help = useQuery({ queryKey: ["help", provider], staleTime: 3_600_000, queryFn: () => ok(api.GET("/v1/help", { params: { query: provider ? { provider } : {} } })) });
  const h = help.data;
  const text = h?.languages[language()] ?? h?.languages.en;
  return (
    <Page title="nav.help" error={help.error}>
      {h?.phone && <p><a className="button plain" href={`tel:${h.phone.replace(/[^+\d]/g, "")}`}><Icon name="phone" />{t("help.call")}: {clip(h.phone, 40)}</a></p>}
      {!text && !help.error && <Skeleton lines={6} tall={80} />}
      {text && <Sections text={text} quoted={!h?.languages[language()]} />}
      <Check />
      <p className="quiet small">{t("genuine.never")}</p>
      <p><Link to="/sign-in" className="tall">{t("start.have")}</Link></p>
    </Page>
  );
}
