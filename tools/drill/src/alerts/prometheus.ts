import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prometheusTool, type RuleFile } from '@ratchet/tools-deploy';
import { leasePort, type PortLease } from '@ratchet/tools-kafka';
import { spedUp } from './sped-up.ts';

/** The labels of an alert that fires, its name and severity among them. */
export type FiringAlert = Readonly<Record<string, string>>;

export interface PrometheusOptions {
  /** Of its data, its configuration and its log; exists. */
  readonly folder: string;
  readonly rules: RuleFile;
  /** How many times faster than in production it scrapes, and rules come due. */
  readonly factor: number;
  /** `host:port`s that answer `/metrics`. */
  readonly targets: readonly string[];
}

/** As the Prometheus operator scrapes by default. */
const scrapeSeconds = 30;
const startMsMax = 30_000;

/** A Prometheus that scrapes as the chart has it scraped, only faster. */
export class Prometheus {
  readonly #child: ChildProcess;
  readonly #port: PortLease;

  private constructor(child: ChildProcess, port: PortLease) {
    this.#child = child;
    this.#port = port;
  }

  /** Resolves once it answers. @throws Error (rejects) when there is none, or it does not take its configuration. */
  static async start({ folder, rules, factor, targets }: PrometheusOptions): Promise<Prometheus> {
    const program = prometheusTool('prometheus', folder);
    const everyMs = `${String(Math.round((scrapeSeconds * 1000) / factor))}ms`;
    const rulesFile = join(folder, 'rules.json');
    writeFileSync(rulesFile, JSON.stringify(spedUp(rules, factor)));
    const configFile = join(folder, 'prometheus.json');
    writeFileSync(
      configFile,
      JSON.stringify({
        global: { scrape_interval: everyMs, scrape_timeout: everyMs, evaluation_interval: everyMs },
        rule_files: [rulesFile],
        scrape_configs: [
          {
            job_name: 'ratchet-metrics',
            honor_labels: true,
            static_configs: [{ targets, labels: { namespace: 'ratchet' } }],
          },
        ],
      }),
    );
    mkdirSync(join(folder, 'prometheus-data'), { recursive: true });
    const port = await leasePort();
    const log = openSync(join(folder, 'prometheus.log'), 'a');
    const child = spawn(
      program,
      [
        `--config.file=${configFile}`,
        `--storage.tsdb.path=${join(folder, 'prometheus-data')}`,
        `--web.listen-address=127.0.0.1:${String(port.port)}`,
        '--log.level=warn',
      ],
      { stdio: ['ignore', log, log] },
    );
    const prometheus = new Prometheus(child, port);
    const giveUpAt = performance.now() + startMsMax;
    while (!(await prometheus.#isReady())) {
      if (child.exitCode === null && performance.now() < giveUpAt) continue;
      await prometheus.stop();
      throw new Error(`Expected Prometheus to start, but it did not: see ${join(folder, 'prometheus.log')}`);
    }
    return prometheus;
  }

  /** What fires now. */
  async firing(): Promise<readonly FiringAlert[]> {
    return this.#series('ALERTS{alertstate="firing"}');
  }

  /** What has fired at any time since then. @param since on the clock of `Date.now()`. */
  async firedSince(since: number): Promise<readonly FiringAlert[]> {
    const seconds = Math.max(1, Math.ceil((Date.now() - since) / 1000));
    return this.#series(`last_over_time(ALERTS{alertstate="firing"}[${String(seconds)}s])`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await ended;
    }
    this.#port.release();
  }

  async #series(query: string): Promise<readonly FiringAlert[]> {
    const { data } = await this.#ask(`/api/v1/query?${new URLSearchParams({ query }).toString()}`);
    return data.result.map(({ metric: { __name__: _, alertstate: __, ...labels } }) => labels);
  }

  async #ask(path: string): Promise<QueryAnswer> {
    const response = await fetch(`http://127.0.0.1:${String(this.#port.port)}${path}`, {
      signal: AbortSignal.timeout(5_000),
    });
    if (!response.ok) throw new Error(`Expected an answer of Prometheus, but: ${await response.text()}`);
    return (await response.json()) as QueryAnswer;
  }

  async #isReady(): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${String(this.#port.port)}/-/ready`);
      if (response.ok) return true;
    } catch {
      // It does not listen yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    return false;
  }
}

interface QueryAnswer {
  readonly data: { readonly result: readonly { readonly metric: Readonly<Record<string, string>> }[] };
}
