// The page for checking a message, open to everybody: who has the message need not be signed in.
import { t } from "../../shared/i18n";
import { Link } from "../../shared/router";
import { Check } from "../help/Check";
import { Page } from "../sign/Enter";

export function Genuine() {
  return (
    <Page title="genuine.page" error={null}>
      <Check />
      <p className="quiet small">{t("genuine.never")}</p>
      <p><Link to="/">{t("nav.to-home")}</Link></p>
    </Page>
  );
}
