// `npm run bench -- growth [dimension…]`: what one run costs beside more and more of everything else. The sizes of a dimension are tried in
// turns; the exponent of a power that is fitted to all of them says how the cost grows. Flat is 0; what the work as a whole costs grows by
// one more, so an exponent of 0.05 here is the 1.05 that nothing on the hot path may exceed.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Dimension, dimensions } from './growth-dimensions.ts';
import { numberText } from './harness/comparison.ts';
import { machineText, versionsText } from './harness/machine.ts';
import type { MeasureContext } from './harness/measure.ts';
import { svgOf } from './harness/plot.ts';
import type { Sizes } from './harness/sizes.ts';
import { type Fit, fitPower, type Spread, spreadOf } from './harness/statistics.ts';
import { inTurns } from './harness/turns.ts';
import { Usage } from './harness/usage.ts';
import { type Engine, Services } from './systems/services.ts';
import { tidewheel } from './systems/tidewheel.ts';

export interface GrowthOptions {
  readonly rounds: number;
  readonly sizes: Sizes;
  /** The page; the plots lie beside it. */
  readonly report: string | undefined;
  /** Instead of each dimension's own sizes. */
  readonly steps: string | undefined;
  readonly engine: Engine;
}

export interface Grown {
  readonly dimension: Dimension;
  readonly points: readonly { readonly size: number; readonly cost: Spread }[];
  readonly fit: Fit;
}

const steepest = 0.05;

export async function growth(names: readonly string[], options: GrowthOptions): Promise<number> {
  const unknown = names.find((name) => !dimensions.some((dimension) => dimension.name === name));
  if (unknown !== undefined) throw new Usage(`nothing called ${unknown} grows; there are ${dimensionNames()}`);
  const chosen = dimensions.filter(({ name }) => names.length === 0 || names.includes(name));
  const systems = [tidewheel(options.engine)];
  const services = await Services.start();
  const machine = machineText();
  const grown: Grown[] = [];
  try {
    for (const dimension of chosen)
      grown.push(await grow(dimension, { services, systems, sizes: options.sizes }, options));
    const versions = await versionsText(services, systems);
    if (options.report !== undefined) writeReport(options.report, grown, [machine, ...versions], options);
  } finally {
    await services.stop();
  }
  return grown.every(isFlat) ? 0 : 1;
}

async function grow(dimension: Dimension, context: MeasureContext, options: GrowthOptions): Promise<Grown> {
  const steps = options.steps?.split(',').map(Number) ?? dimension.sizes;
  console.log(dimension.name);
  const contenders = steps.map((size) => dimension.contender(size, options.engine, context));
  const say = (text: string): void => console.log(`  ${text}`);
  const results = await inTurns(contenders, { rounds: options.rounds, warm: false, say });
  const rounds = steps.flatMap((size) =>
    (results.get(String(size))?.get('drain') ?? []).map((drain) => ({ size, cost: 1_000_000 / drain })),
  );
  const points = steps.map((size) => ({
    size,
    cost: spreadOf(rounds.filter((round) => round.size === size).map(({ cost }) => cost)),
  }));
  const fit = fitPower(rounds);
  console.log(`  cost of a run grows with the ${fit.exponent.toFixed(3)}th power of ${dimension.across}`);
  return { dimension, points, fit };
}

function isFlat({ fit }: Grown): boolean {
  return fit.exponent <= steepest;
}

function writeReport(path: string, grown: readonly Grown[], machine: readonly string[], options: GrowthOptions): void {
  mkdirSync(dirname(path), { recursive: true });
  const sections = grown.flatMap((each) => {
    const { dimension, points, fit } = each;
    const { name, across } = dimension;
    const picture = `growth-${name}.svg`;
    const title = `Cost of a run beside ${across}`;
    const plot = svgOf({ title, across, up: 'microseconds a run', points, fit });
    writeFileSync(join(dirname(path), picture), plot);
    return [
      `## ${name}`,
      '',
      `![${title}](${picture})`,
      '',
      `| ${across} | µs a run, median | min | max |`,
      '| --- | --- | --- | --- |',
      ...points.map(
        ({ size, cost }) =>
          `| ${size.toLocaleString('en')} | ${numberText(cost.median)} | ${numberText(cost.min)} | ${numberText(cost.max)} |`,
      ),
      '',
      `Exponent **${fit.exponent.toFixed(3)}**: ${isFlat(each) ? 'flat' : `steeper than ${steepest}`}.`,
      '',
    ];
  });
  const head = [
    '# What a run costs as things grow',
    '',
    `\`npm run bench -- growth\` on ${options.engine}: ${options.sizes['growth.runs'].toLocaleString('en')} no-op runs are drained by one worker beside more and more of everything else, ${options.rounds} rounds in turns. The exponent is that of a power fitted to all rounds by least squares of the logarithms; over ${steepest} the whole would grow faster than the ${1 + steepest}th power.`,
    '',
    ...machine.map((line) => `- ${line}`),
    '',
  ];
  writeFileSync(path, [...head, ...sections].join('\n'));
}

function dimensionNames(): string {
  return dimensions.map(({ name }) => name).join(', ');
}
