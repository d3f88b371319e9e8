// The worker's entry. worker-build's own entry wraps every call in a class instance and three proxies, which costs a
// click about an eighth of its time; this one calls the same function directly. A panic poisons the wasm instance and
// says so in worker-build's state: the next request then goes through worker-build's entry, which makes a new instance.
import Shim, { AuditLog, Gate, People, Registry } from "./index.js";

export { AuditLog, Gate, People, Registry };

const direct = Shim.prototype.fetch;
const state = globalThis.__worker_init_state;

export default {
  fetch(request, env, ctx) {
    if (state.criticalError) return new Shim(ctx, env).fetch(request);
    try {
      return direct.call({ env, ctx }, request);
    } catch (error) {
      state.criticalError = true;
      throw error;
    }
  },
  queue(batch, env, ctx) {
    return new Shim(ctx, env).queue(batch);
  },
  scheduled(event, env, ctx) {
    return new Shim(ctx, env).scheduled(event);
  },
};
