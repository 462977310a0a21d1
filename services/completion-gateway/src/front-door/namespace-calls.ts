import { checkNewNamespace, type Namespace } from '@ratchet/domain';
import type { Caller } from './caller.ts';
import { namespaceNotFound, notPermitted, orFrontDoorError, type Desk } from './desk.ts';
import { FrontDoorError } from './front-door-error.ts';
import { throwRefusal } from './front-door-errors.ts';
import type { NamespaceDirectory } from './namespace-directory.ts';

export type NewNamespace = Omit<Namespace, 'id' | 'registeredAt'>;

/** Namespaces from outside. What the decider needs of one is stamped into commands, so a change acts on what is started later. */
export class NamespaceCalls {
  readonly #desk: Desk;
  readonly #directory: NamespaceDirectory;
  readonly #registering = new Set<string>();

  constructor(desk: Desk, directory: NamespaceDirectory) {
    this.#desk = desk;
    this.#directory = directory;
  }

  /**
   * The caller's namespace, or with an id the one that has it.
   *
   * @throws FrontDoorError as `Desk.admit`.
   */
  describe(caller: Caller, id = ''): Namespace {
    if (id === '' || caller.namespace !== '') return this.#desk.admit(caller, 'reader');
    const found = this.#directory.findById(id);
    if (found === undefined) throw namespaceNotFound(id);
    return this.#desk.admit({ ...caller, namespace: found.name }, 'reader');
  }

  /** Those that the caller may read, by name. */
  list({ principal }: Caller): readonly Namespace[] {
    return this.#directory.list().filter(({ name }) => principal.may('reader', name));
  }

  /** @throws FrontDoorError INVALID_ARGUMENT, PERMISSION_DENIED, or ALREADY_EXISTS. */
  async register({ principal }: Caller, wanted: NewNamespace): Promise<Namespace> {
    const { name } = wanted;
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
}

const alreadyExists = (): FrontDoorError =>
  new FrontDoorError('ALREADY_EXISTS', 'Namespace already exists.', { detail: { type: 'namespace-already-exists' } });
