// What a device talks to: whom, whether that is usual or listed, what was decided and why.
import { t } from "../i18n";
import { contactKey } from "../live";
import type { Contact } from "../model";
import { Ago, Empty, Name, State, type Tone } from "./Bits";
import { word } from "./Case";
import { Icon, type IconName } from "./Icon";
import { bytes, clip, country } from "../text";
import { usual } from "../usual";

const marks: Record<string, { tone: Tone; icon: IconName }> = {
  allow: { tone: "good", icon: "check" },
  watch: { tone: "work", icon: "eye" },
  block: { tone: "need", icon: "stop" },
  contain: { tone: "held", icon: "lock" },
};

interface Props { contacts: Contact[]; blocked?: string[]; block?: (endpoint: string) => void; busy?: boolean }

export function Contacts({ contacts, blocked = [], block, busy }: Props) {
  if (contacts.length === 0) return <Empty icon="clock">{t("live.silent")}</Empty>;
  const rank = (c: Contact) => (c.verdict === "contain" ? 0 : c.verdict === "block" ? 1 : c.verdict === "watch" ? 2 : 3);
  const items = [...contacts].sort((a, b) => rank(a) - rank(b) || Date.parse(b.last) - Date.parse(a.last)).slice(0, 60);
  return (
    <ul className="lines" data-testid="contacts">
      {items.map((c) => (
        <li key={contactKey(c)} className="stack tight" data-testid="contact" data-verdict={c.verdict}>
          <Who contact={c} />
          <p className="small">{clip(c.reason, 300)}</p>
          <p className="small quiet">{answers(c)}</p>
          <p className="small quiet">↑ {bytes(c.bytes_up)} · ↓ {bytes(c.bytes_down)} · <Ago at={c.last} /></p>
          <div className="between">
            <Expert contact={c} />
            {block && c.verdict !== "block" && c.verdict !== "contain" && !c.local && !c.inbound && endpointOf(c) !== "" && !blocked.includes(endpointOf(c)) && (
              <button className="plain" disabled={busy} onClick={() => block(endpointOf(c))} aria-label={`${t("device.block")}: ${clip(endpointOf(c), 60)}`}>
                <Icon name="stop" size={18} />{t("device.block")}
              </button>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

const endpointOf = (c: Contact) => c.name || c.ip;

function Who({ contact: c }: { contact: Contact }) {
  const mark = marks[c.verdict] ?? { tone: "mute" as const, icon: "dot" as const };
  const company = c.service?.company || c.service?.name;
  return (
    <div className="between high">
      <div>
        <strong><Name max={48}>{company || c.name || c.domain || c.ip || c.peer}</Name></strong>
        {company && <p className="small quiet"><Name max={60}>{c.name || c.ip}</Name></p>}
        {where(c) && <p className="small quiet"><bdi>{where(c)}</bdi></p>}
        {c.service?.purpose && <p className="small quiet">{clip(c.service.purpose, 120)}</p>}
      </div>
      <State tone={mark.tone} icon={mark.icon}>{word("verdict", c.verdict)}</State>
    </div>
  );
}

// where says who runs the network of the other end, and in which country its address is registered.
export function where(c: Contact): string {
  return [clip(c.network ?? "", 60), country(clip(c.country ?? "", 40))].filter(Boolean).join(", ");
}

// answers are the three answers of a verdict: usual, known, listed.
export function answers(c: Contact): string {
  const out = [usual(c.usual)];
  if (c.listed) out.push(t("listed.yes", { what: word("threat", c.listed.class) }));
  else out.push(t("listed.no"));
  if (c.local) out.push(t("contact.local"));
  if (c.inbound) out.push(t("contact.inbound"));
  if (c.lookup) out.push(t("contact.lookup"));
  return out.join(" · ");
}

function Expert({ contact: c }: { contact: Contact }) {
  return (
    <details className="grow">
      <summary><Icon name="down" size={18} />{t("evidence.expert")}</summary>
      <dl className="facts small">
        <dt>{t("contact.endpoint")}</dt><dd><bdi>{clip(c.name || c.ip, 253)}</bdi> {c.port > 0 && `${c.proto} ${c.port}`}</dd>
        {c.ip && <><dt>IP</dt><dd>{clip(c.ip, 45)}{c.asn > 0 && ` (AS${c.asn})`}</dd></>}
        <dt>{t("contact.flows")}</dt><dd>{c.flows} ({t("contact.failed")} {c.failed})</dd>
        {c.named && <><dt>{t("contact.named")}</dt><dd>{clip(c.named, 60)}</dd></>}
        {c.listed && <><dt>{t("contact.list")}</dt><dd>{clip(`${c.listed.source}: ${c.listed.family || c.listed.class} (${c.listed.kind} ${c.listed.value}, ${c.listed.confidence} %)`, 300)}</dd></>}
      </dl>
    </details>
  );
}
