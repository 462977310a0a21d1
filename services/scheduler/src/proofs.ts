import { isBounded, type AttemptReference, type Command, type Refusal } from '@ratchet/domain';
import type { ProofVerdict, ProofVerifier } from '@ratchet/protocol';

/**
 * What a command says of its sender must be proved before it is decided: that it has the task it speaks of, and that the
 * cancellation service forwarded it. Whoever can write to `commands` can write anything else.
 *
 * A replay must accept what was accepted, though a key may be gone since. So the progress says which keys were there, and
 * a proof of one of those is not asked of a command that stood in the log before the restore (ADR 16).
 */
export class Proofs {
  readonly #partition: number;
  readonly #verifier: ProofVerifier;
  #formerKeyIds: ReadonlySet<string> = new Set();
  /** Offset in `commands`: what stands before it may have been decided before. */
  #replaysUntil = 0;

  constructor(partition: number, verifier: ProofVerifier) {
    this.#partition = partition;
    this.#verifier = verifier;
  }

  /** Ids of the keys that what is decided now is verified with. */
  get keyIds(): readonly string[] {
    return this.#verifier.keyIds;
  }

  restore(keyIds: readonly string[]): void {
    this.#formerKeyIds = new Set(keyIds);
  }

  replaysUntil(offset: number): void {
    this.#replaysUntil = offset;
  }

  /** @returns why the command must not be decided. */
  refusal(command: Command, offset: number, rules: number): Refusal | undefined {
    if (!isBounded(rules)) return undefined;
    if ('attempt' in command && !this.#has(command, command.attempt, offset)) {
      return command.attempt.by === 'id'
        ? invalid('Task token not set on request.')
        : invalid('Error deserializing task token. The signature does not match.');
    }
    if (this.#isForwarded(command, offset)) return undefined;
    return invalid(
      'forwardedFrom is not signed: only the cancellation service says where a command was forwarded from',
    );
  }

  /** Whoever knows the ids may report, as the API has it; but nobody takes a task without having it. */
  #has(command: AttemptCommand, attempt: AttemptReference, offset: number): boolean {
    if (attempt.by === 'id') return command.type !== 'Claim';
    const { scheduleOffset, stamp } = attempt;
    const token = { id: command.target, scheduleOffset, attempt: attempt.attempt, stamp };
    return this.#accepts(this.#verifier.verifyAttempt(token, attempt.proof), offset);
  }

  #isForwarded({ forwardedFrom }: Command, offset: number): boolean {
    if (forwardedFrom === undefined) return true;
    const { proof, ...place } = forwardedFrom;
    return this.#accepts(this.#verifier.verifyForwarding({ partition: this.#partition, ...place }, proof), offset);
  }

  #accepts(verdict: ProofVerdict, offset: number): boolean {
    if (typeof verdict === 'string') return verdict === 'valid';
    return offset < this.#replaysUntil && this.#formerKeyIds.has(verdict.unknownKey);
  }
}

type AttemptCommand = Extract<Command, { readonly attempt: AttemptReference }>;

const invalid = (message: string): Refusal => ({ reason: 'invalid-argument', message });
