import type { TestedWebhook } from '../../engine/test-webhook.ts';
import { counted } from './layout.ts';
import type { Page } from './page.ts';
import { renderProblem } from './problem.ts';

type Told = Exclude<TestedWebhook, { readonly kind: 'refused' }>;

/** What became of a test ping, for people. Ends with a line break. */
export function renderWebhookTest(name: string, tested: Told, page: Page): string {
  const lines = tested.kind === 'not-sent' ? renderProblem(tested.problem, page) : deliveryLines(name, tested, page);
  return `${lines.join('\n')}\n`;
}

function deliveryLines(
  name: string,
  { endpoint, delivery, deliveryId }: Told & { kind: 'sent' },
  page: Page,
): string[] {
  const status = delivery?.status ?? 'pending';
  const tone = status === 'delivered' ? 'add' : 'trouble';
  return [
    `${page.paint(tone, status)}  ${page.wrap(`webhook "${name}", ${endpoint.url}`, '').join(' ')}`,
    ...page.wrap(outcome(status, delivery), '  '),
    ...(endpoint.status === 'active' || status === 'delivered'
      ? []
      : page.wrap(
          `The endpoint is ${endpoint.status === 'paused' ? 'paused' : 'paused by the API'}: nothing is delivered to it.`,
          '  ',
        )),
    ...page.wrap(`delivery ${deliveryId}, endpoint ${endpoint.id}`, '  '),
  ];
}

type Delivery = (Told & { kind: 'sent' })['delivery'];

function outcome(status: string, delivery: Delivery): string {
  if (!delivery || status === 'pending' || status === 'delivering')
    return 'The ping was sent and is not delivered yet. Look at the deliveries in the dashboard, or try again later.';
  const { attempts, lastResponseStatus, lastErrorMessage } = delivery;
  const answer =
    lastResponseStatus === null ? 'The receiver did not answer' : `The receiver answered ${lastResponseStatus}`;
  const after = attempts > 1 ? ` after ${counted(attempts, 'attempt')}` : '';
  const said = lastErrorMessage === null || status === 'delivered' ? '' : ` The API says: ${lastErrorMessage}`;
  return `${answer}${after}.${said}`;
}
