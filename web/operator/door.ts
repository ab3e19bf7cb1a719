// Why somebody was not let in at their provider's own sign-on: the server tells it in the address that they come back to.
const whys = {
  "no-role": "Your provider's account has no role here: it is in no group that gives one. Ask an administrator.",
  unverified: "E-mail not verified: your provider has to say that your address is.",
  password: "This e-mail address has a password here. Sign in with it, or ask an administrator to remove that account first.",
  none: "Your provider has no sign-on of its own here. Sign in with e-mail and password.",
  again: "That took too long, or was done before. Please try again.",
  refused: "Your provider did not sign you in.",
  away: "The provider does not answer. Try again later, or sign in with a password.",
  wait: "That was too often. Wait a minute, then try again.",
  failed: "Signing in at your provider did not work.",
} as const;

// whyOf is the sentence for an address's search, or null where nobody was refused.
export function whyOf(search: string): string | null {
  const why = new URLSearchParams(search).get("sign-in");
  return why === null ? null : Object.hasOwn(whys, why) ? whys[why as keyof typeof whys] : whys.failed;
}

// wayTo is where a browser begins to sign in at a provider.
export const wayTo = (provider: string) => `/v1/staff/sign-in/provider?provider=${encodeURIComponent(provider)}`;
