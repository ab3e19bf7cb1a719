// Plans and brand: what the provider sells to homes, and how it shows itself to its customers. An administrator changes them.
import { Title } from "../../shared/router";
import { useMay, WhoMay } from "../may";
import { BrandPart } from "./plans/Brand";
import { PlanList } from "./plans/List";

export function Plans() {
  const may = useMay("plan.change");
  return (
    <>
      <Title>Plans and brand</Title>
      {!may && <WhoMay right="plan.change" what="To change plans and brand:" />}
      <PlanList may={may} />
      <BrandPart may={may} />
    </>
  );
}
