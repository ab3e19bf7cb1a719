// A table whose rows the server sorts, filters and pages. All of it is in the address, so that it can be pasted into a ticket.
import { NativeSelect, Table } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Empty, Skeleton, Trouble } from "../../shared/parts/Bits";
import { Icon, type IconName } from "../../shared/parts/Icon";
import { navigate, useParams } from "../../shared/router";
import { clock } from "../../shared/text";

// go changes the address; what is "" goes out of it.
export function go(params: URLSearchParams, change: Record<string, string>) {
  const next = new URLSearchParams(params);
  for (const [k, v] of Object.entries(change)) v ? next.set(k, v) : next.delete(k);
  const q = next.toString();
  navigate(location.pathname + (q ? "?" + q : ""));
}

export interface Column<T> {
  name: string;
  sort?: string; // what the server calls it; without it nobody can sort by it
  num?: boolean;
  wide?: boolean;
  cell: (row: T) => ReactNode;
}

interface Props<T> {
  label: string;
  testid: string;
  columns: Column<T>[];
  list: UseQueryResult<{ items: T[]; next?: string | null }>;
  id: (row: T) => string;
  mark?: (row: T) => Record<string, string>; // attributes of a row, for tests
  empty: string;
  icon?: IconName;
  file?: string; // address of the same as a file
  sort?: { by: string; down: boolean; set: (by: string, down: boolean) => void };
}

export function DataTable<T>({ label, testid, columns, list, id, mark, empty, icon = "home", file, sort }: Props<T>) {
  const params = useParams();
  const cursor = params.get("cursor") ?? "";
  const data = list.data;
  return (
    <div className="stack tight">
      {list.error && <Trouble error={list.error} again={() => void list.refetch()} />}
      {list.error && data && <p className="quiet small">As of {clock(list.dataUpdatedAt)}.</p>}
      {!data && !list.error && <Skeleton lines={8} />}
      {data && data.items.length === 0 && <Empty icon={icon}>{empty}</Empty>}
      {data && data.items.length > 0 && (
        <div className="scroll card" tabIndex={0} role="region" aria-label={label} aria-busy={list.isFetching}>
          <Table data-testid={testid} highlightOnHover verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>{columns.map((c) => <Head key={c.name} column={c} sort={sort} />)}</Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.items.map((r) => (
                <Table.Tr key={id(r)} {...mark?.(r)}>
                  {columns.map((c) => <Table.Td key={c.name} className={c.num ? "num" : c.wide ? "wide" : undefined}>{c.cell(r)}</Table.Td>)}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      <div className="row">
        {cursor && <button className="plain" onClick={() => go(params, { cursor: "" })}>First page</button>}
        {data?.next && <button className="plain" onClick={() => go(params, { cursor: data.next ?? "" })} data-testid="next-page">Next page</button>}
        {file && data && data.items.length > 0 && <a className="button plain" href={file} download data-testid="export"><Icon name="down" size={18} />CSV</a>}
      </div>
    </div>
  );
}

function Head<T>({ column: c, sort }: { column: Column<T>; sort: Props<T>["sort"] }) {
  if (!c.sort || !sort) return <Table.Th scope="col" className={c.num ? "num" : undefined}>{c.name}</Table.Th>;
  const here = sort.by === c.sort;
  return (
    <Table.Th scope="col" className={c.num ? "num" : undefined} aria-sort={here ? (sort.down ? "descending" : "ascending") : "none"}>
      <button className="sort" onClick={() => sort.set(c.sort ?? "", here ? !sort.down : true)}>{c.name}<span aria-hidden="true">{here ? (sort.down ? " ↓" : " ↑") : ""}</span></button>
    </Table.Th>
  );
}

// Pick is one filter of a table.
export function Pick({ label, value, options, set, testid }: { label: string; value: string; options: { value: string; label: string }[]; set: (v: string) => void; testid?: string }) {
  return <NativeSelect size="sm" label={label} value={value} onChange={(e) => set(e.currentTarget.value)} data={options} data-testid={testid} />;
}

// query is an address's question without what is empty.
export const query = (of: Record<string, string>) => new URLSearchParams(Object.entries(of).filter(([, v]) => v)).toString();
