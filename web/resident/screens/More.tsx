// More: everything that is needed now and then, help, language, signing out.
import { t, language, languages, type Key } from "../../shared/i18n";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { clip } from "../../shared/text";
import { signOut, useSession } from "../data";

const items: { to: string; icon: IconName; word: Key; text: Key }[] = [
  { to: "/incidents", icon: "clock", word: "nav.incidents", text: "more.incidents" },
  { to: "/notifications", icon: "bell", word: "nav.notifications", text: "more.notifications" },
  { to: "/activity", icon: "eye", word: "nav.activity", text: "more.activity" },
  { to: "/support", icon: "key", word: "nav.support", text: "more.support" },
  { to: "/gateway", icon: "router", word: "nav.gateway", text: "more.gateway" },
  { to: "/privacy", icon: "lock", word: "nav.privacy", text: "more.privacy" },
];

export function More() {
  const session = useSession().data;
  const phone = session?.provider.phone ?? "";
  const dial = phone.replace(/[^+\d]/g, "");
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
            <p><a className="button plain" href={`tel:${dial}`}><Icon name="phone" />{clip(phone, 30)}</a></p>
          </>
        ) : <p>{t("more.help.none")}</p>}
      </section>
      <label>
        <span>{t("more.language")}</span>
        <select value={language()} onChange={(e) => {
          localStorage.setItem("language", e.target.value);
          location.reload();
        }}>
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
