import { PostHog } from "posthog-node";

let client: PostHog | undefined;

/** The PostHog client of this process. Call `await getPostHog().flush()` before an endpoint answers. */
export function getPostHog(): PostHog {
  client ??= new PostHog(import.meta.env.PUBLIC_POSTHOG_PROJECT_TOKEN ?? "", {
    host: import.meta.env.PUBLIC_POSTHOG_HOST,
    flushAt: 1,
    flushInterval: 0,
  });
  return client;
}
