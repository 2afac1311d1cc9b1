import { PostHog } from "posthog-node";

let client;

/** The PostHog client of this server; without a token it does nothing. Await `flush()` before the function ends. */
export function getPostHog() {
  client ??= new PostHog(process.env.NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN ?? "", {
    host: process.env.NEXT_PUBLIC_POSTHOG_HOST,
    flushAt: 1,
    flushInterval: 0,
  });
  return client;
}
