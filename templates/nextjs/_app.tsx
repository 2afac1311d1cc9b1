import type { AppProps } from "next/app";
import posthog from "posthog-js";

const posthogToken = process.env.NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN;

if (typeof window !== "undefined") {
  if (posthogToken) {
    posthog.init(posthogToken, {
      api_host: process.env.NEXT_PUBLIC_POSTHOG_HOST, // if not reverse_proxy
      api_host: "API_HOST", // if reverse_proxy
      ui_host: "UI_HOST", // if reverse_proxy
      defaults: "2026-01-30",
      capture_exceptions: true, // if error_tracking
      autocapture: false, // if not autocapture
      disable_session_recording: true, // if not session_replay
      capture_heatmaps: false, // if not heatmaps
      capture_performance: { web_vitals: false }, // if not web_vitals
      disable_surveys: true, // if not surveys
    });
  } else if (process.env.NODE_ENV === "development") {
    console.error("PostHog: NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN is not set");
  }
}

export default function App({ Component, pageProps }: AppProps) {
  return <Component {...pageProps} />;
}
