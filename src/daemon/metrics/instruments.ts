import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Stands before the name of every metric of ours; those of the process and of Node keep the names that everybody knows. */
export const METRIC_PREFIX = 'layers_reconciler_';

/** Makes the metrics of one registry. */
export interface Instruments {
  readonly counter: <Label extends string = never>(
    name: string,
    help: string,
    labels?: readonly Label[],
  ) => Counter<Label>;
  readonly gauge: <Label extends string = never>(name: string, help: string, labels?: readonly Label[]) => Gauge<Label>;
  readonly histogram: <Label extends string = never>(
    name: string,
    help: string,
    buckets: readonly number[],
    labels?: readonly Label[],
  ) => Histogram<Label>;
  /** A gauge that is asked for its values when somebody scrapes. What `values` leaves out is not exposed. */
  readonly scraped: <Label extends string = never>(
    name: string,
    help: string,
    labels: readonly Label[],
    values: () => Iterable<Sample<Label>>,
  ) => void;
  /** A counter that somebody else keeps. */
  readonly scrapedCounter: <Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    values: () => Iterable<Sample<Label>>,
  ) => void;
}

export interface Sample<Label extends string> {
  readonly value: number;
  readonly labels?: Partial<Record<Label, string>>;
}

export function createInstruments(registry: Registry): Instruments {
  const registers = [registry];
  return {
    counter: (name, help, labelNames = []) => new Counter({ name: METRIC_PREFIX + name, help, labelNames, registers }),
    gauge: (name, help, labelNames = []) => new Gauge({ name: METRIC_PREFIX + name, help, labelNames, registers }),
    scraped(name, help, labelNames, values) {
      new Gauge({
        name: METRIC_PREFIX + name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          // Without labels a reset leaves a 0, which would be an answer to a question that nobody can answer yet.
          if (labelNames.length === 0) this.remove();
          for (const { value, labels = {} } of values()) this.set(labels, value);
        },
      });
    },
    scrapedCounter(name, help, labelNames, values) {
      new Counter({
        name: METRIC_PREFIX + name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          for (const { value, labels = {} } of values()) this.inc(labels, value);
        },
      });
    },
    histogram: (name, help, buckets, labelNames = []) =>
      new Histogram({ name: METRIC_PREFIX + name, help, labelNames, buckets: [...buckets], registers }),
  };
}

/** How many values a label may take before the rest is called by one name: a metric must not grow with what a server says. */
const VALUES_MAX = 128;

/** Keeps a label's values few and plain. */
export function boundedLabel(shape: RegExp, otherwise: string): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return value;
    if (seen.size >= VALUES_MAX || !shape.test(value)) return otherwise;
    seen.add(value);
    return value;
  };
}
