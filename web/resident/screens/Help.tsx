// Help: what the provider does, what only you can do, whom to call with which code, and whether a message is genuine.
import { useQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import { language, t } from "../../shared/i18n";
import { Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip } from "../../shared/text";
import { useIncidents, useSession } from "../data";
import { hint, useBrand } from "../brand";
import { Check } from "../help/Check";
import { Sections } from "../help/Sections";
import "../settings.css";

export function Help() {
  const help = useQuery({ queryKey: ["help"], staleTime: 3_600_000, queryFn: () => ok(api.GET("/v1/help")) });
  const open = useIncidents("open").data?.items ?? [];
  const provider = useSession().data?.provider;
  const brand = useBrand();
  const phone = help.data?.phone || provider?.phone || "";
  const text = help.data?.languages[language()] ?? help.data?.languages.en;
  return (
    <>
      <Title>{t("nav.help")}</Title>
      <section className="card stack tight" data-testid="help-phone">
        <h2>{t("help.call")}</h2>
        {phone && <p><a className="button plain" href={`tel:${phone.replace(/[^+\d]/g, "")}`}><Icon name="phone" />{clip(phone, 40)}</a></p>}
        <p>{t(open.length > 0 ? "help.code" : "help.no-code")}</p>
        {hint(brand) && <p>{hint(brand)}</p>}
        <ul className="lines">{open.map((i) => <li key={i.id} className="between"><Link to={`/incidents/${encodeURIComponent(i.id)}`} className="tall"><Name>{i.device.name}</Name></Link><span className="code" data-testid="help-code">{clip(i.code, 12)}</span></li>)}</ul>
      </section>
      <Check />
      {!text && (help.error ? <Trouble error={help.error} again={() => void help.refetch()} /> : <Skeleton lines={6} tall={80} />)}
      {text && <Sections text={text} quoted={!help.data?.languages[language()]} />}
    </>
  );
}
