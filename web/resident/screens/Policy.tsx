// What happens by itself: what the gateway may do before it asks, for the home.
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, ok, tagged } from "../../shared/client";
import { t } from "../../shared/i18n";
import type { components } from "../../shared/api.gen";
import type { PolicyPatch } from "../../shared/model";
import { Skeleton, Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { Title } from "../../shared/router";
import { useHomeID, useOwns } from "../data";
import { Essential } from "../policy/Essential";
import { Choice } from "../policy/Choice";

type Rules = components["schemas"]["Policy"];

const groups = [
  { of: "contain", values: ["auto", "ask", "never"] }, { of: "block", values: ["auto", "ask", "never"] },
  { of: "tidy", values: ["auto", "ask", "never"] }, { of: "approve", values: ["off", "tell", "hold"] },
] as const;

const there = (p: Pick<Rules, "versions"> | undefined) => p === undefined || p.versions.running >= p.versions.wanted;

export function Policy() {
  const home = useHomeID();
  const owns = useOwns();
  const client = useQueryClient();
  const path = { home };
  const policy = useQuery({
    queryKey: [home, "policy"],
    queryFn: () => tagged(api.GET("/v1/homes/{home}/policy", { params: { path } })),
    refetchInterval: (q) => (there(q.state.data?.data) ? false : 4000), // the gateway says with its next sign of life that it has it
  });
  const change = useMutation({
    mutationFn: (body: PolicyPatch) => ok(api.PATCH("/v1/homes/{home}/policy", { params: { path, header: policy.data?.etag ? { "If-Match": policy.data.etag } : {} }, body })),
    onSettled: () => client.invalidateQueries({ queryKey: [home, "policy"] }),
  });
  const p = policy.data?.data;
  return (
    <>
      <Title>{t("nav.policy")}</Title>
      <p className="quiet">{t("policy.text")}</p>
      {!owns && <p className="small"><Icon name="eye" size={18} /> {t("policy.view")}</p>}
      {!p && (policy.error ? <Trouble error={policy.error} again={() => void policy.refetch()} /> : <Skeleton lines={6} tall={80} />)}
      {change.error && <Trouble error={change.error} />}
      {p && groups.map((g) => (
        <Choice key={g.of} of={g.of} title={t(`policy.${g.of}`)} value={p[g.of]} off={!owns || change.isPending} options={g.values.map((v) => ({ value: v, word: word(g.of, v) }))}
          choose={(v) => change.mutate({ [g.of]: v })} />
      ))}
      {p && <p className="small"><Icon name="shield" size={18} /> {t("policy.careful")}</p>}
      {p && <Essential />}
      {p && p.changed && <p className="small quiet" role="status" data-testid="policy-there" data-there={there(p)}>{t(there(p) ? "policy.there" : "policy.waiting")}</p>}
    </>
  );
}

const word = (of: (typeof groups)[number]["of"], v: string) =>
  of === "approve" ? t(`policy.approve.${v as "off" | "tell" | "hold"}`) : t(`policy.${of}.${v as "auto" | "ask" | "never"}`);
