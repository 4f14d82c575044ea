import type { TestedWebhook } from '../../engine/test-webhook.ts';
import { counted, wrap } from './layout.ts';
import type { Paint } from './palette.ts';
import { renderProblem } from './problem.ts';

type Told = Exclude<TestedWebhook, { readonly kind: 'refused' }>;

/** What became of a test ping, for people. Ends with a line break. */
export function renderWebhookTest(name: string, tested: Told, paint: Paint): string {
  const lines = tested.kind === 'not-sent' ? renderProblem(tested.problem, paint) : deliveryLines(name, tested, paint);
  return `${lines.join('\n')}\n`;
}

function deliveryLines(
  name: string,
  { endpoint, delivery, deliveryId }: Told & { kind: 'sent' },
  paint: Paint,
): string[] {
  const status = delivery?.status ?? 'pending';
  const tone = status === 'delivered' ? 'add' : 'trouble';
  return [
    `${paint(tone, status)}  ${wrap(`webhook "${name}", ${endpoint.url}`, '').join(' ')}`,
    ...wrap(outcome(status, delivery), '  '),
    ...(endpoint.status === 'active' || status === 'delivered'
      ? []
      : wrap(
          `The endpoint is ${endpoint.status === 'paused' ? 'paused' : 'paused by the API'}: nothing is delivered to it.`,
          '  ',
        )),
    ...wrap(`delivery ${deliveryId}, endpoint ${endpoint.id}`, '  '),
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
