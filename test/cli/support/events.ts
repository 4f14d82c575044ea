import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type EventLine, eventsJsonSchema } from '../../../src/cli/render/event-schema.ts';

const ajv = new Ajv2020({ strict: true });
addFormats.default(ajv);

/** Whether a value is one of the lines that `reconcile schema events` describes. */
const isEvent = ajv.compile<EventLine>(eventsJsonSchema());

/** The lines of a stream, each of which has to be valid. */
export function eventsIn(text: string): readonly EventLine[] {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const value: unknown = JSON.parse(line);
      if (isEvent(value)) return value;
      throw new Error(`${JSON.stringify(isEvent.errors)} in ${line}`);
    });
}
