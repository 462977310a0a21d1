import type { Server, Socket } from 'node:net';
import type { Principal } from '../front-door/caller.ts';
import { limitReached, Quota, type Bound, type OnReached } from './quota.ts';

export interface ConnectionsParts {
  /** Connections of those who have proved who they are. */
  readonly known: { readonly ofAll: Bound; readonly ofOne: Bound };
  /** Connections of those who have not yet. */
  readonly strangers: Bound;
  /** Requests that are under way on one connection. */
  readonly onEach: Bound;
  readonly onReached: OnReached;
}

/** A connection to one of the doors. */
export interface Connection {
  /** Address and port. */
  readonly peer: string;
  readonly address: string;
  readonly socket: Pick<Socket, 'destroy'>;
  /** Whoever the first request was of that was let in. */
  owner: Principal | undefined;
  /** Requests that are under way on it. */
  busyCount: number;
  /** Called when it is closed. */
  readonly onClosed: Set<() => void>;
}

type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>;

const peerName = ({ remoteAddress = '', remotePort = 0 }: Peer): string => `${remoteAddress} ${String(remotePort)}`;

/**
 * The connections to one door.
 *
 * A connection begins as a stranger's. When there are too many of those the oldest is closed: whoever means well has
 * shown who they are a moment after connecting, so sockets that only wait shut nobody out. It becomes its caller's with
 * the first request that is let in. When there are too many of those the longest idle is closed, and only where all are
 * busy a newcomer is refused.
 */
export class Connections {
  readonly #parts: ConnectionsParts;
  readonly #known: Quota;
  readonly #byPeer = new Map<string, Connection>();
  /** The oldest first. */
  readonly #strangers = new Set<Connection>();
  /** Known, with nothing under way; the longest idle first. */
  readonly #idle = new Set<Connection>();

  constructor(parts: ConnectionsParts) {
    this.#parts = parts;
    this.#known = new Quota({ what: 'connections', ...parts.known, onReached: parts.onReached });
  }

  get count(): number {
    return this.#byPeer.size;
  }

  /** Watches all that connect to a server from now on, also before their TLS handshake. */
  watch(server: Pick<Server, 'prependListener'>): void {
    // Before the server itself, which begins with a connection at once.
    server.prependListener('connection', (socket: Socket) => {
      this.#add(socket);
    });
  }

  /** The connection of a socket, or of what stands for it; nothing when it is closed. */
  of(peer: Peer): Connection | undefined {
    return this.#byPeer.get(peerName(peer));
  }

  /**
   * A request is let in; `end` must follow.
   *
   * @throws FrontDoorError RESOURCE_EXHAUSTED when too many are under way on this connection, and when there are too many
   * connections and the others are busy.
   */
  begin(connection: Connection, principal: Principal): void {
    const { onEach, onReached } = this.#parts;
    if (connection.busyCount >= onEach.max) throw limitReached('requests on one connection', onEach, onReached);
    if (connection.owner === undefined) this.#own(connection, principal);
    connection.busyCount++;
    this.#idle.delete(connection);
  }

  end(connection: Connection): void {
    connection.busyCount--;
    const isOpen = this.#byPeer.get(connection.peer) === connection;
    if (connection.busyCount === 0 && isOpen) this.#idle.add(connection);
  }

  #add(socket: Socket): void {
    const { strangers } = this.#parts;
    if (this.#strangers.size >= strangers.max) this.#closeFirst(this.#strangers, strangers);
    const { remoteAddress: address = '' } = socket;
    const connection: Connection = {
      peer: peerName(socket),
      address,
      socket,
      owner: undefined,
      busyCount: 0,
      onClosed: new Set(),
    };
    this.#byPeer.set(connection.peer, connection);
    this.#strangers.add(connection);
    socket.once('close', () => {
      this.#forget(connection);
    });
  }

  #own(connection: Connection, principal: Principal): void {
    const { ofAll } = this.#parts.known;
    if (this.#known.used >= ofAll.max) this.#closeFirst(this.#idle, ofAll);
    this.#known.take(principal);
    connection.owner = principal;
    this.#strangers.delete(connection);
  }

  #closeFirst(connections: ReadonlySet<Connection>, { variable }: Bound): void {
    const [first] = connections;
    if (first === undefined) return;
    this.#parts.onReached(variable);
    this.#forget(first);
    first.socket.destroy();
  }

  #forget(connection: Connection): void {
    if (this.#byPeer.get(connection.peer) !== connection) return;
    this.#byPeer.delete(connection.peer);
    this.#strangers.delete(connection);
    this.#idle.delete(connection);
    if (connection.owner !== undefined) this.#known.give(connection.owner);
    for (const tell of connection.onClosed) tell();
  }
}
