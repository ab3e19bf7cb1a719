// The home map: the gateway in the middle, devices around it, lines to whom they talk now.
import { useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { netState, watchNet } from "../shared/client";
import { t, tn } from "../shared/i18n";
import type { Live } from "../shared/live";
import type { Device } from "../shared/model";
import { Ago, Name } from "../shared/parts/Bits";
import { Icon, iconPath } from "../shared/parts/Icon";
import { Link, navigate } from "../shared/router";
import { isolate } from "../shared/text";
import { layout, party, type HomeMap, type Spot } from "./map";
import { deviceMark, inOrder, shutIn } from "../shared/marks";

export function HomeMapFigure({ devices, live }: { devices: Device[]; live: Live }) {
  const ref = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(328);
  useLayoutEffect(() => {
    const el = ref.current;
    if (!el) return;
    const watch = new ResizeObserver(([e]) => e && setWidth(Math.round(e.contentRect.width)));
    watch.observe(el);
    setWidth(Math.round(el.clientWidth));
    return () => watch.disconnect();
  }, []);
  const map = useMemo(() => layout(devices, live.contacts, Math.max(width, 300)), [devices, live.contacts, width]);
  const cut = useSyncExternalStore(watchNet, netState).offline || live.state === "cut";
  return (
    <figure ref={ref} className="map" data-testid="home-map" data-live={cut ? "cut" : live.state}>
      <Picture map={map} online={!cut && live.state !== "offline"} />
      <figcaption>
        <p data-testid="map-sentence">{sentence(devices, map, live, cut)}{!cut && live.state === "offline" && live.lastSeen && <> <Ago at={live.lastSeen} /></>}</p>
        <Behind devices={devices} live={live} />
      </figcaption>
    </figure>
  );
}

function sentence(devices: Device[], map: HomeMap, live: Live, cut: boolean): string {
  const held = devices.filter(shutIn).map((d) => isolate(d.name));
  const shut = held.length === 0 ? "" : " " + tn("map.held", held.length, { names: held.slice(0, 3).join(", ") });
  if (cut) return t("map.cut") + shut;
  if (live.state === "offline") return (shut + " " + t("map.offline")).trim();
  if (live.state === "waiting") return t("map.waiting") + shut;
  const busy = new Set(live.contacts.filter((c) => !c.lookup).map((c) => c.device)).size;
  if (busy === 0) return t("map.silent") + shut;
  return t("map.busy", { busy, all: devices.filter((d) => !d.gateway).length, parties: map.far.length + map.moreFar }) + shut;
}

function Picture({ map, online }: { map: HomeMap; online: boolean }) {
  return (
    <svg viewBox={`0 0 ${map.width} ${map.height}`} width={map.width} height={map.height} aria-hidden="true" focusable="false">
      <path className="rim" d={`M8 62Q${map.cx} 30 ${map.width - 8} 62`} />
      {map.spots.map((s) => (
        <path key={s.id} className={s.held ? "spoke cut" : "spoke"} d={s.held ? stub(map, s) : `M${s.x} ${s.y}L${map.cx} ${map.cy}`} />
      ))}
      {map.lines.map((l) => <path key={l.device + l.to} className={l.bad ? "line bad" : "line"} d={l.d} />)}
      {map.far.map((f) => (
        <g key={f.key} className={f.bad ? "far bad" : "far"}>
          <circle cx={f.x} cy={f.y} r="6" />
          <text x={f.x} y={f.y - 14}>{f.label}</text>
        </g>
      ))}
      <g className={online ? "hub" : "hub away"} transform={`translate(${map.cx} ${map.cy})`}>
        <circle r="27" />
        <path d={iconPath(online ? "router" : "cloudOff")} transform="translate(-14 -14) scale(1.17)" />
        <text y="44">{t("map.gateway")}</text>
      </g>
      {map.spots.map((s) => <DeviceSpot key={s.id} spot={s} />)}
    </svg>
  );
}

// stub is the line of a device that is shut in: it ends before it reaches the gateway.
function stub(map: HomeMap, s: Spot): string {
  const k = 0.42;
  return `M${s.x} ${s.y}L${Math.round(s.x + (map.cx - s.x) * k)} ${Math.round(s.y + (map.cy - s.y) * k)}`;
}

function DeviceSpot({ spot }: { spot: Spot }) {
  const mark = deviceMark(spot.device);
  return (
    <g className={`spot ${mark.tone}${spot.busy ? " busy" : ""}`} transform={`translate(${spot.x} ${spot.y})`}
      onClick={() => navigate(`/devices/${encodeURIComponent(spot.id)}`)}>
      <circle className="touch" r="24" />
      {spot.held && <rect className="cell" x="-25" y="-25" width="50" height="50" rx="12" />}
      <circle className="body" r="16" />
      <path d={iconPath(spot.held ? "lock" : mark.icon === "check" ? "dot" : mark.icon)} transform="translate(-9 -9) scale(.75)" />
      <text y={spot.held ? 40 : 31}>{spot.label}</text>
      {spot.held && <text className="word" y="54">{t("device.held")}</text>}
    </g>
  );
}

// Behind is the same as words: who is at home, how it is, to whom it talks.
function Behind({ devices, live }: { devices: Device[]; live: Live }) {
  const talks = (id: string) => [...new Set(live.contacts.filter((c) => c.device === id && !c.lookup).map((c) => party(c)))];
  return (
    <details>
      <summary><Icon name="down" size={18} />{t("map.table")}</summary>
      <div className="scroll" tabIndex={0} role="region" aria-label={t("map.table")}>
        <table>
          <thead><tr><th scope="col">{t("map.device")}</th><th scope="col">{t("map.state")}</th><th scope="col">{t("map.talks")}</th></tr></thead>
          <tbody>
            {inOrder(devices).map((d) => (
              <tr key={d.id}>
                <td><Link to={`/devices/${encodeURIComponent(d.id)}`}><Name>{d.name}</Name></Link></td>
                <td>{d.gateway ? t("map.gateway") : deviceMark(d).word}</td>
                <td>{talks(d.id).slice(0, 6).map((p) => <bdi key={p} className="item">{p}</bdi>)}{talks(d.id).length === 0 && t("map.nobody")}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
