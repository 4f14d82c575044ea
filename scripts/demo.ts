/**
 * `npm run demo`: the built command, real HTTP and a sandbox of the Layers API, in a temporary directory that is gone
 * afterwards. Each expectation that is not met ends the demo with a message and exit code 1.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { z } from 'zod';
import { run, type SandboxProcess, startSandbox } from '../test/support/real-process.ts';
import { repositoryRoot } from '../test/support/source-tree.ts';

const FILE = 'customers/acme-coffee.yaml';

const home = mkdtempSync(join(tmpdir(), 'reconcile-demo-'));
const workspace = join(home, 'workspace');
for (const path of ['workspace/customers', 'sandbox']) mkdirSync(join(home, path), { recursive: true });
for (const path of ['reconcile.yaml', FILE]) cpSync(join(repositoryRoot, path), join(workspace, path));

async function tour(api: SandboxProcess): Promise<void> {
  say('A partner keeps one file per customer. This is the first one:');
  show('cat', FILE, declarationOf(FILE).replace(/^#.*\n| #.*$/gm, ''));

  say(
    'A sandbox of the Layers API serves on loopback: no account, no real money. First the workspace is bound to the parent organization of the API key.',
  );
  await reconcile(api, ['init'], 0, 'nothing');

  say(
    'What would happen? A dry run has no means to write. `+` creates, `$` moves money, `~` changes, `*` mints a key.',
  );
  const plan = await reconcile(api, ['--dry-run'], 0);
  expect(plan.includes('parent wallet 1,000,000 → 995,000'), 'the plan shows the wallet before and after');

  say('Now for real: one pass carries out only what is missing. (The detail of each step is left out here.)');
  await reconcile(api, [], 0, 'steps');

  say('The public guide ends with a look at the organization (its step 6). The API says:');
  const acme = await acmeOf(api);
  const { balance, creditConfig } = acme.summary;
  const limits = `cap ${count(creditConfig.monthlyCreditCap)}, below ${count(creditConfig.refillThreshold)} add ${count(creditConfig.refillAmount)}`;
  show('GET', `/v1/organizations/${acme.id}`, `${acme.name}, ${acme.status}: ${count(balance)} credits, ${limits}`);
  expect(balance === 5000 && creditConfig.autoRefillEnabled, 'the organization is funded and limited as declared');

  say(
    'The key was shown once; its secret is in a file that only its owner may read. With it, the customer is who it should be:',
  );
  const secret = readFileSync(
    join(workspace, `.reconcile/secrets/${acme.parentOrganizationId}/customers/acme-coffee/acme-integration`),
    'utf8',
  ).trim();
  const whoami = await api.get('/v1/whoami', secret);
  const me = z.object({ organizationId: z.string(), organizationName: z.string() }).parse(whoami.body);
  show(
    'GET',
    `/v1/whoami  as ${secret.slice(0, 'lp_live_'.length + 16)}_…`,
    `${me.organizationName} (${me.organizationId})`,
  );
  expect(me.organizationId === acme.id, 'the key acts as its own customer');

  say('Again: nothing is missing, so nothing is written, neither to the API nor to a file.');
  const before = { operations: await operationsOf(api), file: declarationOf(FILE) };
  const second = await reconcile(api, [], 0);
  expect(second.includes('nothing to do'), 'the second pass has nothing to do');
  expect((await operationsOf(api)) === before.operations, 'the second pass changes nothing at the API');
  expect(declarationOf(FILE) === before.file, 'the second pass leaves the file as it is');

  say(
    'The customer spends 1,200 credits, and the declaration is raised from 5,000 to 8,000. Declared is a total, so exactly 3,000 more are granted; what was spent is not paid again.',
  );
  await api.control('POST', 'spend', { organizationId: acme.id, credits: 1200 });
  writeFileSync(join(workspace, FILE), declarationOf(FILE).replace('credits: 5000', 'credits: 8000'));
  const raised = await reconcile(api, [], 0);
  expect(/credits: done +3,000 credits/.test(raised), 'raising grants the difference');
  const now = (await acmeOf(api)).summary.balance;
  expect(now === 5000 - 1200 + 3000, 'the balance is what was granted less what was spent');
  show('GET', `/v1/organizations/${acme.id}`, `${count(now)} credits = 8,000 granted - 1,200 spent`);

  say(
    'That is all there is to it: edit files, commit, reconcile. Try it with the other example customers, here and now:',
  );
  console.log(`  ${paint('bold', 'npx reconcile --sandbox --dry-run')}    the plan, against a sandbox of your own`);
  console.log(`  ${paint('bold', 'npx reconcile --help')}                 everything it can do`);
  console.log('\n  README.md says how to run it with a real API key.\n');
}

/** How much of what a command prints is shown; `steps` leaves out what the plan said of each step. */
type Shown = 'everything' | 'steps' | 'nothing';

/** Runs the command, prints what it printed, and insists on the exit code. */
async function reconcile(
  { environment }: SandboxProcess,
  args: readonly string[],
  exitCode: number,
  shown: Shown = 'everything',
): Promise<string> {
  const ended = await run(workspace, args, environment);
  if (ended.exitCode !== exitCode)
    throw new Error(`reconcile ${args.join(' ')} ended with ${ended.exitCode}:\n${ended.stdout}${ended.stderr}`);
  const detail = shown === 'steps' ? /^ {3,}.*\n/gm : shown === 'nothing' ? /^.*\n/gm : /(?!)/;
  show('reconcile', args.join(' '), ended.stdout.replace(detail, ''));
  return ended.stdout;
}

function declarationOf(file: string): string {
  return readFileSync(join(workspace, file), 'utf8');
}

const organization = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string(),
  parentOrganizationId: z.string(),
  summary: z.object({
    balance: z.number(),
    creditConfig: z.object({
      monthlyCreditCap: z.number(),
      refillThreshold: z.number(),
      refillAmount: z.number(),
      autoRefillEnabled: z.boolean(),
    }),
  }),
});

async function acmeOf(api: SandboxProcess): Promise<z.output<typeof organization>> {
  const list = z
    .object({ items: z.array(z.object({ id: z.string() })) })
    .parse((await api.get('/v1/organizations')).body);
  expect(list.items.length === 1, 'there is exactly one organization');
  return organization.parse((await api.get(`/v1/organizations/${list.items[0]?.id ?? ''}`)).body);
}

async function operationsOf(api: SandboxProcess): Promise<number> {
  return z.array(z.unknown()).parse(await api.control('GET', 'operations')).length;
}

/** One step of the tour, wrapped to 78 columns. */
function say(text: string): void {
  const wrapped = text.replace(/(.{1,80})(?: |$)/g, '$1\n').trimEnd();
  console.log(`\n${paint('cyan', wrapped)}\n`);
}

function show(command: string, what: string, output: string): void {
  console.log(paint('bold', `$ ${command}${what === '' ? '' : ` ${what}`}`));
  if (output !== '') console.log(output.trimEnd());
}

function count(credits: number): string {
  return credits.toLocaleString('en-US');
}

function paint(style: 'bold' | 'cyan', text: string): string {
  const colored = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
  return colored ? styleText(style, text) : text;
}

function expect(met: boolean, expectation: string): void {
  if (!met) throw new Error(`expected that ${expectation}, which is not so`);
}

let sandbox: SandboxProcess | null = null;
try {
  sandbox = await startSandbox(join(home, 'sandbox'));
  await tour(sandbox);
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await sandbox?.stop();
  rmSync(home, { recursive: true, force: true });
}
