// A queue that takes every message and delivers none, as workerd's `queue` binding speaks to it.
const metrics = { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 };

export default {
  async fetch(request) {
    await request.arrayBuffer();
    return Response.json({ metadata: { metrics } });
  },
};
