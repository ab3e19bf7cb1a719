// Boundary keeps a part that cannot be shown from taking the page with it: what came wrong, and trying again.
import { Component, type ReactNode } from "react";
import { Problem } from "../client";
import { Trouble } from "./Bits";

export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: null };
  static getDerivedStateFromError(error: unknown) {
    return { error: navigator.onLine ? error : new Problem(0, "offline", "No connection", "") };
  }
  override render() {
    return this.state.error === null ? this.props.children : <Trouble error={this.state.error} again={() => location.reload()} />;
  }
}
