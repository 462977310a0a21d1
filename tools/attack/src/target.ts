/** What an attacker knows of the Ratchet that it attacks. */
export interface Target {
  readonly brokers: string;
  readonly registryUrl: string;
  readonly grpcAddress: string;
  readonly httpUrl: string;
  /** Of a gateway that asks nobody who they are, on the same Kafka. */
  readonly openHttpUrl: string;
  /** API keys for `namespaces.attacker`, by their role. */
  readonly keys: Readonly<Record<'reader' | 'worker' | 'writer' | 'admin', string>>;
  /** May do everything anywhere: to see what became of an attack. */
  readonly rootKey: string;
  /** Signs tokens that the gateway takes, in PEM. */
  readonly jwtPrivateKey: string;
  readonly webhookSecret: string;
  /** Where each service shows its metrics, by name. */
  readonly metricsUrls: Readonly<Record<string, string>>;
}

export const namespaces = { attacker: 'attacker', neighbour: 'neighbour' } as const;
export const jwt = { issuer: 'https://issuer.example', audience: 'ratchet' } as const;
export const webhookName = 'payments';
/** The whole gateway's, small enough to be reached here. */
export const httpRequestsMax = 200;

/** How often each answer was heard. */
export class Told {
  readonly counts = new Map<string, number>();

  add(answer: string | number): void {
    this.counts.set(String(answer), (this.counts.get(String(answer)) ?? 0) + 1);
  }

  /** How often any of these was heard. */
  count(...answers: readonly (string | number)[]): number {
    return answers.reduce<number>((sum, answer) => sum + (this.counts.get(String(answer)) ?? 0), 0);
  }

  /** What was heard beside these. */
  besides(...answers: readonly (string | number)[]): readonly string[] {
    return [...this.counts.keys()].filter((answer) => !answers.map(String).includes(answer));
  }
}

/** An attack on a running Ratchet, bounded in what it sends. */
export interface Attack {
  readonly about: string;
  /**
   * Goes on until `signal`, and then looks how it was taken.
   *
   * @returns in what it was not refused as it should have been; nothing when all was as expected.
   */
  readonly run: (target: Target, told: Told, signal: AbortSignal) => Promise<string | undefined>;
}
