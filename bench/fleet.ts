import { createWorld } from '../test/support/world.ts';

/**
 * What a pass costs without a network: the real loop, client and stores over a sandbox in the same process. Prints
 * figures; nothing is asserted. `npm run bench -- 1000`
 */
const customers = Number(process.argv[2] ?? 1000);

const world = createWorld({ prepaidCredits: customers * 1000, tier: 'unlimited', requestLogMax: 0 });
for (let index = 0; index < customers; index += 1) {
  const name = `customer-${String(index).padStart(5, '0')}`;
  world.declare(
    `${name}.yaml`,
    `externalId: ${name}\nname: Customer ${index}\ncredits: 100\ncap: 100\nkeys:\n  - { name: main, scopes: [content:read] }\n`,
  );
}

async function measure(what: string, work: () => Promise<unknown>): Promise<void> {
  world.forgetRequests();
  globalThis.gc?.();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const writes = world.requests.filter(({ method }) => method !== 'GET').length;
  const heapMb = process.memoryUsage().heapUsed / 1024 / 1024;
  console.log(
    [
      what.padEnd(34),
      `${seconds.toFixed(2)} s`.padStart(9),
      `${((seconds * 1000) / customers).toFixed(2)} ms a customer`.padStart(22),
      `${world.requests.length - writes} reads`.padStart(12),
      `${writes} writes`.padStart(12),
      `${heapMb.toFixed(0)} MB`.padStart(8),
    ].join(' '),
  );
}

console.log(`${customers} customers, Node ${process.version}`);
await measure('plan of a new fleet', () => world.pass({ dryRun: true, concurrency: 8 }));
await measure('onboarding', () => world.pass({ concurrency: 8 }));
await measure('converged, files parsed anew', () => world.pass({ concurrency: 8 }));
await measure('converged, everything read (--full)', () => world.pass({ concurrency: 8, full: true }));
