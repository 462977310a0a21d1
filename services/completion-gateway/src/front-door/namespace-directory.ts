import { randomUUID } from 'node:crypto';
import { defaultNamespace, epochMillis, namespaceRetentionMsDefault, type Namespace } from '@ratchet/domain';

/** Appends a namespace to its topic; resolves once the broker has it. */
export type AppendNamespace = (namespace: Namespace) => Promise<void>;

/**
 * The namespaces as their topic says, the latest record of a name being the truth.
 *
 * Every gateway reads the whole topic before it lets anyone in and follows it from there, so that one made at another
 * gateway is known here a moment later.
 */
export class NamespaceDirectory {
  readonly #byName = new Map<string, Namespace>();
  readonly #byId = new Map<string, Namespace>();
  readonly #append: AppendNamespace;

  constructor(append: AppendNamespace) {
    this.#append = append;
  }

  find(name: string): Namespace | undefined {
    return this.#byName.get(name);
  }

  findById(id: string): Namespace | undefined {
    return this.#byId.get(id);
  }

  /** By name. */
  list(): readonly Namespace[] {
    return [...this.#byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** A record of the topic. */
  put(namespace: Namespace): void {
    const former = this.#byName.get(namespace.name);
    if (former !== undefined) this.#byId.delete(former.id);
    this.#byName.set(namespace.name, namespace);
    this.#byId.set(namespace.id, namespace);
  }

  /** Its record was deleted. */
  remove(name: string): void {
    const former = this.#byName.get(name);
    if (former !== undefined) this.#byId.delete(former.id);
    this.#byName.delete(name);
  }

  /** Registers a namespace that is not there yet; known here once the broker has it. */
  async register(wanted: Omit<Namespace, 'id' | 'registeredAt'>): Promise<Namespace> {
    const namespace = { ...wanted, id: randomUUID(), registeredAt: epochMillis(Date.now()) };
    await this.change(namespace);
    return namespace;
  }

  /** Writes a namespace anew; known here once the broker has it. */
  async change(namespace: Namespace): Promise<void> {
    await this.#append(namespace);
    this.put(namespace);
  }

  /** Registers the one that everybody may count on. */
  async ensureDefault(): Promise<void> {
    if (this.find(defaultNamespace) !== undefined) return;
    await this.register({
      name: defaultNamespace,
      description: 'There from the start.',
      retentionMs: namespaceRetentionMsDefault,
      limits: { requestsPerSecondMax: 0 },
    });
  }
}
