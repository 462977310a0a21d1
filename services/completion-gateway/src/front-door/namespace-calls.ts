import { checkNewNamespace, type Namespace } from '@ratchet/domain';
import type { Caller } from './caller.ts';
import { namespaceNotFound, notPermitted, orFrontDoorError, type Desk } from './desk.ts';
import { FrontDoorError } from './front-door-error.ts';
import { throwRefusal } from './front-door-errors.ts';
import type { NamespaceDirectory } from './namespace-directory.ts';

export type NewNamespace = Omit<Namespace, 'id' | 'registeredAt'>;

/** What can be changed of one; what is absent stays as it is. */
export interface NamespaceChange extends Partial<Pick<Namespace, 'description' | 'retentionMs'>> {
  readonly limits?: Partial<Namespace['limits']>;
}

/** Namespaces from outside. What the decider needs of one is stamped into commands, so a change acts on what is started later. */
export class NamespaceCalls {
  readonly #desk: Desk;
  readonly #directory: NamespaceDirectory;
  readonly #registering = new Set<string>();
  /** The last change of each that is under way. */
  readonly #changing = new Map<string, Promise<void>>();

  constructor(desk: Desk, directory: NamespaceDirectory) {
    this.#desk = desk;
    this.#directory = directory;
  }

  /**
   * The caller's namespace, or with an id the one that has it.
   *
   * @throws FrontDoorError as `Desk.admit`; the reference has other words for it that neither is named.
   */
  describe(caller: Caller, id = ''): Namespace {
    if (id === '' && caller.namespace === '') throw namespaceNotSet();
    if (caller.namespace !== '') return this.#desk.admit(caller, 'reader');
    const found = this.#directory.findById(id);
    // Whoever may not see it is told neither its name nor that it is there.
    if (found === undefined || !caller.principal.may('reader', found.name)) throw namespaceNotFound(id);
    return this.#desk.admit({ ...caller, namespace: found.name }, 'reader');
  }

  /** Those that the caller may read, by name. */
  list({ principal }: Caller): readonly Namespace[] {
    return this.#directory.list().filter(({ name }) => principal.may('reader', name));
  }

  /** @throws FrontDoorError INVALID_ARGUMENT, PERMISSION_DENIED, or ALREADY_EXISTS. */
  async register({ principal }: Caller, wanted: NewNamespace): Promise<Namespace> {
    const { name } = wanted;
    if (name === '') throw namespaceNotSet();
    throwRefusal(checkNewNamespace(wanted));
    if (!principal.may('admin', name)) throw notPermitted(name);
    if (this.#directory.find(name) !== undefined || this.#registering.has(name)) throw alreadyExists();
    this.#registering.add(name);
    try {
      return await orFrontDoorError(this.#directory.register(wanted));
    } finally {
      this.#registering.delete(name);
    }
  }

  /**
   * Changes what is given, for calls and starts from then on. One change of a namespace comes after the other here; of two
   * at two gateways in the same moment the later record counts.
   *
   * @throws FrontDoorError as `Desk.find`, INVALID_ARGUMENT, or UNAVAILABLE.
   */
  update(caller: Caller, change: NamespaceChange): Promise<Namespace> {
    const { name } = this.#desk.find(caller, 'admin');
    const changed = (this.#changing.get(name) ?? Promise.resolve()).then(async () => {
      const former = this.#desk.find(caller, 'admin');
      const namespace = { ...former, ...change, limits: { ...former.limits, ...change.limits } };
      throwRefusal(checkNewNamespace(namespace));
      await orFrontDoorError(this.#directory.change(namespace));
      return namespace;
    });
    const settled = changed.then(
      () => undefined,
      () => undefined,
    );
    this.#changing.set(name, settled);
    void settled.then(() => {
      if (this.#changing.get(name) === settled) this.#changing.delete(name);
    });
    return changed;
  }
}

const alreadyExists = (): FrontDoorError =>
  new FrontDoorError('ALREADY_EXISTS', 'Namespace already exists.', { detail: { type: 'namespace-already-exists' } });

/** Of a call that is about a namespace; one that is about something in it is told otherwise (semantics section 1.1). */
const namespaceNotSet = (): FrontDoorError => new FrontDoorError('INVALID_ARGUMENT', 'Namespace not set on request.');
