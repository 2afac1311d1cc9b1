export async function onRequestError(error, request, context) {
  if (process.env.NEXT_RUNTIME === "nodejs") {
    const { cookieStoreFromHeader, readPostHogCookie } =
      await import("posthog-node");
    const { getPostHog } = await import("./lib/posthog-server");

    const token = process.env.NEXT_PUBLIC_POSTHOG_PROJECT_TOKEN ?? "";
    const cookies = cookieStoreFromHeader(String(request.headers.cookie ?? ""));
    const visitor = readPostHogCookie(cookies, token);
    await getPostHog().captureExceptionImmediate(error, visitor?.distinctId, {
      route: context.routePath,
      method: request.method,
    });
  }
}
