// Home: one sentence, what needs me, the map, this week in one line.
import { Suspense, useMemo, useState, type ReactNode } from "react";
import { locale, t, tn } from "../../shared/i18n";
import { useLive } from "../../shared/live";
import type { Card, Home } from "../../shared/model";
import { Ago, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { Boundary } from "../../shared/parts/Boundary";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { cardWords, homeSentence } from "../../shared/say";
import { clip, isolate } from "../../shared/text";
import { midnight, useDevices, useHome, useHomeID, useIncidents, useLine, usePeople, useSession, useStoppedDays } from "../data";
import { question } from "../device/newcomer";
import { here } from "../here";
import { HomeMapFigure } from "../homemap";
import { stoppedOn } from "../stopped/days";
import { homeMark, needsLook } from "../../shared/marks";

// asking is for whoever was not asked yet how they want to be told. It stands below what needs them, and stays until they leave this screen,
// so that it can say what became of their answer.
export function HomeScreen({ asking }: { asking: ReactNode }) {
  const asked = useSession().data?.asked;
  const [ask] = useState(asked === false);
  const home = useHome();
  const own = [...useWaiting(), ...useExposed()];
  if (!home.data) {
    return (
      <>
        <Title className="hidden">{t("nav.home")}</Title>
        {home.error ? <Trouble error={home.error} again={() => void home.refetch()} /> : <Skeleton lines={3} tall={340} />}
      </>
    );
  }
  return (
    <>
      <Sentence home={home.data} />
      <Cards home={home.data} own={own} />
      {ask && <Boundary><Suspense fallback={<Skeleton lines={1} tall={300} />}>{asking}</Suspense></Boundary>}
      {home.data.gateway?.online && <Here />}
      {home.data.gateway && <Map />}
      <SlowLine />
      <Today home={home.data} />
      <Week />
    </>
  );
}

function Sentence({ home }: { home: Home }) {
  const mark = homeMark(home.state);
  const g = home.gateway;
  const sentence = homeSentence(home, useDevices().data?.items ?? []);
  return (
    <section className="stack tight sentence" data-testid="home-state" data-state={home.state}>
      <div><State tone={mark.tone} icon={mark.icon}>{mark.word}</State></div>
      <Title data-testid="home-sentence" className={sentence.length > 60 ? "long" : undefined}>{clip(sentence, 240)}</Title>
      {g === null && <p className="quiet"><Link to="/gateway">{t("home.no-gateway")}</Link></p>}
      {g && !g.online && <p className="quiet">{t("home.last-seen")} <Ago at={g.last_seen} />. {t("home.still")}</p>}
      {g && g.online && !g.armed && <p className="quiet">{t("home.unarmed")}</p>}
      {g && g.online && g.degraded.length > 0 && (
        <ul className="quiet small">{g.degraded.slice(0, 5).map((d) => <li key={d}>{clip(d, 200)}</li>)}</ul>
      )}
      {g && g.online && home.desired.wanted > home.desired.running && <p className="quiet small">{t("home.waiting")}</p>}
    </section>
  );
}

// useWaiting are cards about new devices that wait for somebody's yes.
function useWaiting(): Card[] {
  return (useDevices().data?.items ?? []).filter((d) => d.held).map((d) => {
    return { kind: "new", title: question(d), text: t("home.new-device.text"), incident: "", device: d.id };
  });
}

// useExposed is a card about devices that are easier to attack than they need to be, or nothing.
function useExposed(): Card[] {
  const n = (useDevices().data?.items ?? []).filter((d) => d.exposures.some((x) => needsLook(d, x))).length;
  return n === 0 ? [] : [{ kind: "exposed", title: tn("home.exposed", n), text: t("home.exposed.text"), incident: "", device: "" }];
}

// Cards do not say again what the sentence above them has said.
function Cards({ home, own }: { home: Home; own: Card[] }) {
  const devices = useDevices().data?.items ?? [];
  const said = homeSentence(home, devices);
  const cards = [...home.cards.map((c) => ({ ...c, ...cardWords(c, home, devices) })), ...own];
  if (cards.length === 0) return null;
  return (
    <section aria-label={t("home.cards")}>
      <ul className="stack">
        {cards.slice(0, 3).map((c, i) => {
          const to = c.incident ? `/incidents/${encodeURIComponent(c.incident)}` : c.device ? `/devices/${encodeURIComponent(c.device)}${c.kind === "new" ? "#control" : ""}` : c.kind === "gateway" || c.kind === "confirm" ? "/gateway" : c.kind === "exposed" ? "/exposures" : null;
          const inner = (
            <>
              <span className="lead"><Icon name={c.incident ? "alert" : c.kind === "exposed" ? "eye" : "spark"} size={22} /></span>
              <span className="grow">{(!c.alert || `${c.title}.` !== said) && <strong>{clip(c.title, 160)}</strong>}<span>{c.text === said ? t("device.see-incident") : clip(c.text, 500)}</span></span>
              {to && <Icon name="next" size={20} />}
            </>
          );
          return (
            <li key={i} data-testid="home-card" data-kind={c.kind}>
              {to ? <Link to={to} className={`card ask ${c.incident ? "need" : ""}`}>{inner}</Link> : <div className="card ask">{inner}</div>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

// Here is who and what is online.
function Here() {
  const devices = useDevices().data?.items;
  const people = usePeople().data?.items ?? [];
  if (!devices) return null;
  const now = here(people, devices);
  const names = now.names.slice(0, 4).map((n) => isolate(n, 40));
  if (now.names.length > names.length) names.push(t("home.who.more", { n: now.names.length - names.length }));
  return (
    <Link to="/devices" className="card ask" data-testid="here" data-online={now.online}>
      <span className="lead"><Icon name="devices" size={22} /></span>
      <span className="grow">
        {now.people > 0 && <strong>{names.length === 0 ? t("home.who.none") : t("home.who", { names: new Intl.ListFormat(locale()).format(names) })}</strong>}
        <span className={now.people > 0 ? "quiet" : undefined}>{tn("home.online", now.online, { all: now.all })}</span>
      </span>
      <Icon name="next" size={20} />
    </Link>
  );
}

function Map() {
  const devices = useDevices();
  const live = useLive(useHomeID());
  const items = devices.data?.items;
  return (
    <section className="card" aria-labelledby="map-title">
      <h2 id="map-title">{t("map.title")}</h2>
      {items ? <HomeMapFigure devices={items} live={live} />
        : devices.error ? <Trouble error={devices.error} again={() => void devices.refetch()} /> : <Skeleton lines={1} tall={300} />}
    </section>
  );
}

// SlowLine is there only while the line is slow.
function SlowLine() {
  const line = useLine().data;
  if (!line?.slow) return null;
  return (
    <Link to="/line" className="card ask" data-testid="slow-line" data-slow={line.slow}>
      <span className="lead"><Icon name="clock" size={22} /></span>
      <span className="grow"><strong>{t("home.slow")}</strong><span lang={line.language || undefined}>{clip(line.sentence, 240)}</span></span>
      <Icon name="next" size={20} />
    </Link>
  );
}

// Today counts by this browser's day, as the page behind it does; until that is known, by the home's.
function Today({ home }: { home: Home }) {
  const week = useStoppedDays().data?.pages[0];
  const n = week ? stoppedOn(week.items, midnight()) : home.stopped_today;
  return (
    <Link to="/stopped" className="card ask" data-testid="stopped-today">
      <span className="lead"><Icon name="shield" size={22} /></span>
      <span className="grow">
        <strong>{n === 0 ? t("home.stopped.none") : tn("home.today", n)}</strong>
        <span className="quiet">{tn("home.trackers", home.trackers_today)}</span>
      </span>
      <Icon name="next" size={20} />
    </Link>
  );
}

function Week() {
  const since = useMemo(() => midnight(6), []);
  const week = useStoppedDays().data?.pages[0]; // its first page is this week
  const incidents = useIncidents("all");
  if (!week || !incidents.data) return null;
  const mine = incidents.data.items.filter((i) => Date.parse(i.opened) >= Date.parse(since)).length;
  const n = week.items.reduce((sum, s) => sum + s.count, 0);
  return (
    <p className="quiet week" data-testid="this-week">
      {t("home.week")} {mine === 0 ? t("home.week.calm") : tn("home.week.cases", mine)} {tn("home.stopped", n)} {tn("home.trackers", week.trackers)}{" "}
      <Link to="/incidents">{t("home.week.all")}</Link>
    </p>
  );
}
