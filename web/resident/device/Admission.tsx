// A new device that waits: somebody says whether it may come in.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok } from "../../shared/client";
import { t } from "../../shared/i18n";
import type { Device } from "../../shared/model";
import { Trouble } from "../../shared/parts/Bits";
import { Icon } from "../../shared/parts/Icon";
import { useHomeID, useMay } from "../data";

type Said = "admit" | "refuse";

export function Admission({ device }: { device: Pick<Device, "id"> }) {
  const home = useHomeID();
  const client = useQueryClient();
  const may = useMay();
  const [guest, setGuest] = useState(false);
  const say = useMutation({
    mutationFn: (answer: Said) => ok(api.POST("/v1/homes/{home}/devices/{device}/admission", { params: { path: { home, device: device.id } }, body: { answer, guest } })),
    onSuccess: () => {
      for (const part of ["device", "devices", "summary"]) void client.invalidateQueries({ queryKey: [home, part] });
    },
  });
  if (say.isSuccess) return <p role="status" data-testid="admitted"><Icon name="check" size={18} /> {t(say.variables === "admit" ? "admit.done" : "admit.refused")}</p>;
  return (
    <div className="stack tight note" data-testid="held">
      <p><Icon name="hand" size={18} /> {t("control.held")}</p>
      {say.error && <Trouble error={say.error} />}
      {may && (
        <>
          <label className="check"><input type="checkbox" checked={guest} onChange={(e) => setGuest(e.target.checked)} data-testid="guest" /><span>{t("admit.guest")}</span></label>
          <div className="row">
            <button disabled={say.isPending} onClick={() => say.mutate("admit")} data-testid="admit"><Icon name="check" />{t("admit.yes")}</button>
            <button className="plain" disabled={say.isPending} onClick={() => say.mutate("refuse")} data-testid="refuse"><Icon name="lock" />{t("admit.no")}</button>
          </div>
        </>
      )}
    </div>
  );
}
