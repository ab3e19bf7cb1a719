// What a home's plan does not have: what it would do, that the protection is whole without it, and whom to ask.
import { t } from "../../shared/i18n";
import { Icon } from "../../shared/parts/Icon";
import { isolate } from "../../shared/text";
import { dial, useBrand } from "../brand";

interface Props { extra: "people" | "reports"; resting?: boolean }

export function NotIn({ extra, resting = false }: Props) {
  const brand = useBrand();
  const name = isolate(brand.name || t("plan.provider"), 60);
  return (
    <section className="card stack tight" data-testid="not-in-plan" data-extra={extra} data-resting={resting}>
      <h2>{t("plan.title")}</h2>
      <p>{t(`plan.${extra}`)}</p>
      <p className="row"><Icon name="shield" size={20} /><span className="grow">{t("plan.safe")}</span></p>
      {resting && <p className="row"><Icon name="clock" size={20} /><span className="grow" data-testid="resting">{t("plan.resting")}</span></p>}
      <p>{brand.phone ? t("plan.call", { name, phone: isolate(brand.phone) }) : t("plan.ask", { name })}</p>
      {brand.phone && <p><a className="button plain" href={dial(brand.phone)} data-testid="plan-phone"><Icon name="phone" />{brand.phone}</a></p>}
      {brand.support && <p><a className="tall" href={brand.support} rel="noreferrer noopener" target="_blank">{t("plan.page")}</a></p>}
    </section>
  );
}
