// More: everything that is needed now and then, help, language, signing out.
import { t, language, languages, type Key } from "../../shared/i18n";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip } from "../../shared/text";
import { dial, hint, useBrand } from "../brand";
import { signOut, useSession } from "../data";
import { useInstall } from "../install";

const items: { to: string; icon: IconName; word: Key; text: Key }[] = [
  { to: "/incidents", icon: "clock", word: "nav.incidents", text: "more.incidents" },
  { to: "/reports", icon: "clock", word: "nav.reports", text: "more.reports" },
  { to: "/devices/new", icon: "hand", word: "nav.new", text: "more.new" },
  { to: "/people", icon: "clock", word: "nav.people", text: "more.people" },
  { to: "/help", icon: "phone", word: "nav.help", text: "more.help-page" },
  { to: "/notifications", icon: "bell", word: "nav.notifications", text: "more.notifications" },
  { to: "/policy", icon: "shield", word: "nav.policy", text: "more.policy" },
  { to: "/members", icon: "home", word: "nav.members", text: "more.members" },
  { to: "/account", icon: "key", word: "nav.account", text: "more.account" },
  { to: "/activity", icon: "eye", word: "nav.activity", text: "more.activity" },
  { to: "/support", icon: "key", word: "nav.support", text: "more.support" },
  { to: "/line", icon: "clock", word: "nav.line", text: "more.line" },
  { to: "/gateway", icon: "router", word: "nav.gateway", text: "more.gateway" },
  { to: "/privacy", icon: "lock", word: "nav.privacy", text: "more.privacy" },
];

export function More() {
  const session = useSession().data;
  const phone = session?.provider.phone ?? "";
  const install = useInstall();
  const brand = useBrand();
  return (
    <>
      <Title>{t("nav.more")}</Title>
      <ul className="stack tight">
        {items.map((i) => (
          <li key={i.to}>
            <Link to={i.to} className="card ask">
              <span className="lead"><Icon name={i.icon} size={22} /></span>
              <span className="grow"><strong>{t(i.word)}</strong><span className="quiet small">{t(i.text)}</span></span>
              <Icon name="next" size={20} />
            </Link>
          </li>
        ))}
      </ul>
      <section className="card stack tight">
        <h2>{t("more.help")}</h2>
        {phone ? (
          <>
            <p>{t("more.help.text", { name: clip(session?.provider.name ?? "", 60) })}</p>
            <p><a className="button plain" href={dial(phone)}><Icon name="phone" />{clip(phone, 30)}</a></p>
          </>
        ) : <p>{t("more.help.none")}</p>}
        {hint(brand) && <p>{hint(brand)}</p>}
        {brand.support && <p><a className="tall" href={brand.support} rel="noreferrer noopener" target="_blank">{clip(brand.support, 80)}</a></p>}
      </section>
      {install && (
        <section className="card stack tight">
          <h2>{t("more.install")}</h2>
          <p>{t("more.install.text")}</p>
          <p><button className="plain" onClick={install} data-testid="install"><Icon name="home" />{t("more.install.button")}</button></p>
        </section>
      )}
      <label>
        <span>{t("more.language")}</span>
        <select value={language()} onChange={(e) => {
          localStorage.setItem("language", e.target.value);
          location.reload();
        }} data-testid="language">
          {Object.entries(languages).map(([k, v]) => <option key={k} value={k} lang={k}>{v}</option>)}
        </select>
      </label>
      <div className="between">
        <p className="quiet small">{session && <bdi>{clip(session.person.email, 80)}</bdi>}</p>
        <button className="plain" onClick={() => void signOut()} data-testid="sign-out"><Icon name="out" />{t("more.sign-out")}</button>
      </div>
    </>
  );
}
