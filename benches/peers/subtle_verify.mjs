// As subtle.mjs, with the tag in full so that `subtle.verify` can compare it.
import { openWhole, verifier } from "./token.mjs";

let ready;

export default {
  async fetch(request, env) {
    ready ??= verifier(env.KEY, env.HOST);
    const token = request.url.slice(request.url.lastIndexOf("/") + 1);
    const claims = await openWhole(token, await ready, Date.now());
    if (claims === null) return new Response("This link is not valid.", { status: 404 });
    return new Response(null, {
      status: 303,
      headers: { Location: env.DESTINATION, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" },
    });
  },
};
