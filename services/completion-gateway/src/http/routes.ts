import type { FastifyRequest } from 'fastify';

/** Where deliveries arrive that are signed byte by byte, and whose content type is not. */
const webhookRoute = '/webhooks/:name';
const docsRoute = /^\/(?:docs(?:\/|$)|openapi\.)/;

export const isWebhook = ({ routeOptions }: FastifyRequest): boolean => routeOptions.url === webhookRoute;

/** Whether it asks for the API's own description. */
export const isDocs = ({ routeOptions }: FastifyRequest): boolean => docsRoute.test(routeOptions.url ?? '');
