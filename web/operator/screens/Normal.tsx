// What is normal: the models of which the fleet learns what they do, and the page of facts of each.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, ok } from "../../shared/client";
import type { Profile, ProfileFacts } from "../../shared/model";
import { calibrationText, driftText, endpointsText, freshText, hour, hoursText, part, partText } from "../../shared/normal";
import { Empty, Skeleton, State, Trouble, type Tone } from "../../shared/parts/Bits";
import { word } from "../../shared/parts/Case";
import { ClassMark } from "../../shared/parts/ClassIcon";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { Link, Title, useParams } from "../../shared/router";
import { clip, clock, date } from "../../shared/text";
import { className, product } from "../../shared/product";
import { Find, noSuch, sought } from "./Models";
import { Pages } from "./Pages";

const called = (p: Pick<Profile, "model" | "vendor" | "class">) => clip(product(p), 80) || (p.class ? className(p.class) : "Not known");

export function Normal() {
  const params = useParams();
  const cursor = params.get("cursor") ?? "", q = sought(params);
  const list = useQuery({
    queryKey: ["profiles", q, cursor],
    queryFn: () => ok(api.GET("/v1/staff/profiles", { params: { query: { limit: 50, ...(q ? { q } : {}), ...(cursor ? { cursor } : {}) } } })),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <div className="between"><Title>What is normal</Title><Link to="/together" className="button plain">In many homes</Link></div>
      <p className="quiet">What the fleet learned that each model does, those in most homes first. A home has one vote a week. A number of fewer than 20 homes is not told.</p>
      <Find q={q} />
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {!list.data && !list.error && <Skeleton lines={8} />}
      {list.data && (list.data.items.length === 0 ? <Empty icon="devices">{q ? noSuch : "Nothing is learned yet: homes teach when they are 14 days old."}</Empty> : <Models models={list.data.items} />)}
      <Pages cursor={cursor} next={list.data?.next} />
    </>
  );
}

function Models({ models }: { models: Profile[] }) {
  return (
    <div className="scroll card" tabIndex={0} role="region" aria-label="Models">
      <table data-testid="profiles">
        <thead><tr><th scope="col">Model</th><th scope="col">Kind</th><th scope="col" className="num">Homes</th><th scope="col" className="num">Of your homes</th></tr></thead>
        <tbody>
          {models.map((m) => (
            <tr key={m.id} data-profile={m.id}>
              <td className="wide"><Link to={`/normal/${encodeURIComponent(m.id)}`}><bdi>{called(m)}</bdi></Link></td>
              <td><ClassMark of={m.class} /></td>
              <td className="num">{clip(m.homes.words, 40)}</td>
              <td className="num">{clip(m.own_homes.words, 40)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Facts({ profile }: { profile: string }) {
  const one = useQuery({ queryKey: ["profile", profile], queryFn: () => ok(api.GET("/v1/staff/profiles/{profile}", { params: { path: { profile } } })) });
  const f = one.data;
  return (
    <>
      <p><Link to="/normal" className="back"><Icon name="back" size={20} />What is normal</Link></p>
      <Title>{f ? <bdi>{called(f)}</bdi> : "A model"}</Title>
      {!f && (one.error ? <Trouble error={one.error} again={() => void one.refetch()} /> : <Skeleton lines={8} />)}
      {f && <Page facts={f} />}
    </>
  );
}

function Page({ facts: f }: { facts: ProfileFacts }) {
  return (
    <>
      <p className="row quiet" data-testid="profile-kind"><ClassMark of={f.class} /> {f.version > 0 ? `In version ${f.version} of the profiles` : "No profile is published yet"} · as of {clock(f.as_of)}{f.mud && " · what its maker declares (MUD) counts, too"}</p>
      <dl className="numbers" data-testid="profile-numbers">
        <div><dt>Homes with it</dt><dd>{clip(f.homes.words, 40)}</dd></div>
        <div><dt>Homes that voted</dt><dd>{clip(f.voted.words, 40)}</dd></div>
        <div><dt>Judged as</dt><dd className="words"><bdi>{clip(f.judged_as, 80)}</bdi></dd></div>
      </dl>
      <Block title="Whom it calls" says={endpointsText(f)} id="profile-endpoints">{f.endpoints.length > 0 && <Ends facts={f} />}</Block>
      <div className="cols">
        <Block title="Hours of the day" says={hoursText(f.hours)} id="profile-hours"><Hours hours={f.hours} /></Block>
        <Block title="Drift" says={driftText(f.changes)} id="profile-drift">{f.changes.length > 0 && <Drift changes={f.changes} />}</Block>
        <Block title="What thresholds rest on" says={calibrationText(f.calibration)} id="profile-calibration"><p className="small quiet">{freshText(f.new_per_day)}</p></Block>
        <Block title="False alarms" says={f.false_alarms.length === 0 ? "Nobody called a finding of this model a false alarm." : "Findings that people called false alarms, and in how many homes."} id="profile-wrong">
          {f.false_alarms.length > 0 && <Wrong of={f.false_alarms} />}
        </Block>
      </div>
    </>
  );
}

// Block is a picture or a table with the sentence that says what it shows.
function Block({ title, says, id, children }: { title: string; says: string; id: string; children: ReactNode }) {
  return <section className="card stack tight" data-testid={id}><h2>{title}</h2><p>{says}</p>{children}</section>;
}

const standings: Record<string, { tone: Tone; icon: IconName; word: string }> = {
  normal: { tone: "good", icon: "check", word: "Normal" },
  pending: { tone: "work", icon: "clock", word: "Pending" },
  rare: { tone: "mute", icon: "eye", word: "Rare" },
  old: { tone: "mute", icon: "stop", word: "Not used any more" },
};

function Standing({ of }: { of: string }) {
  const s = standings[of];
  return s ? <State tone={s.tone} icon={s.icon}>{s.word}</State> : <>{clip(of, 20) || "–"}</>;
}

// What an endpoint is called comes from homes: it is text. Where nobody may know its name its hash stands for it.
const End = ({ name, hash }: { name: string; hash: string }) => (name ? <bdi>{clip(name, 120)}</bdi> : hash ? <code className="quiet">{clip(hash, 16)}</code> : <>all</>);

function Ends({ facts: f }: { facts: ProfileFacts }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Endpoints">
      <table>
        <thead><tr><th scope="col">Endpoint</th><th scope="col" className="num">Homes</th><th scope="col">Of those that voted</th><th scope="col" className="num">Of their days</th><th scope="col">Standing</th></tr></thead>
        <tbody>
          {f.endpoints.map((e) => {
            const share = part(e.homes.count, f.voted.count);
            return (
              <tr key={e.hash} data-standing={e.standing}>
                <td className="wide"><End name={e.name} hash={e.hash} />{e.shared && <p className="small quiet">Many share this domain: it never becomes normal.</p>}</td>
                <td className="num">{clip(e.homes.words, 40)}</td>
                <td><span className="meter" aria-hidden="true"><svg viewBox="0 0 100 8" preserveAspectRatio="none"><rect width={100 * (share ?? 0)} height="8" /></svg></span>{partText(share)}</td>
                <td className="num">{e.share > 0 ? partText(e.share) : "–"}</td>
                <td><Standing of={e.standing} /></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Hours({ hours }: { hours: readonly number[] }) {
  const most = Math.max(...hours, 0);
  if (hours.length !== 24 || most <= 0) return null;
  return (
    <>
      <svg className="hours" viewBox="0 0 480 92" aria-hidden="true">
        {hours.map((x, h) => {
          const tall = Math.max(2, Math.round((70 * x) / most));
          return <rect key={h} x={h * 20 + 3} y={72 - tall} width="14" height={tall} rx="2" />;
        })}
        {[0, 6, 12, 18].map((h) => <text key={h} x={h * 20 + 3} y="90">{hour(h)}</text>)}
      </svg>
      <details>
        <summary><Icon name="down" size={18} />As a table</summary>
        <table>
          <thead><tr><th scope="col">Hour</th><th scope="col" className="num">Share</th></tr></thead>
          <tbody>{hours.map((x, h) => <tr key={h}><td>{hour(h)}</td><td className="num">{(x * 100).toFixed(1)} %</td></tr>)}</tbody>
        </table>
      </details>
    </>
  );
}

function Drift({ changes }: { changes: ProfileFacts["changes"] }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Drift of 30 days">
      <table>
        <thead><tr><th scope="col">When</th><th scope="col">Endpoint</th><th scope="col">From</th><th scope="col">To</th></tr></thead>
        <tbody>{changes.map((c, i) => <tr key={i}><td>{date(c.at)}</td><td className="wide"><End name={c.name} hash={c.hash} /></td><td><Standing of={c.from} /></td><td><Standing of={c.to} /></td></tr>)}</tbody>
      </table>
    </div>
  );
}

function Wrong({ of }: { of: ProfileFacts["false_alarms"] }) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="False alarms">
      <table>
        <thead><tr><th scope="col">Rule</th><th scope="col">Endpoint</th><th scope="col" className="num">Homes</th></tr></thead>
        <tbody>{of.map((w, i) => <tr key={i}><td className="wide">{word("rule", w.detector)}</td><td className="wide"><End name="" hash={w.hash} /></td><td className="num">{clip(w.homes.words, 40)}</td></tr>)}</tbody>
      </table>
    </div>
  );
}
