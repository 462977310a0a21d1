import type { Principal, Role } from '../front-door/caller.ts';

/** A role in one namespace, or in every one (`*`). */
export interface Grant {
  readonly namespace: string;
  readonly role: Role;
}

/** Stands for every namespace, those that are yet to come included. */
export const everyNamespace = '*';

const ranks: Readonly<Record<Role, number>> = { reader: 1, worker: 2, writer: 3, admin: 4 };

/** Whether one of the grants is for this namespace and for at least this role: each role includes those before it. */
export const authorise = (grants: readonly Grant[], role: Role, namespace: string): boolean =>
  grants.some((grant) => isFor(grant, namespace) && ranks[grant.role] >= ranks[role]);

const isFor = ({ namespace: granted }: Grant, namespace: string): boolean =>
  granted === everyNamespace || granted === namespace;

/** Someone with these grants and no others. */
export const principalOf = (provedBy: Principal['provedBy'], name: string, grants: readonly Grant[]): Principal => ({
  name,
  provedBy,
  may: (role, namespace) => authorise(grants, role, namespace),
});
