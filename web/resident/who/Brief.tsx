// Who a device is, in one line. What is unknown is said plainly, once.
import { t } from "../../shared/i18n";
import type { Identity } from "../../shared/model";
import { Name } from "../../shared/parts/Bits";
import { ClassIcon, ClassMark } from "../../shared/parts/ClassIcon";
import { product } from "../../shared/product";
import { isKnown } from "../../shared/who";

export function Brief({ who }: { who: Identity }) {
  if (!isKnown(who)) return <span className="kind" data-class=""><ClassIcon of="" size={18} /> {t("who.unknown")}</span>;
  const what = product(who);
  return <span className="brief"><ClassMark of={who.class} /> · {what ? <Name max={60}>{what}</Name> : <span className="quiet">{t("who.maker-unknown")}</span>}</span>;
}
