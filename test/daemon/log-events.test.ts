import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { logEvents } from '../../src/daemon/log-events.ts';
import { createDaemonWorld, type DaemonWorld, type DaemonWorldOptions } from '../support/daemon-world.ts';
import { ACME, FIREHOSE, WORKSPACE } from '../support/world.ts';

const text = z.string().nullish();
const logLine = z.object({ level: z.string(), msg: z.string(), customer: text, code: text, phase: text });

/** What the log of a daemon says since the last call, times left out. */
function reader(daemon: DaemonWorld, level = 'info') {
  let lines: z.output<typeof logLine>[] = [];
  const log = pino(
    { level, base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
    { write: (line) => lines.push(logLine.parse(JSON.parse(line))) },
  );
  const observe = logEvents(log);
  return (): string[] => {
    for (const event of daemon.takeEvents()) observe(event);
    const said = lines.map(({ level: at, msg, customer, code, phase }) =>
      [at, msg, customer, code, phase].filter((one) => one !== undefined && one !== null).join(' | '),
    );
    lines = [];
    return said;
  };
}

async function told(options: DaemonWorldOptions = {}) {
  const daemon = createDaemonWorld(options);
  daemon.world.declare('acme-coffee.yaml', ACME);
  const says = reader(daemon);
  await daemon.start();
  await daemon.advance(5_000);
  return { daemon, says, first: says() };
}

const edit = ({ world }: DaemonWorld, file: string, from: string, to: string) => {
  const path = `${WORKSPACE}/${file}`;
  world.disk.plant(path, (world.disk.textOf(path) ?? '').replace(from, to));
};

describe('the log of the daemon', () => {
  it('tells each step once, then one line a round', async () => {
    const { daemon, says, first } = await told({ workspaceYaml: FIREHOSE });
    expect(first).toEqual([
      'info | declarations read',
      'info | step done',
      'info | step done | acme-coffee',
      'info | step done | acme-coffee',
      'info | step done | acme-coffee',
      'info | step done | acme-coffee',
      'info | step done | acme-coffee',
      'info | customer is in another phase | acme-coffee | Ready',
    ]);
    await daemon.advance(3_600_000);
    expect(new Set(says())).toEqual(new Set(['info | resync ended']));
  });

  it('has no line for customers that are as they were before a restart', async () => {
    const { daemon } = await told({ workspaceYaml: FIREHOSE });
    await daemon.stop();
    const { sandbox, disk } = daemon.world;
    const again = createDaemonWorld({ sandbox, disk });
    const says = reader(again);
    await again.start();
    await again.advance(60_000);
    expect(says()).toEqual(['info | declarations read']);
  });

  it('tells a broken file when it breaks and when it is mended, and not in between', async () => {
    const { daemon, says } = await told();
    edit(daemon, 'customers/acme-coffee.yaml', 'credits: 5000', 'credits: 5e3');
    edit(daemon, 'reconcile.yaml', '', 'guards: { maxGrant: 9000 }\n');
    daemon.world.declare('birch.yaml', 'externalId: birch\nname: Birch\n');
    await daemon.hint();
    expect(says()).toEqual([
      'error | declaration cannot be used; its customer is frozen | InvalidNumber',
      'info | declaration changed | birch',
      'info | step done | birch',
      'info | customer is in another phase | birch | Ready',
    ]);
    await daemon.advance(1_800_000);
    expect(new Set(says())).toEqual(new Set(['info | resync ended']));
    edit(daemon, 'customers/acme-coffee.yaml', 'credits: 5e3', 'credits: 5000');
    await daemon.hint();
    expect(says()).toEqual([
      'info | declaration can be used again',
      'info | declaration changed | acme-coffee',
      'info | customer is in another phase | acme-coffee | Ready',
    ]);
  });

  it('tells a broken reconcile.yaml likewise', async () => {
    const { daemon, says } = await told();
    edit(daemon, 'reconcile.yaml', '', 'gards: {}\n');
    await daemon.hint();
    await daemon.advance(1_800_000);
    expect(says().slice(0, 2)).toEqual([
      'error | nothing is written until the declarations can be used | InvalidWorkspace',
      'error | declaration cannot be used | UnknownField',
    ]);
    edit(daemon, 'reconcile.yaml', 'gards: {}\n', '');
    await daemon.hint();
    expect(says()).toContain('info | the declarations can be used again');
  });

  it('tells a key that is not let in once, and once that it is', async () => {
    let isAway = false;
    const { daemon, says } = await told({ isRefused: () => isAway });
    isAway = true;
    await daemon.hangup();
    await daemon.advance(600_000);
    expect(says().filter((line) => !line.includes('resync'))).toEqual([
      'error | nobody can be visited until this is settled | UNAUTHENTICATED',
    ]);
    isAway = false;
    await daemon.advance(120_000);
    expect(says().filter((line) => !line.includes('resync'))).toEqual(['info | customers are visited again']);
  });

  it('tells the hash that approves a webhook which is held back, once', async () => {
    const { daemon, says, first } = await told({
      workspaceYaml: `${FIREHOSE}guards: { allowedWebhookHosts: [elsewhere.example] }\n`,
    });
    expect(first).toContain('info | webhooks wait for an approval');
    await daemon.advance(3_600_000);
    expect(new Set(says())).toEqual(new Set(['info | resync ended']));
  });

  it('tells what a guard holds back once, with the hash that approves it, and when it lets go', async () => {
    const { daemon, says, first } = await told({ workspaceYaml: 'guards: { maxGrant: 50 }\n' });
    expect(first).toContain('warn | problem | GuardBlocked');
    expect(first).toContain('info | customer is in another phase | acme-coffee | Stalled');
    await daemon.advance(3_600_000);
    expect(new Set(says())).toEqual(new Set(['info | resync ended']));
    edit(daemon, 'reconcile.yaml', 'maxGrant: 50', 'maxGrant: 9000');
    await daemon.hint();
    await daemon.advance(1_000);
    const after = says();
    expect(after).toContain('info | problem settled | GuardBlocked');
    expect(after).toContain('info | customer is in another phase | acme-coffee | Ready');
  });
});
