// A home's line: is it slow, since when and where; what helps, with what it will do; what was tried, measured before and after.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { api, ok } from "../../shared/client";
import { locale } from "../../shared/i18n";
import type { Line, LineHour, LineNow, OrderAsk, RemedyResult } from "../../shared/model";
import { Ago, Dialog, Empty, Name, Skeleton, State, Trouble } from "../../shared/parts/Bits";
import { OrderLine } from "../../shared/parts/Case";
import { bytes, clip, clock } from "../../shared/text";
import { Only } from "../may";
import { Chart } from "../parts/Chart";
import { lineSays } from "../said";

type Remedy = NonNullable<OrderAsk["remedy"]>;

const remedies: Record<Remedy, { word: string; does: string; back: string }> = {
  fair: { word: "Share the line fairly", does: "The gateway gives each device its share of the line, a little below what the line can carry. Nobody is cut off.", back: "After three minutes the gateway measures again. If it did not help, it ends it by itself." },
  upstream: { word: "Another name server", does: "Names are looked up at the next server that is configured. Lists and blocks stay as they are.", back: "After three minutes the gateway measures again. If it did not help, it goes back by itself." },
  restart: { word: "Restart the gateway", does: "The internet is gone for this home for a few minutes, and calls in progress end. What is shut in stays so.", back: "A restart cannot be undone. Ask the customer first." },
  off: { word: "End it", does: "What is in force ends at once, and the line works as it did before.", back: "It can be tried again at any time." },
};
const number = (n: number) => n.toLocaleString(locale());
const ms = (n: number | null) => (n === null ? "not measured" : `${number(n < 10 ? Math.round(n * 10) / 10 : Math.round(n))} ms`);
const figures = (n: LineNow) => `${ms(n.beyond ?? n.latency)} to the internet, ${ms(n.dns)} until a name is found, ${number(n.lost)} % of packets lost`;

export function LineView({ home }: { home: string }) {
  const line = useQuery({
    queryKey: [home, "line"],
    queryFn: () => ok(api.GET("/v1/staff/homes/{home}/line", { params: { path: { home }, query: { hours: 24, lang: "en" } } })),
    refetchInterval: 30_000,
  });
  const l = line.data;
  return (
    <section className="card stack tight" aria-labelledby="line" data-testid="line" data-slow={l?.slow}>
      <h2 id="line">Line</h2>
      {!l && (line.error ? <Trouble error={line.error} again={() => void line.refetch()} /> : <Skeleton lines={4} />)}
      {l && (
        <>
          <p className="row"><State tone={l.slow ? "need" : l.now ? "good" : "mute"} icon={l.slow ? "alert" : l.now ? "check" : "clock"}>{l.slow ? "Slow" : l.now ? "As usual" : "Not known"}</State><strong data-testid="line-sentence">{lineSays(l)}</strong></p>
          {l.now && <Now of={l.now} />}
          <Hours hours={l.hours} />
          <Remedies home={home} line={l} />
          <Tried list={l.remedies} />
        </>
      )}
    </section>
  );
}

function Now({ of }: { of: LineNow }) {
  return (
    <dl className="facts" data-testid="line-now">
      <dt>To the provider</dt><dd>{ms(of.latency)}</dd>
      <dt>To the internet</dt><dd>{ms(of.beyond)}</dd>
      <dt>Until a name is found</dt><dd>{ms(of.dns)}</dd>
      <dt>Packets lost</dt><dd>{number(of.lost)} %</dd>
      <dt>Traffic now</dt><dd>{bytes(of.down)} a second in, {bytes(of.up)} a second out</dd>
      <dt>Measured</dt><dd><Ago at={of.time} /></dd>
    </dl>
  );
}

function Hours({ hours }: { hours: LineHour[] }) {
  const at = useMemo(() => hours.map((h) => h.begin), [hours]);
  const lines = useMemo(() => [{ name: "To the internet", values: hours.map((h) => h.beyond_p50 ?? h.latency_p50) }, { name: "Until a name is found", values: hours.map((h) => h.dns_p50) }], [hours]);
  if (hours.length === 0) return <Empty icon="clock">Nothing was measured in the last 24 hours.</Empty>;
  const slow = hours.reduce((n, h) => n + h.slow_for, 0);
  const busy = hours.filter((h) => h.busiest.length > 0).slice(-6).reverse();
  return (
    <>
      <Chart hourly title="The last 24 hours" sentence={slow > 0 ? `Slow for ${number(slow)} ${slow === 1 ? "minute" : "minutes"} in all.` : "It was not slow."} days={at} lines={lines} unit=" ms" testid="line-hours" />
      {busy.length > 0 && (
        <div className="scroll" tabIndex={0} role="region" aria-label="Busiest devices">
          <table data-testid="line-busiest">
            <thead><tr><th scope="col">Hour</th><th scope="col">Busiest devices</th><th scope="col" className="num">Packets lost</th><th scope="col" className="num">Slow for</th></tr></thead>
            <tbody>{busy.map((h) => (
              <tr key={h.begin}><td>{clock(h.begin)}</td><td className="wide">{h.busiest.slice(0, 5).map((b, i) => <span key={b.device}>{i > 0 && ", "}{b.name ? <Name max={24}>{b.name}</Name> : "a device"} {bytes(b.down + b.up)}</span>)}</td>
                <td className="num">{number(h.lost)} %</td><td className="num">{h.slow_for > 0 ? `${h.slow_for} min` : "–"}</td></tr>
            ))}</tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Remedies({ home, line }: { home: string; line: Line }) {
  const client = useQueryClient();
  const [kind, setKind] = useState<Remedy | null>(null);
  const ask = useMutation({
    mutationFn: (b: { remedy: Remedy; why: string }) => ok(api.POST("/v1/staff/homes/{home}/orders", { params: { path: { home }, header: { "Idempotency-Key": crypto.randomUUID() } }, body: { verb: "remedy", ...b } })),
  });
  const id = ask.data?.id ?? "";
  const order = useQuery({
    queryKey: [home, "order", id],
    queryFn: () => ok(api.GET("/v1/staff/homes/{home}/orders/{order}", { params: { path: { home, order: id } } })),
    enabled: id !== "",
    refetchInterval: (q) => (q.state.data && q.state.data.status !== "asked" ? false : 2000),
  });
  const now = order.data ?? ask.data;
  const status = now?.status;
  useEffect(() => {
    if (status && status !== "asked") void client.invalidateQueries({ queryKey: [home, "line"] });
  }, [client, home, status]);
  const offers: Remedy[] = line.remedy ? ["off"] : line.slow === "dns" ? ["upstream", "restart"] : line.slow === "home" ? ["fair"] : ["fair", "upstream", "restart"];
  const k = kind ? remedies[kind] : null;
  return (
    <div className="stack tight" data-testid="line-helps">
      <h3>What may help</h3>
      {line.remedy && <p>In force: {remedies[line.remedy].word.toLowerCase()}.</p>}
      <Only right="home.act">
        <div className="row">{offers.map((r) => <button key={r} className={r === "restart" ? "bad" : "plain"} disabled={ask.isPending || status === "asked"} onClick={() => setKind(r)} data-testid={`remedy-${r}`}>{remedies[r].word}</button>)}</div>
      </Only>
      <div role="status">{ask.error && <Trouble error={ask.error} />}{now && <OrderLine order={now} />}</div>
      <Dialog title={k?.word ?? ""} open={kind !== null} close={() => setKind(null)}>
        <div data-testid="preview"><p>This is for this home only. {k?.does}</p>{line.now && <p className="small">Before: {figures(line.now)}.</p>}<p className="quiet small">{k?.back} The people who live there see it with your reason.</p></div>
        <form onSubmit={(e) => {
          e.preventDefault();
          const why = String(new FormData(e.currentTarget).get("why")).trim();
          if (kind && why) ask.mutate({ remedy: kind, why });
          setKind(null);
        }}>
          <label><span>Why</span><input name="why" required minLength={5} maxLength={300} autoComplete="off" data-testid="why" /></label>
          <div className="row"><button data-testid="confirm">{k?.word}</button><button type="button" className="plain" onClick={() => setKind(null)}>Cancel</button></div>
        </form>
      </Dialog>
    </div>
  );
}

function Tried({ list }: { list: RemedyResult[] }) {
  if (list.length === 0) return null;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="What was tried">
      <table data-testid="line-tried">
        <thead><tr><th scope="col">Tried</th><th scope="col">When</th><th scope="col">Before</th><th scope="col">After</th><th scope="col">Kept</th></tr></thead>
        <tbody>{list.slice(0, 20).map((r) => (
          <tr key={r.order}><td>{remedies[r.kind].word}</td><td>{clock(r.at)}</td><td className="wide">{figures(r.before)}</td><td className="wide">{figures(r.after)}</td>
            <td className="wide"><State tone={r.kept ? "good" : "mute"} icon={r.kept ? "check" : "back"}>{r.kept ? "Kept" : "Undone"}</State>{r.why && <p className="small">{clip(r.why, 200)}</p>}</td></tr>
        ))}</tbody>
      </table>
    </div>
  );
}
