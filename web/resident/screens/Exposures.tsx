// Exposed devices: all statements about all devices of the home, what matters first.
import { useInfiniteQuery } from "@tanstack/react-query";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import type { Device, HomeExposure } from "../../shared/model";
import { Empty, Name, Skeleton, Trouble } from "../../shared/parts/Bits";
import { ClassMark } from "../../shared/parts/ClassIcon";
import { Icon } from "../../shared/parts/Icon";
import { Link, Title } from "../../shared/router";
import { useDevices, useHomeID } from "../data";
import { rank, Statement } from "../who/Exposed";

export function Exposures() {
  const home = useHomeID();
  const devices = useDevices().data?.items;
  const list = useInfiniteQuery({
    queryKey: [home, "exposures"],
    queryFn: ({ pageParam: cursor }) => ok(api.GET("/v1/homes/{home}/exposures", { params: { path: { home }, query: { limit: 100, ...(cursor ? { cursor } : {}) } } })),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    staleTime: 5000,
  });
  const groups = list.data ? byDevice(list.data.pages.flatMap((p) => p.items), devices ?? []) : [];
  return (
    <>
      <p><Link to="/devices" className="back"><Icon name="back" size={20} />{t("nav.devices")}</Link></p>
      <Title>{t("exposed.all")}</Title>
      <p className="quiet">{t("exposed.all.text")}</p>
      {!list.data && (list.error ? <Trouble error={list.error} again={() => void list.refetch()} /> : <Skeleton lines={6} />)}
      {list.data && groups.length === 0 && <Empty icon="shield">{t("exposed.home.none")}</Empty>}
      <div className="stack" data-testid="exposures">
        {groups.map((g) => (
          <section key={g.device.id} className="card stack" data-testid="exposed-device" data-device={g.device.id}>
            <div>
              <h2><Link to={`/devices/${encodeURIComponent(g.device.id)}`}><Name>{g.device.name}</Name></Link></h2>
              {g.known && <p className="small quiet"><ClassMark of={g.known.identity.class} /></p>}
            </div>
            <ul className="lines">{g.items.map((x) => <Statement key={x.id} device={g.device} exposure={x} />)}</ul>
          </section>
        ))}
      </div>
      {list.hasNextPage && <button className="plain" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t("more")}</button>}
    </>
  );
}

interface Group { device: Pick<Device, "id" | "name" | "protections">; known?: Device; items: HomeExposure[] }

// byDevice keeps the order in which devices come first, with what is worth a look before the rest of a device.
export function byDevice(items: readonly HomeExposure[], devices: readonly Device[]): Group[] {
  const groups = new Map<string, Group>();
  for (const x of items) {
    const known = devices.find((d) => d.id === x.device.id);
    const g = groups.get(x.device.id) ?? { device: known ?? { ...x.device, protections: [] }, known, items: [] };
    g.items.push(x);
    groups.set(x.device.id, g);
  }
  const first = (g: Group) => Math.min(...g.items.map((x) => rank(g.device, x)));
  for (const g of groups.values()) g.items.sort((a, b) => rank(g.device, a) - rank(g.device, b));
  return [...groups.values()].sort((a, b) => first(a) - first(b));
}
