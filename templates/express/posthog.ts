import { PostHog } from "posthog-node";

let client: PostHog | undefined;

/** The PostHog client of this process. Made at the first call, when env files are loaded; without a token it is idle. */
export function getPostHog(): PostHog {
  if (!client) {
    const token = process.env.POSTHOG_PROJECT_TOKEN;
    if (!token && process.env.NODE_ENV !== "production") {
      console.warn("PostHog: POSTHOG_PROJECT_TOKEN is not set");
    }
    client = new PostHog(token ?? "", {
      host: process.env.POSTHOG_HOST ?? "",
      enableExceptionAutocapture: true, // if error_tracking
    });
  }
  return client;
}
