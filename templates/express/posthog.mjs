import { PostHog } from "posthog-node";

let client;

/** The PostHog client of this process, made on first use so that .env files are loaded by then. */
export function getPostHog() {
  if (!client) {
    const token = process.env.POSTHOG_PROJECT_TOKEN ?? "";
    if (!token && process.env.NODE_ENV !== "production") {
      console.error("POSTHOG_PROJECT_TOKEN is not set: PostHog gets no events");
    }
    client = new PostHog(token, {
      host: process.env.POSTHOG_HOST,
      enableExceptionAutocapture: true, // if error_tracking
      disabled: !token,
    });
    for (const signal of ["SIGTERM", "SIGINT"]) { // if shutdown
      process.once(signal, () => client.shutdown().finally(() => process.exit(0))); // if shutdown
    } // if shutdown
  }
  return client;
}
