import posthog from "posthog-js";

const posthogToken = import.meta.env.VITE_PUBLIC_POSTHOG_PROJECT_TOKEN;

if (posthogToken) {
  posthog.init(posthogToken, {
    api_host: import.meta.env.VITE_PUBLIC_POSTHOG_HOST,
    defaults: "2026-01-30",
    capture_pageview: { path: true, hash: true }, // if hash_router
    capture_exceptions: true, // if error_tracking
    autocapture: false, // if not autocapture
    disable_session_recording: true, // if not session_replay
    capture_heatmaps: false, // if not heatmaps
    capture_performance: { web_vitals: false }, // if not web_vitals
    disable_surveys: true, // if not surveys
  });
} else if (import.meta.env.MODE === "development") {
  console.error("PostHog: VITE_PUBLIC_POSTHOG_PROJECT_TOKEN is not set");
}
