// At the end of a job that has failed: what was refused, and why.
const gateway = process.env.STATE_gateway;
if (gateway) {
  const response = await fetch(`${gateway}/_understudy/journal?limit=10000`);
  const { entries } = await response.json();
  const refused = entries.filter((entry) => entry.response.status >= 400 || entry.fault);
  console.log(`Understudy refused ${refused.length} of ${entries.length} calls${refused.length ? ":" : "."}`);
  for (const entry of refused) {
    const call = entry.operation || `${entry.provider} ${entry.request.method} ${entry.request.url.split("?")[0]}`;
    const why = [entry.reason, entry.fault && `fault: ${entry.fault}`].filter(Boolean).join("; ");
    console.log(`  #${entry.seq} ${call}: ${entry.response.status}${why && `: ${why}`}`);
  }
}
