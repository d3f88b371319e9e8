// The contestants other than ours.
import { TOKEN_KEY } from "./mint.mjs";
import { HOST } from "./scene.mjs";
import { text } from "./server.mjs";
import { bundle } from "./tools.mjs";

/** A peer of `benches/peers` that redirects to `location`. */
export function peer(name, location, more = {}) {
  return {
    name,
    modules: [{ name: `${name}.mjs`, text: bundle(name) }],
    bindings: [
      text("HOST", HOST),
      text("KEY", TOKEN_KEY.toString("base64url")),
      text("DESTINATION", location),
    ],
    ...more,
  };
}
