import { parser } from '@prometheus-io/lezer-promql';

/** Grafana fills these in. */
const variables = [
  [/\[\$__rate_interval\]/g, '[5m]'],
  [/\$\w+/g, '.*'],
] as const;

/**
 * Names of the metrics that an expression in PromQL asks for, as they stand in it: `x_bucket` of a histogram `x`.
 * @throws Error where it is none.
 */
export function metricsIn(expression: string): readonly string[] {
  const text = variables.reduce((sum, [variable, value]) => sum.replaceAll(variable, value), expression);
  const names: string[] = [];
  parser.parse(text).iterate({
    enter({ name, type, from, to }) {
      if (type.isError) {
        throw new Error(`Expected to read an expression in PromQL, but at ${String(from)} it is none: ${text}`);
      }
      if (name === 'Identifier') names.push(text.slice(from, to));
    },
  });
  return names;
}

/** What the chart puts in the place of this: the installation that a release is, or all. */
const INSTALLATION = 'job="$installation"';

/** The same expression, in which every selector asks for one installation, `$installation`, alone. */
export function ofOneInstallation(expression: string): string {
  const places: number[] = [];
  parser.parse(expression).iterate({
    enter({ name, node: { parent }, to }) {
      if (name === 'Identifier' && parent?.name === 'VectorSelector') places.push(to);
    },
  });
  return places.reduceRight((text, place) => {
    const [name, rest] = [text.slice(0, place), text.slice(place)];
    return rest.startsWith('{') ? `${name}{${INSTALLATION},${rest.slice(1)}` : `${name}{${INSTALLATION}}${rest}`;
  }, expression);
}
