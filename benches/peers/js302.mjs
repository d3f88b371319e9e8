// The floor: a worker that redirects and does nothing else.
export default {
  fetch(request, env) {
    return new Response(null, { status: 303, headers: { Location: env.DESTINATION } });
  },
};
