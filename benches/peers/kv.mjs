// A KV namespace in memory, as workerd's `kvNamespace` binding speaks to it: GET, PUT and DELETE of /KEY, with the
// key URL-encoded when the query says so. No expiry and no list: the benchmarks need neither.
const values = new Map();

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const key = decodeURIComponent(pathname.slice(1));
    switch (request.method) {
      case "GET": {
        const value = values.get(key);
        return value === undefined ? new Response("Not Found", { status: 404 }) : new Response(value);
      }
      case "PUT":
        values.set(key, await request.arrayBuffer());
        return new Response();
      case "DELETE":
        values.delete(key);
        return new Response();
      default:
        return new Response(null, { status: 405 });
    }
  },
};
